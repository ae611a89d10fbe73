import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Pool } from 'pg';
import { QUERY_POOL } from '../database/database-pools.js';

/** One probe of an index a layout and partition: `limit` keeps Postgres from reading whole tables instead. */
const FIND_LAYOUTS_OF_NOTHING = `
  select id from layout
  where (select true from block where layout_id = id limit 1) is null
    and not exists (select from monitor_layout where layout_id = id)
    and not exists (select from outbox where layout_id = id)
    and not exists (select from monitor_latest where layout_id = id or previous_layout_id = id)`;

const DELETE_UNUSED = `
  delete from layout where id = any($1::int[])
    and not exists (select from report where layout_id = id)
    and not exists (select from late_report where layout_id = id)`;

/**
 * Deletes the layouts that no sample refers to any more. Only at the start, before a report can come in: later a
 * layout that no row names may be in the memory of this hub, and the next report be written with it.
 */
@Injectable()
export class UnusedLayouts implements OnModuleInit {
  private readonly logger = new Logger(UnusedLayouts.name);

  constructor(@Inject(QUERY_POOL) private readonly pool: Pool) {}

  async onModuleInit(): Promise<void> {
    try {
      const { rows } = await this.pool.query<{ id: number }>(FIND_LAYOUTS_OF_NOTHING);
      if (rows.length === 0) return;
      const { rowCount } = await this.pool.query(DELETE_UNUSED, [rows.map(({ id }) => id)]);
      if (rowCount) this.logger.log(`${rowCount} layouts that no sample uses any more were deleted`);
    } catch (error) {
      // They cost room, nothing else.
      this.logger.warn(`unused layouts stay until the next start: ${(error as Error).message}`);
    }
  }
}
