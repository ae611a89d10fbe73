import { Inject, Injectable } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import type { SealWindow } from '../core/blocks/seal-window.js';
import type { Layout } from '../core/model/layout.js';
import type { StoredReport } from '../core/model/stored-report.js';
import { TIERS } from '../core/blocks/tiers.js';
import { QUERY_POOL } from '../database/database-pools.js';
import { BlockContent } from './block-content.js';
import { LayoutRegistry } from './layout-registry.js';
import {
  GROUPED_ATS,
  GROUPED_VALUES,
  listReports,
  type ReportGroupRow,
  toReportGroup,
} from './report-groups.js';
import { readValues, type ReportRow } from './report-row.js';

/** A page holds at most this much time: 21,600 reports where one comes each second. */
const PAGE_MS = 6 * 3_600_000;

interface RangeRow extends ReportRow {
  is_block: boolean;
}

const LATE_OF_WINDOW = `select at, layout_id, boot_id, interval_ms, "values" from late_report
                        where monitor_id = $1 and at >= $2 and at < $3`;
const UNSEALED_OF_WINDOW = `select at, layout_id, boot_id, interval_ms, "values" from report
                            where monitor_id = $1 and at >= $2 and at < $3
                            union all ${LATE_OF_WINDOW}`;
const READ_LATE = groupReports(LATE_OF_WINDOW);
const READ_UNSEALED = groupReports(UNSEALED_OF_WINDOW);

/** Sealed or late. `start` is bounded for the index, by the longest block of each tier. */
const SEALED_LAYOUTS = `
  union all select monitor_id, layout_id from late_report where monitor_id = any($1::uuid[]) and at >= $2
  ${TIERS.map(
    ({ tier, blockMs }) => `
  union all select monitor_id, layout_id from block
  where monitor_id = any($1::uuid[]) and tier = ${tier} and start > $2::bigint - ${blockMs} and until > $2`,
  ).join('')}`;

function groupReports(reports: string): string {
  return `select layout_id, boot_id, interval_ms,
                 encode(${GROUPED_ATS}, 'base64') as ats, encode(${GROUPED_VALUES}, 'base64') as hot_values
          from (${reports}) as one group by layout_id, boot_id, interval_ms`;
}

