import type { Pool } from 'pg';
import { transact } from './transaction.js';

const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Drops a partition. The whole table is locked for it: where somebody reads for long, whoever wants to write would
 * wait behind this, so it gives up after a moment and is tried again in the next round.
 * @returns whether it is gone
 */
export async function dropPartition(pool: Pool, name: string): Promise<boolean> {
  try {
    await transact(pool, async (client) => {
      await client.query(`set local lock_timeout = '250ms'`);
      await client.query(`drop table if exists ${name}`);
    });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}
