import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { QUERY_POOL } from '../database/database-pools.js';
import { GroupCommit } from './group-commit.js';
import { SealedReports } from './sealed-reports.js';

/**
 * Makes sure that no report that was judged fresh a while ago is still on its way into a hot partition, when that
 * is about to be sealed or dropped. Usually it takes milliseconds; but a machine that was suspended, or a Postgres
 * that stood still, goes on hours later with what it had begun.
 */
@Injectable()
export class WriteBarrier {
  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly sealed: SealedReports,
    private readonly groupCommit: GroupCommit,
  ) {}

  /**
   * From now on no report from before this instant gets in by the fresh way, whatever the clock does; waits for
   * what this hub is storing.
   * @param abandonedAfterMs a write of this age was given up here
   * @returns false where Postgres is still at such a write: ask again later
   */
  async close(before: number, abandonedAfterMs = 60_000): Promise<boolean> {
    this.sealed.takeAsLate(before);
    await this.groupCommit.drain();
    const { rows } = await this.pool.query<{ is_busy: boolean }>(
      `select exists (
         select from pg_stat_activity
         where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
           and backend_xid is not null and xact_start < clock_timestamp() - $1 * interval '1 millisecond'
       ) as is_busy`,
      [abandonedAfterMs],
    );
    return !rows[0]!.is_busy;
  }
}