/** Reads reports back, whole. */
@Injectable()
export class ReportReader {
  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly layouts: LayoutRegistry,
    private readonly content: BlockContent,
  ) {}

  /**
   * Reports of one monitor from `fromAt` to `toAt` (both included, epoch milliseconds), in time order,
   * each instant once; at most `limit`, the oldest ones.
   * One statement, so that a seal in between is seen whole or not at all.
   */
  async readRange(
    monitorId: string,
    fromAt: number,
    toAt: number,
    limit = Infinity,
  ): Promise<StoredReport[]> {
    const { rows } = await this.pool.query<RangeRow>({
      name: 'read-range',
      text: `select false as is_block, at, layout_id, boot_id, interval_ms, "values" from report
             where monitor_id = $1 and at between $2 and $3
               and at >= coalesce((select raw_until from seal_mark where monitor_id = $1), 0)
             union all
             select false, at, layout_id, boot_id, interval_ms, "values" from late_report
             where monitor_id = $1 and at between $2 and $3
             union all
             select true, start, layout_id, null, 0, bytes from block
             where monitor_id = $1 and tier = 0 and start <= $3 and start > $2::bigint - ${TIERS[0].blockMs} and until > $2
             order by at limit $4`,
      // A block stands for many reports, but the first and the last may have none within the range.
      values: [monitorId, fromAt, toAt, limit === Infinity ? null : limit + 2],
    });
    const blocks = rows.filter((row) => row.is_block);
    const plain = rows.filter((row) => !row.is_block);
    const sealed = await this.openBlocks(monitorId, blocks, fromAt, toAt);
    const reports = [...sealed, ...(await this.decodeRows(plain))].sort((a, b) => a.at - b.at);
    // A clock that was set back while a report was resent may have led it in on both ways.
    return reports.filter((report, index) => report.at !== reports[index - 1]?.at).slice(0, limit);
  }

  /** The same, some hours at a time: what a long range needs in memory does not grow with it. */
  async *readPages(monitorId: string, fromAt: number, toAt: number): AsyncGenerator<StoredReport[]> {
    const oldestAt = Date.now() - TIERS[0].retentionMs - TIERS[0].blockMs;
    for (let from = Math.max(fromAt, oldestAt); from <= toAt; from += PAGE_MS) {
      const page = await this.readRange(monitorId, from, Math.min(from + PAGE_MS - 1, toAt));
      if (page.length > 0) yield page;
    }
  }

  /** The instant of the oldest report that no block holds, or null. */
  async readFirstUnsealedAt(monitorId: string, sealedUntil: number | null): Promise<number | null> {
    const { rows } = await this.pool.query<{ at: string | null }>({
      name: 'read-first-unsealed',
      text: `select least((select min(at) from report where monitor_id = $1 and at >= $2),
                          (select min(at) from late_report where monitor_id = $1 and at >= $2)) as at`,
      values: [monitorId, sealedUntil ?? 0],
    });
    const at = rows[0]?.at ?? null;
    return at === null ? null : Number(at);
  }

  /** Reports of a window that is about to be sealed, in the sealer's transaction. */
  readUnsealed(client: PoolClient, monitorId: string, window: SealWindow): Promise<StoredReport[]> {
    return this.readGrouped(client, 'read-unsealed', READ_UNSEALED, monitorId, window);
  }

  /** Late reports of a window, in time order. */
  readLate(client: PoolClient, monitorId: string, window: SealWindow): Promise<StoredReport[]> {
    return this.readGrouped(client, 'read-late', READ_LATE, monitorId, window);
  }

  /**
   * The layouts that the reports of each of these monitors since `fromAt` have had, by monitor.
   * @param hasSealed also those of sealed samples, of whatever tier; one of a block that began before counts too
   */
  async readLayouts(
    monitorIds: readonly string[],
    fromAt: number,
    hasSealed = false,
  ): Promise<Map<string, Layout[]>> {
    const { rows } = await this.pool.query<{ monitor_id: string; layout_id: number }>(
      `select distinct monitor_id, layout_id from (
         select monitor_id, layout_id from report where monitor_id = any($1::uuid[]) and at >= $2
         union all select monitor_id, layout_id from monitor_latest where monitor_id = any($1::uuid[])
         ${hasSealed ? SEALED_LAYOUTS : ''}) as seen`,
      [monitorIds, fromAt],
    );
    const layouts = await this.layouts.load(rows.map((row) => row.layout_id));
    const byMonitor = new Map(monitorIds.map((id): [string, Layout[]] => [id, []]));
    for (const row of rows) byMonitor.get(row.monitor_id)!.push(layouts.get(row.layout_id)!);
    return byMonitor;
  }

  private async openBlocks(
    monitorId: string,
    rows: readonly RangeRow[],
    fromAt: number,
    toAt: number,
  ): Promise<StoredReport[]> {
    const blocks = rows.map((row) => ({
      tier: 0,
      start: Number(row.at),
      until: Infinity,
      layoutId: row.layout_id,
      bytes: row.values,
    }));
    const opened = await this.content.openRaw(monitorId, blocks);
    return opened
      .flatMap((block) => this.content.toReports(block))
      .filter((report) => report.at >= fromAt && report.at <= toAt);
  }

  private async readGrouped(
    client: PoolClient,
    name: string,
    text: string,
    monitorId: string,
    { start, until }: SealWindow,
  ): Promise<StoredReport[]> {
    const { rows } = await client.query<ReportGroupRow>({ name, text, values: [monitorId, start, until] });
    const groups = rows.map(toReportGroup);
    return listReports(groups, await this.layouts.load(groups.map(({ layoutId }) => layoutId)));
  }

  /** Hot or late rows as reports. */
  async decodeRows(rows: readonly ReportRow[]): Promise<StoredReport[]> {
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
