import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Pool } from 'pg';
import type { StoredReport } from '../core/model/stored-report.js';
import { QUERY_POOL } from '../database/database-pools.js';
import { EventBus } from '../events/event-bus.js';
import { LayoutRegistry } from './layout-registry.js';
import { readValues, type ReportRow } from './report-row.js';

/** What the newest report of a monitor was, and the one before it. */
export interface LatestReport {
  readonly monitorId: string;
  /** When the newest one came, by the hub's clock, epoch milliseconds. */
  readonly receivedAt: number;
  readonly report: StoredReport;
  readonly previous: StoredReport | null;
}

interface LatestRow extends ReportRow {
  monitor_id: string;
  received_at: string;
  previous_at: string | null;
  previous_layout_id: number | null;
  previous_boot_id: string | null;
  previous_values: Buffer | null;
}

interface NewerRow extends ReportRow {
  monitor_id: string;
}

const WRITE_EVERY_MS = 10_000;

/** Rows that the table of latest reports does not know yet; on each way the two newest are enough. */
const findNewer = (table: 'report' | 'late_report'): string => `
  select monitor.id as monitor_id, newer.* from monitor
  left join monitor_latest latest on latest.monitor_id = monitor.id
  cross join lateral (
    select at, layout_id, boot_id, interval_ms, "values" from ${table}
    where ${table}.monitor_id = monitor.id and at > coalesce(latest.previous_at, -1) and at <> coalesce(latest.at, -1)
    order by at desc limit 2
  ) newer`;

const WRITE = `
  insert into monitor_latest as known
    (monitor_id, at, received_at, layout_id, boot_id, interval_ms, "values",
     previous_at, previous_layout_id, previous_boot_id, previous_values)
  select latest.* from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::int[], $5::text[], $6::int[], $7::bytea[],
                              $8::bigint[], $9::int[], $10::text[], $11::bytea[])
    as latest (monitor_id, at, received_at, layout_id, boot_id, interval_ms, "values",
               previous_at, previous_layout_id, previous_boot_id, previous_values)
  where exists (select from monitor where id = latest.monitor_id)
  order by latest.monitor_id
  on conflict (monitor_id) do update set
    (at, received_at, layout_id, boot_id, interval_ms, "values",
     previous_at, previous_layout_id, previous_boot_id, previous_values)
    = (excluded.at, excluded.received_at, excluded.layout_id, excluded.boot_id, excluded.interval_ms, excluded."values",
       excluded.previous_at, excluded.previous_layout_id, excluded.previous_boot_id, excluded.previous_values)
  where (excluded.at, coalesce(excluded.previous_at, -1)) >= (known.at, coalesce(known.previous_at, -1))`;

/**
 * The two newest reports of every monitor, in memory: whoever asks for the latest values costs no query, and a
 * report that is newer than these is known to be new. The table beside it is written behind the report path, and
 * made whole at each start from the reports themselves, so that a kill loses nothing.
 */
