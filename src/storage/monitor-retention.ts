import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { applyRetention, retentionMsOf, type RetentionDays } from '../core/blocks/retention.js';
import { TIERS } from '../core/blocks/tiers.js';
import { QUERY_POOL } from '../database/database-pools.js';

/** Blocks that one statement deletes: short enough to hold up nobody. */
const BLOCKS_A_STATEMENT = 500;
/** What one round deletes at most; the next one goes on. */
const STATEMENTS_A_ROUND = 400;

/** What the blocks of one tier of a monitor take. */
export interface TierSize {
  readonly tier: number;
  /** With what each row takes beside its bytes. */
  readonly bytes: number;
  /** Epoch milliseconds. */
  readonly fromAt: number;
  readonly untilAt: number;
}

/** A row's header, its other columns, and its place in the index. */
const ROW_OVERHEAD_BYTES = 150;

/** Lets the blocks of monitors go that keep less than the hub does; what nobody keeps leaves by partition, elsewhere. */
@Injectable()
export class MonitorRetention {
  constructor(@Inject(QUERY_POOL) private readonly pool: Pool) {}

  async deleteExpired(now: number, hub: RetentionDays): Promise<void> {
    const { rows } = await this.pool.query<{ id: string; retention: Partial<RetentionDays> }>(
      `select id, retention from monitor where retention <> '{}'`,
    );
    let left = STATEMENTS_A_ROUND;
    for (const { id, retention } of rows) {
      const own = applyRetention(retention, hub);
      for (const { tier } of TIERS) {
        const keptMs = retentionMsOf(own, tier);
        if (keptMs === retentionMsOf(hub, tier)) continue;
        left -= await this.deleteBefore(id, tier, now - keptMs, left);
        if (left <= 0) return;
      }
    }
  }

  /** What each tier of a monitor takes now; tiers without a block are missing. */
  async measure(monitorId: string): Promise<TierSize[]> {
    const { rows } = await this.pool.query<{
      tier: number;
      bytes: number;
      from_at: number;
      until_at: number;
    }>(
      `select tier, sum(octet_length(bytes) + $2)::float8 as bytes,
              min(start)::float8 as from_at, max(until)::float8 as until_at
       from block where monitor_id = $1 group by tier order by tier`,
      [monitorId, ROW_OVERHEAD_BYTES],
    );
    return rows.map((row) => ({
      tier: row.tier,
      bytes: row.bytes,
      fromAt: row.from_at,
      untilAt: row.until_at,
    }));
  }

  /** Returns the statements that it took. */
  private async deleteBefore(monitorId: string, tier: number, before: number, most: number): Promise<number> {
    for (let count = 1; count <= most; count++) {
      const { rowCount } = await this.pool.query(
        `delete from block where monitor_id = $1 and tier = $2 and start = any(array(
           select start from block where monitor_id = $1 and tier = $2 and until <= $3 order by start limit $4))`,
        [monitorId, tier, before, BLOCKS_A_STATEMENT],
      );
      if ((rowCount ?? 0) < BLOCKS_A_STATEMENT) return count;
    }
    return most;
  }
}
