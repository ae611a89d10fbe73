import { Client } from 'pg';
import type { HubConfig } from '../config/hub-config.js';
import { isActiveHubLockHeld } from './advisory-locks.js';
import type { DatabaseConnection } from './database-connection.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { awaitExternalPostgres, parseDatabaseUrl } from './external-postgres.js';
import type { StartLog } from './start-log.js';

/**
 * Works with the hub's database beside a running hub, or without one: an embedded Postgres is then started for the
 * visit and stopped after it. It neither migrates nor takes the active hub's place.
 */
export async function visitDatabase<Result>(
  config: Pick<HubConfig, 'databaseUrl' | 'dataDir'>,
  log: StartLog,
  work: (connection: DatabaseConnection) => Promise<Result>,
): Promise<Result> {
  if (config.databaseUrl) {
    const connection = parseDatabaseUrl(config.databaseUrl);
    await awaitExternalPostgres(connection, log);
    return work(connection);
  }
  const embedded = await EmbeddedPostgres.start({ dataDir: config.dataDir }, log);
  try {
    return await work(embedded.connection);
  } finally {
    if (await isHubActive(embedded.connection)) await embedded.release();
    else await embedded.stop();
  }
}

async function isHubActive(connection: DatabaseConnection): Promise<boolean> {
  const client = new Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await isActiveHubLockHeld(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
