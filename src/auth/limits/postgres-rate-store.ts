import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { LIMITS_LOCK_CLASS } from '../../database/advisory-locks.js';
import { Rates, type RateState, RateStore } from './rate-store.js';
import type { RateTable } from './rate-table.js';

const PRUNE_EVERY_MS = 60_000;

/** One key after the other, always in the same order; and nobody waits for the disk, as a count is no promise. */
const LOCK = `select set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock($1, id)
  from unnest($2::int[]) as id`;

/** Counts in Postgres, by its clock, for every hub of the database. Rejects where the database does. */
export class PostgresRateStore extends RateStore {
  private readonly logger = new Logger('limits');
  private prunedAt = 0;

  constructor(private readonly table: RateTable) {
    super();
  }

  async update<Result>(keys: readonly string[], step: (rates: Rates) => Result): Promise<Result> {
    const lockIds = keys.map(toLockId).sort((a, b) => a - b);
    const { result, now } = await this.table.transaction(async (manager) => {
      await manager.query(LOCK, [LIMITS_LOCK_CLASS, lockIds]);
      const { states, now } = await this.table.read(keys, manager);
      const rates = new Rates(now, states);
      const result = step(rates);
      await this.table.write(rates.changes, manager);
      return { result, now };
    });
    this.prune(now);
    return result;
  }

  async read(key: string): Promise<{ state: RateState | undefined; now: number }> {
    const { states, now } = await this.table.read([key]);
    return { state: new Rates(now, states).get(key), now };
  }

  /** Nobody waits for it. */
  private prune(now: number): void {
    if (Math.abs(now - this.prunedAt) < PRUNE_EVERY_MS) return;
    this.prunedAt = now;
    this.table
      .prune()
      .catch((error: Error) => this.logger.warn(`old counts of limits stay for now: ${error.message}`));
  }
}

function toLockId(key: string): number {
  return createHash('sha256').update(key).digest().readInt32BE();
}
