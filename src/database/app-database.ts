import { Client, escapeIdentifier, escapeLiteral, type ClientConfig } from 'pg';
import type { DatabaseConnection } from './database-connection.js';

/**
 * Makes the hub's role and database in the embedded cluster where they are missing: a start that was cut between
 * making the cluster and this is finished by the next one.
 */
export async function ensureAppDatabase(superuser: ClientConfig, app: DatabaseConnection): Promise<void> {
  const client = new Client(superuser);
  client.on('error', () => undefined);
  await client.connect();
  try {
    const role = escapeIdentifier(app.user);
    const roles = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [app.user]);
    if (roles.rowCount === 0) {
      await create(client, `CREATE ROLE ${role} LOGIN PASSWORD ${escapeLiteral(app.password ?? '')}`);
    }
    // So that the hub can make Postgres let go of log that it needs no longer, when the disk is nearly full.
    await client.query(`GRANT pg_checkpoint TO ${role}`);
    const databases = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [app.database]);
    if (databases.rowCount === 0) {
      await create(client, `CREATE DATABASE ${escapeIdentifier(app.database)} OWNER ${role}`);
    }
  } finally {
    await client.end();
  }
}

/** What two hubs that start at once on one cluster get, whichever of them is later. */
const MADE_BY_ANOTHER = new Set(['23505', '42710', '42P04']);

async function create(client: Client, statement: string): Promise<void> {
  try {
    await client.query(statement);
  } catch (error) {
    if (!MADE_BY_ANOTHER.has((error as { code?: string }).code ?? '')) throw error;
  }
}
