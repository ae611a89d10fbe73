import type { Client } from 'pg';

/** Advisory locks have two numbers as a name; these have no meaning but ours. A lock counts within one database. */
export const LOCK_CLASS = 0x574b;
export const ACTIVE_HUB_LOCK = 1;
export const MIGRATION_LOCK = 2;
/** Its second number names what a limit counts. */
export const LIMITS_LOCK_CLASS = 0x574c;

/** Takes the lock for this session if it is free; never waits: a waiting statement would itself block some DDL. */
export async function tryAdvisoryLock(client: Pick<Client, 'query'>, lock: number): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS taken', [
    LOCK_CLASS,
    lock,
  ]);
  return rows[0]?.taken === true;
}

/** Whether some hub is active on any database of this cluster. */
export async function isActiveHubLockHeld(client: Pick<Client, 'query'>): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND objid = $2 AND granted`,
    [LOCK_CLASS, ACTIVE_HUB_LOCK],
  );
  return rowCount !== 0;
}
