import type { Pool } from 'pg';

const LOCK_NOT_AVAILABLE = '55P03';

/** The owner's function that drops a partition of a table, with its arguments: `(first)` or `(tier, first)`. */
export type DropFunction = 'drop_report_partition' | 'drop_block_partition';

/**
 * Drops a partition. The whole table is locked for it: where somebody reads for long, whoever wants to write would
 * wait behind this, so it gives up after a moment and is tried again in the next round.
 * @returns whether it is gone
 */
export async function dropPartition(
  pool: Pool,
  dropFunction: DropFunction,
  ...key: readonly number[]
): Promise<boolean> {
  const places = key.map((_, index) => `$${index + 1}`).join();
  return (await withoutWaiting(pool, `select ${dropFunction}(${places})`, key)) !== undefined;
}

/**
 * Gives the room of `late_report` back where it has no rows, in the same manner.
 * @returns whether it was empty and is small now
 */
export async function truncateLateReports(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ is_empty: boolean }>(
    'select not exists (select from late_report) as is_empty',
  );
  if (!rows[0]!.is_empty) return false;
  const answer = await withoutWaiting(pool, 'select truncate_empty_late_reports() as is_done', []);
  return answer?.['is_done'] === true;
}

/** A statement that locks a whole table; undefined where the lock is not to be had in a moment. */
async function withoutWaiting(
  pool: Pool,
  text: string,
  values: readonly number[],
): Promise<Record<string, unknown> | undefined> {
  try {
    const { rows } = await pool.query<Record<string, unknown>>(text, [...values]);
    return rows[0];
  } catch (error) {
    if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return undefined;
    throw error;
  }
}
