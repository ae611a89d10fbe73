import type { Pool, PoolClient } from 'pg';
import { transact } from './transaction.js';

const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Drops a partition. The whole table is locked for it: where somebody reads for long, whoever wants to write would
 * wait behind this, so it gives up after a moment and is tried again in the next round.
 * @returns whether it is gone
 */
export function dropPartition(pool: Pool, name: string): Promise<boolean> {
  return withoutWaiting(pool, async (client) => {
    await client.query(`drop table if exists ${name}`);
    return true;
  });
}

/**
 * Gives the room of a table without rows back, in the same manner.
 * @returns whether it was empty and is small now
 */
export async function truncateEmpty(pool: Pool, name: string): Promise<boolean> {
  const isEmpty = `select not exists (select from ${name}) as is_empty`;
  const { rows } = await pool.query<{ is_empty: boolean }>(isEmpty);
  if (!rows[0]!.is_empty) return false;
  return withoutWaiting(pool, async (client) => {
    await client.query(`lock table ${name} in access exclusive mode`);
    // A row that came in while nobody had the lock yet.
    const again = await client.query<{ is_empty: boolean }>(isEmpty);
    if (!again.rows[0]!.is_empty) return false;
    await client.query(`truncate ${name}`);
    return true;
  });
}

/** Runs `work`, which locks a whole table, in a transaction; false where the lock is not to be had in a moment. */
async function withoutWaiting(pool: Pool, work: (client: PoolClient) => Promise<boolean>): Promise<boolean> {
  try {
    return await transact(pool, async (client) => {
      await client.query(`set local lock_timeout = '250ms'`);
      return work(client);
    });
  } catch (error) {
    if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}
