import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { QUERY_POOL } from '../database/database-pools.js';

/** Several scrapers, or an impatient one, are one statement. */
const BELIEVED_MS = 2_000;

/** What only the database knows; undefined members where it did not answer. */
export interface Figures {
  readonly isUp: boolean;
  readonly lateReports?: number;
  /** The instant (epoch ms) until which the monitor that is furthest behind is sealed; null: none has anything to seal. */
  readonly sealedUntil?: number | null;
  readonly databaseBytes?: number;
  readonly hotBytes?: number;
  /** On disk, by tier. */
  readonly blockBytes?: Readonly<Record<string, number>>;
}

interface Row {
  late_reports: number;
  sealed_until: number | null;
  database_bytes: number;
  hot_bytes: number;
  block_bytes: Record<string, number> | null;
}

const PARTITION_BYTES = `
  select relname, pg_total_relation_size(child.oid) as bytes
  from pg_inherits join pg_class child on child.oid = inhrelid`;

/** Reads the figures of the hub's tables: no scan of samples, sizes as the file system has them. */
@Injectable()
export class DatabaseFigures {
  private readAt = -Infinity;
  private reading: Promise<Figures> = Promise.resolve({ isUp: false });

  constructor(@Inject(QUERY_POOL) private readonly pool: Pool) {}

  read(): Promise<Figures> {
    const now = performance.now();
    if (now - this.readAt >= BELIEVED_MS) {
      this.readAt = now;
      this.reading = this.ask().catch(() => ({ isUp: false }));
    }
    return this.reading;
  }

  private async ask(): Promise<Figures> {
    const { rows } = await this.pool.query<Row>(
      `select
         (select count(*) from late_report)::float8 as late_reports,
         (select min(raw_until) from seal_mark join monitor_latest latest using (monitor_id)
          where latest.at >= raw_until)::float8 as sealed_until,
         pg_database_size(current_database())::float8 as database_bytes,
         (select coalesce(sum(bytes), 0) from (${PARTITION_BYTES} where inhparent = 'report'::regclass) hot)::float8
           as hot_bytes,
         (select json_object_agg(tier, bytes) from
           (select substring(relname from '^block_(\\d)_') as tier, sum(bytes) as bytes
            from (${PARTITION_BYTES} where inhparent = 'block'::regclass) sealed group by 1) by_tier) as block_bytes`,
    );
    const row = rows[0]!;
    return {
      isUp: true,
      lateReports: row.late_reports,
      sealedUntil: row.sealed_until,
      databaseBytes: row.database_bytes,
      hotBytes: row.hot_bytes,
      blockBytes: row.block_bytes ?? {},
    };
  }
}
