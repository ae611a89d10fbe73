import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import type { Layout } from '../core/model/layout.js';
import type { StoredReport } from '../core/model/stored-report.js';
import { QUERY_POOL } from '../database/database-pools.js';
import { LayoutRegistry } from './layout-registry.js';

const PAGE_REPORTS = 5_000;

/** What the newest report of a monitor was, and the one before it. */
export interface LatestReport {
  readonly monitorId: string;
  readonly receivedAt: number;
  readonly report: StoredReport;
  readonly previous: StoredReport | null;
}

interface ReportRow {
  at: string;
  layout_id: number;
  boot_id: string | null;
  interval_ms: number;
  values: Buffer;
}

interface LatestRow extends ReportRow {
  monitor_id: string;
  received_at: string;
  previous_at: string | null;
  previous_layout_id: number | null;
  previous_boot_id: string | null;
  previous_values: Buffer | null;
}

/** Reads reports back, whole. */
@Injectable()
export class ReportReader {
  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly layouts: LayoutRegistry,
  ) {}

  /**
   * Reports of one monitor from `fromAt` to `toAt` (both included, epoch milliseconds), in time order,
   * each instant once; at most `limit`, the oldest ones.
   */
  async readRange(monitorId: string, fromAt: number, toAt: number, limit?: number): Promise<StoredReport[]> {
    const { rows } = await this.pool.query<ReportRow>({
      name: 'read-range',
      text: `select at, layout_id, boot_id, interval_ms, "values" from report
             where monitor_id = $1 and at between $2 and $3
             union all
             select at, layout_id, boot_id, interval_ms, "values" from late_report
             where monitor_id = $1 and at between $2 and $3
             order by at limit $4`,
      values: [monitorId, fromAt, toAt, limit ?? null],
    });
    // A clock that was set back while a report was resent may have led it in on both ways.
    return this.decode(rows.filter((row, index) => row.at !== rows[index - 1]?.at));
  }

  /** The same, some thousand reports at a time: what a long range needs in memory does not grow with it. */
  async *readPages(monitorId: string, fromAt: number, toAt: number): AsyncGenerator<StoredReport[]> {
    for (let from = fromAt; from <= toAt;) {
      const page = await this.readRange(monitorId, from, toAt, PAGE_REPORTS);
      if (page.length > 0) yield page;
      // An instant that stood there twice makes a full page shorter by one, hardly by more.
      if (page.length < PAGE_REPORTS / 2) return;
      from = page.at(-1)!.at + 1;
    }
  }

  /** The newest report of each of these monitors that has one: one row a monitor, no scan. */
  async readLatest(monitorIds: readonly string[]): Promise<LatestReport[]> {
    const { rows } = await this.pool.query<LatestRow>({
      name: 'read-latest',
      text: 'select * from monitor_latest where monitor_id = any($1::uuid[])',
      values: [monitorIds],
    });
    const ids = rows.flatMap((row) => [row.layout_id, row.previous_layout_id ?? row.layout_id]);
    const layouts = await this.layouts.load(ids);
    return rows.map((row) => ({
      monitorId: row.monitor_id,
      receivedAt: Number(row.received_at),
      report: {
        at: Number(row.at),
        bootId: row.boot_id,
        intervalMs: row.interval_ms,
        layout: layouts.get(row.layout_id)!,
        values: readValues(row.values),
      },
      previous:
        row.previous_at === null
          ? null
          : {
              at: Number(row.previous_at),
              bootId: row.previous_boot_id,
              intervalMs: row.interval_ms,
              layout: layouts.get(row.previous_layout_id!)!,
              values: readValues(row.previous_values!),
            },
    }));
  }

  /** When each monitor was last heard of, by the hub's clock, epoch milliseconds, and the interval it keeps. */
  async readLastReceived(): Promise<
    { monitorId: string; at: number; receivedAt: number; intervalMs: number }[]
  > {
    const { rows } = await this.pool.query<{
      monitor_id: string;
      at: string;
      received_at: string;
      interval_ms: number;
    }>('select monitor_id, at, received_at, interval_ms from monitor_latest');
    return rows.map((row) => ({
      monitorId: row.monitor_id,
      at: Number(row.at),
      receivedAt: Number(row.received_at),
      intervalMs: row.interval_ms,
    }));
  }

  /** The layouts that the reports of each of these monitors since `fromAt` have had, by monitor. */
  async readLayouts(monitorIds: readonly string[], fromAt: number): Promise<Map<string, Layout[]>> {
    const { rows } = await this.pool.query<{ monitor_id: string; layout_id: number }>(
      `select distinct monitor_id, layout_id from (
         select monitor_id, layout_id from report where monitor_id = any($1::uuid[]) and at >= $2
         union all select monitor_id, layout_id from monitor_latest where monitor_id = any($1::uuid[])) as seen`,
      [monitorIds, fromAt],
    );
    const layouts = await this.layouts.load(rows.map((row) => row.layout_id));
    const byMonitor = new Map(monitorIds.map((id): [string, Layout[]] => [id, []]));
    for (const row of rows) byMonitor.get(row.monitor_id)!.push(layouts.get(row.layout_id)!);
    return byMonitor;
  }

  private async decode(rows: readonly ReportRow[]): Promise<StoredReport[]> {
    const layouts = await this.layouts.load(rows.map((row) => row.layout_id));
    return rows.map((row) => ({
      at: Number(row.at),
      bootId: row.boot_id,
      intervalMs: row.interval_ms,
      layout: layouts.get(row.layout_id)!,
      values: readValues(row.values),
    }));
  }
}

/** Copied, because the driver's buffers are neither aligned nor its own. */
function readValues(bytes: Buffer): Float64Array {
  const values = new Float64Array(bytes.byteLength / 8);
  new Uint8Array(values.buffer).set(bytes);
  return values;
}
