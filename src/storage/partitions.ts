import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Pool } from 'pg';
import { reach } from '../common/step.js';
import { MAX_REPORT_LEAD_MS } from '../core/model/limits.js';
import { QUERY_POOL } from '../database/database-pools.js';
import { dropPartition } from './drop-partition.js';
import { LATE_AFTER_MS, PARTITION_SPAN_MS } from './hot-window.js';

const KEEP_AHEAD_MS = 2 * PARTITION_SPAN_MS;
const UPKEEP_EVERY_MS = 15 * 60_000;

/**
 * Hot partitions exist before a report needs them, and leave when their reports are in blocks.
 * A partition is named by its first millisecond: `report_1795348800000`.
 */
@Injectable()
export class Partitions implements OnModuleInit {
  private readonly logger = new Logger(Partitions.name);

  constructor(@Inject(QUERY_POOL) private readonly pool: Pool) {}

  async onModuleInit(): Promise<void> {
    await this.keepAhead();
  }

  @Interval(UPKEEP_EVERY_MS)
  async upkeep(): Promise<void> {
    try {
      await this.keepAhead();
    } catch (error) {
      // The next round tries again; until then a report without a partition makes its own.
      this.logger.error(`upkeep of report partitions failed: ${(error as Error).message}`);
    }
  }

  /** Makes the partitions that hold the instants from `fromAt` to `toAt`, epoch milliseconds. */
  async ensure(fromAt: number, toAt: number): Promise<void> {
    // A clock that stands at 1970 reaches below zero; no report does.
    const first = Math.max(0, Math.floor(fromAt / PARTITION_SPAN_MS) * PARTITION_SPAN_MS);
    for (let start = first; start <= toAt; start += PARTITION_SPAN_MS) {
      await this.pool.query('select make_report_partition($1)', [start]);
    }
  }

  /** Drops the partitions before this instant whose every report is in a block. Nothing may be on its way into them. */
  async dropSealed(before: number): Promise<void> {
    for (const start of await this.list()) {
      if (start + PARTITION_SPAN_MS > before) return;
      const { rows } = await this.pool.query<{ has_unsealed: boolean }>(
        `select exists (
           select from report left join seal_mark using (monitor_id)
           where at >= ${start} and at < ${start + PARTITION_SPAN_MS} and at >= coalesce(raw_until, 0)
         ) as has_unsealed`,
      );
      reach('partition.checked');
      if (rows[0]!.has_unsealed) continue;
      await dropPartition(this.pool, 'drop_report_partition', start);
      reach('partition.dropped');
    }
  }

  /** Removes what is older: whole partitions, and late reports row by row. */
  async dropExpired(before: number): Promise<void> {
    for (const start of await this.list()) {
      if (start + PARTITION_SPAN_MS <= before) await dropPartition(this.pool, 'drop_report_partition', start);
    }
    await this.pool.query('delete from late_report where at < $1', [before]);
  }

  /** First milliseconds of the partitions that exist, ascending. */
  async list(): Promise<number[]> {
    const { rows } = await this.pool.query<{ start: string }>(
      `select substring(child.relname from '^report_(\\d+)$') as start
       from pg_inherits join pg_class child on child.oid = inhrelid
       where inhparent = 'report'::regclass`,
    );
    return rows.map((row) => Number(row.start)).sort((a, b) => a - b);
  }

  private async keepAhead(): Promise<void> {
    const now = Date.now();
    await this.ensure(now - LATE_AFTER_MS, now + Math.max(MAX_REPORT_LEAD_MS, KEEP_AHEAD_MS));
  }
}
