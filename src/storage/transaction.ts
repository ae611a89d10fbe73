import type { Pool, PoolClient } from 'pg';

/** Runs `work` in one transaction: all of it is there afterwards, or nothing. */
export async function transact<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  // A connection that is cut while no query runs on it says so by an event, which nobody else hears: the pool
  // listens to the idle ones only. Unheard it would end the hub; the next query fails anyway.
  client.on('error', ignore);
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    release(client);
    return result;
  } catch (error) {
    // A connection that cannot even roll back is thrown away.
    await client.query('rollback').then(
      () => release(client),
      (fault: Error) => release(client, fault),
    );
    throw error;
  }
}

function ignore(): void {}

function release(client: PoolClient, fault?: Error): void {
  client.off('error', ignore);
  client.release(fault);
}
