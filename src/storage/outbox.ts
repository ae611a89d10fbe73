import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import type { StoredReport } from '../core/model/stored-report.js';
import { QUERY_POOL } from '../database/database-pools.js';
import { LayoutRegistry } from './layout-registry.js';
import { readValues, type ReportRow } from './report-row.js';

/** A report that waits to be sent on. */
export interface OutboxItem {
  readonly report: StoredReport;
  /** Ids of the hubs that it came through, with commas. */
  readonly via: string;
  /** Epoch milliseconds. */
  readonly queuedAt: number;
}

/** What waits of one monitor. */
export interface OutboxSize {
  readonly count: number;
  /** Of the values. */
  readonly bytes: number;
  /** When the oldest of it was put in, epoch milliseconds; null when nothing waits. */
  readonly oldestQueuedAt: number | null;
}

/** What one statement lets go at most: some milliseconds of a core that the reports that come in want too. */
const MAX_TRIMMED = 200;

const SIZE = `count(*)::int as count, coalesce(sum(octet_length("values")), 0)::float8 as bytes,
  (extract(epoch from min(queued_at)) * 1000)::float8 as "oldestQueuedAt"`;

/** Reports that wait to be sent on, filled by the statement that stores them (`store-statement.ts`). */
@Injectable()
export class Outbox {
  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly layouts: LayoutRegistry,
  ) {}

  /** What waits, by monitor. */
  async measureAll(): Promise<Map<string, OutboxSize>> {
    const { rows } = await this.pool.query<OutboxSize & { id: string }>(
      `select monitor_id as id, ${SIZE} from outbox group by monitor_id`,
    );
    return new Map(rows.map(({ id, ...size }) => [id, size]));
  }

  async measure(monitorId: string): Promise<OutboxSize> {
    const { rows } = await this.pool.query<OutboxSize>(`select ${SIZE} from outbox where monitor_id = $1`, [
      monitorId,
    ]);
    return rows[0]!;
  }

  /** The oldest that wait, by their own instants. */
  async read(monitorId: string, most: number): Promise<OutboxItem[]> {
    const { rows } = await this.pool.query<ReportRow & { via: string; queued_at: number }>(
      `select at, layout_id, boot_id, interval_ms, "values", via,
              (extract(epoch from queued_at) * 1000)::float8 as queued_at
       from outbox where monitor_id = $1 order by at limit $2`,
      [monitorId, most],
    );
    const layouts = await this.layouts.load(rows.map((row) => row.layout_id));
    return rows.map((row) => ({
      via: row.via,
      queuedAt: row.queued_at,
      report: {
        at: Number(row.at),
        bootId: row.boot_id,
        intervalMs: row.interval_ms,
        layout: layouts.get(row.layout_id)!,
        values: readValues(row.values),
      },
    }));
  }

  /**
   * Takes out what was sent or refused, and notes it, in one commit.
   * @param ats instants of the reports
   * @param dropped how many of them the far side did not take
   * @returns what that was: some may have been let go meanwhile
   */
  async settle(
    monitorId: string,
    ats: readonly number[],
    dropped: number,
    isSent: boolean,
  ): Promise<{ count: number; bytes: number }> {
    const { rows } = await this.pool.query<{ count: number; bytes: number }>(
      `with gone as (
         delete from outbox where monitor_id = $1 and at = any($2::bigint[]) returning octet_length("values") as size
       ), noted as (
       insert into forwarding (monitor_id, last_sent_at, dropped)
       select id, case when $4 then now() end, $3 from monitor where id = $1
       on conflict (monitor_id) do update set
         last_sent_at = coalesce(excluded.last_sent_at, forwarding.last_sent_at),
         dropped = forwarding.dropped + excluded.dropped
       ) select count(*)::int as count, coalesce(sum(size), 0)::float8 as bytes from gone`,
      [monitorId, ats, dropped, isSent],
    );
    return rows[0]!;
  }

  /**
   * Lets the oldest go, and counts them, in one commit: so many reports, and more until so many bytes are gone.
   * Reads those alone, however many wait.
   * @returns what that was; at most `MAX_TRIMMED` at a time
   */
  async trim(
    monitorId: string,
    reports: number,
    bytes: number,
  ): Promise<{ count: number; bytes: number; newestQueuedAt: number | null }> {
    const most = bytes > 0 ? MAX_TRIMMED : Math.min(reports, MAX_TRIMMED);
    const { rows } = await this.pool.query<{ count: number; bytes: number; newestQueuedAt: number | null }>(
      `with oldest as (
         select at, octet_length("values") as size from outbox where monitor_id = $1 order by at limit $2
       ), ranked as (
         select at, row_number() over oldest_first as rank, sum(size) over oldest_first - size as bytes_before
         from oldest window oldest_first as (order by at)
       ), gone as (
         delete from outbox where monitor_id = $1
           and at in (select at from ranked where rank <= $3 or bytes_before < $4)
         returning octet_length("values") as size, queued_at
       ), noted as (
         insert into forwarding (monitor_id, dropped)
         select id, (select count(*) from gone) from monitor where id = $1
         on conflict (monitor_id) do update set dropped = forwarding.dropped + excluded.dropped
       ) select count(*)::int as count, coalesce(sum(size), 0)::float8 as bytes,
           (extract(epoch from max(queued_at)) * 1000)::float8 as "newestQueuedAt" from gone`,
      [monitorId, most, reports, bytes],
    );
    return rows[0]!;
  }

  /** Deletes what waits, and what was noted, of a monitor that sends nothing on any more. */
  async clear(monitorId: string): Promise<void> {
    await this.pool.query(
      `with state as (delete from forwarding where monitor_id = $1 and ${HAS_NO_ENDPOINT('$1')})
       delete from outbox where monitor_id = $1 and ${HAS_NO_ENDPOINT('$1')}`,
      [monitorId],
    );
  }

  /** The same for every monitor: what a stop or a kill cut short. */
  async clearOrphans(): Promise<void> {
    await this.pool.query(`delete from outbox where ${HAS_NO_ENDPOINT('outbox.monitor_id')}`);
    await this.pool.query(`delete from forwarding where ${HAS_NO_ENDPOINT('forwarding.monitor_id')}`);
  }
}

/** As the settings are now: they may have been set again meanwhile. */
const HAS_NO_ENDPOINT = (id: string): string =>
  `not exists (select from monitor where monitor.id = ${id} and endpoint_url is not null)`;