@Injectable()
export class LatestReports implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(LatestReports.name);
  private readonly known = new Map<string, LatestReport>();
  private unwritten = new Set<string>();
  private writing: Promise<void> | undefined;

  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly layouts: LayoutRegistry,
    events: EventBus,
  ) {
    events.on('monitor.deleted', ({ monitorId }) => {
      this.known.delete(monitorId);
      this.unwritten.delete(monitorId);
    });
  }

  async onModuleInit(): Promise<void> {
    const { rows } = await this.pool.query<LatestRow>('select * from monitor_latest');
    const ids = rows.flatMap((row) => [row.layout_id, row.previous_layout_id ?? row.layout_id]);
    const layouts = await this.layouts.load(ids);
    for (const row of rows) {
      const report = toReport(row, layouts.get(row.layout_id)!);
      const previous =
        row.previous_at === null ? null : toPrevious(row, layouts.get(row.previous_layout_id!)!);
      const { monitor_id: monitorId, received_at: receivedAt } = row;
      this.known.set(monitorId, { monitorId, receivedAt: Number(receivedAt), report, previous });
    }
    await this.catchUp();
  }

  /** Learns of reports that were committed without being noted: before a kill, by a statement that was given up, by another hub. */
  async catchUp(): Promise<void> {
    for (const table of ['report', 'late_report'] as const) await this.noteNewer(table);
  }

  /** Whether a report of this instant cannot have come before. */
  isNewer(monitorId: string, at: number): boolean {
    const known = this.known.get(monitorId);
    return !known || at > known.report.at;
  }

  /**
   * Notes a report that was committed.
   * @returns whether it is now its monitor's newest
   */
  note(monitorId: string, report: StoredReport, receivedAt: number): boolean {
    const known = this.known.get(monitorId);
    if (!known || report.at > known.report.at) {
      this.known.set(monitorId, { monitorId, receivedAt, report, previous: known?.report ?? null });
    } else if (report.at < known.report.at && (!known.previous || report.at > known.previous.at)) {
      this.known.set(monitorId, { ...known, previous: report });
    } else return false;
    this.unwritten.add(monitorId);
    return this.known.get(monitorId)!.report === report;
  }

  /** The newest report of each of these monitors that has one. */
  async readLatest(monitorIds: readonly string[]): Promise<LatestReport[]> {
    const found = [...new Set(monitorIds)].map((monitorId) => this.known.get(monitorId));
    return found.filter((latest) => latest !== undefined);
  }

  /** When each monitor was last heard of, by the hub's clock, epoch milliseconds, and the interval it keeps. */
  async readLastReceived(): Promise<
    { monitorId: string; at: number; receivedAt: number; intervalMs: number }[]
  > {
    return Array.from(this.known.values(), ({ monitorId, receivedAt, report: { at, intervalMs } }) => {
      return { monitorId, at, receivedAt, intervalMs };
    });
  }

  /** Writes down what has changed since the last time; what fails is written the next time. */
  @Interval(WRITE_EVERY_MS)
  async write(): Promise<void> {
    await this.writing;
    this.writing = this.writeDown().finally(() => (this.writing = undefined));
    await this.writing;
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.write();
  }

  private async writeDown(): Promise<void> {
    const unwritten = this.unwritten;
    if (unwritten.size === 0) return;
    this.unwritten = new Set();
    const rows = [...unwritten].map((monitorId) => this.known.get(monitorId)!);
    try {
      await this.pool.query({ name: 'write-latest', text: WRITE, values: toColumns(rows) });
    } catch (error) {
      for (const { monitorId } of rows) if (this.known.has(monitorId)) this.unwritten.add(monitorId);
      this.logger.warn(`latest reports were not written, and are in a moment: ${(error as Error).message}`);
    }
  }

  /** Reports that were committed after the table of latest ones was last written. */
  private async noteNewer(table: 'report' | 'late_report'): Promise<void> {
    const { rows } = await this.pool.query<NewerRow>(findNewer(table));
    const layouts = await this.layouts.load(rows.map((row) => row.layout_id));
    const now = Date.now();
    for (const row of rows) {
      const report = toReport(row, layouts.get(row.layout_id)!);
      const heardAt = this.known.get(row.monitor_id)?.receivedAt ?? 0;
      // When it came, nobody has written down: when it was measured is as good, but never later than now.
      this.note(row.monitor_id, report, Math.max(heardAt, Math.min(report.at, now)));
    }
  }
}

function toReport(row: ReportRow, layout: StoredReport['layout']): StoredReport {
  const { at, boot_id: bootId, interval_ms: intervalMs } = row;
  return { at: Number(at), bootId, intervalMs, layout, values: readValues(row.values) };
}

function toPrevious(row: LatestRow, layout: StoredReport['layout']): StoredReport {
  const { previous_at: at, previous_boot_id: bootId, interval_ms: intervalMs } = row;
  return { at: Number(at), bootId, intervalMs, layout, values: readValues(row.previous_values!) };
}

function toColumns(rows: readonly LatestReport[]): unknown[][] {
  const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array): Buffer =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
  const reports = rows.map(({ report }) => report);
  const previous = rows.map((row) => row.previous);
  return [
    rows.map(({ monitorId }) => monitorId),
    reports.map(({ at }) => at),
    rows.map(({ receivedAt }) => receivedAt),
    reports.map(({ layout }) => layout.id),
    reports.map(({ bootId }) => bootId || null),
    reports.map(({ intervalMs }) => intervalMs),
    reports.map(({ values }) => bytesOf(values)),
    previous.map((report) => report?.at ?? null),
    previous.map((report) => report?.layout.id ?? null),
    previous.map((report) => report?.bootId || null),
    previous.map((report) => report && bytesOf(report.values)),
  ];
}
