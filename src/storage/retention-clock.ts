import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import { QUERY_POOL } from '../database/database-pools.js';

const DAY_MS = 24 * 3_600_000;

/** Raw reports outlive the oldest that is accepted by two days: a jump of one is harmless. */
const HARMLESS_JUMP_MS = DAY_MS;
/** After a larger one, nothing is let go before the clock has run evenly for so long. */
const STEADY_MS = DAY_MS;

/**
 * Says whether the hub's clock may be believed when samples are to be deleted for their age. A clock that is days
 * ahead (a wrong battery, a bad time server) would have all history look old; it is usually set right within hours.
 * A hub that was off for long cannot tell that from a jump: it lets things go a day later.
 */
@Injectable()
export class RetentionClock {
  private readonly logger = new Logger(RetentionClock.name);
  /** The monotonic clock at the last look of this process. */
  private lookedAt: number | undefined;

  constructor(@Inject(QUERY_POOL) private readonly pool: Pool) {}

  /**
   * To be asked every few minutes: what lies between two looks counts as steady time.
   * @param now epoch milliseconds by the hub's clock
   * @param monotonicMs a clock that nobody sets
   */
  async isTrusted(now = Date.now(), monotonicMs = performance.now()): Promise<boolean> {
    const { rows } = await this.pool.query<{ seen_at: string; steady_ms: string }>(
      'select seen_at, steady_ms from retention_clock',
    );
    const passed = this.lookedAt === undefined ? 0 : monotonicMs - this.lookedAt;
    const seen = rows[0] && { at: Number(rows[0].seen_at), steadyMs: Number(rows[0].steady_ms) };
    const jump = seen ? now - seen.at - passed : 0;
    const hasJumped = Math.abs(jump) > HARMLESS_JUMP_MS;
    if (hasJumped) {
      const hours = Math.round(jump / 3_600_000);
      this.logger.warn(
        `the clock has moved by ${hours} hours at once: no samples are deleted for their age until it has run evenly for a day`,
      );
    }
    const steadyMs = hasJumped ? 0 : (seen?.steadyMs ?? 0) + passed;
    await this.pool.query(
      `insert into retention_clock (seen_at, steady_ms) values ($1, $2)
       on conflict (singleton) do update set seen_at = excluded.seen_at, steady_ms = excluded.steady_ms`,
      [now, Math.round(Math.min(steadyMs, STEADY_MS))],
    );
    this.lookedAt = monotonicMs;
    return steadyMs >= STEADY_MS;
  }
}
