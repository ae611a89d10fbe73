import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { DataSource, type MigrationInterface } from 'typeorm';
import { MIGRATION_LOCK, tryAdvisoryLock } from './advisory-locks.js';
import { buildDataSourceOptions } from './data-source-options.js';
import type { DatabaseConnection } from './database-connection.js';
import { describeFault, readFaultCode } from './describe-fault.js';
import { EXIT_CONFIG, StartError } from './start-error.js';
import type { StartLog } from './start-log.js';

const LOCK_RETRY_MS = 200;
const INSUFFICIENT_PRIVILEGE = '42501';

export type MigrationClass = new () => MigrationInterface;

/**
 * Brings the schema up to `migrations`, one transaction each, while no other hub does. A schema with migrations that
 * this hub does not know is of a newer hub: it is refused untouched (exit code 78).
 */
export async function migrateDatabase(
  connection: DatabaseConnection,
  migrations: MigrationClass[],
  log: StartLog,
): Promise<void> {
  const client = new Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  try {
    while (!(await tryAdvisoryLock(client, MIGRATION_LOCK))) await sleep(LOCK_RETRY_MS);
    await refuseNewerSchema(client, migrations);
    await runMigrations(connection, migrations, log);
  } finally {
    // The lock is the session's: it ends with it.
    await client.end().catch(() => undefined);
  }
}

async function refuseNewerSchema(client: Client, migrations: MigrationClass[]): Promise<void> {
  const { rows: tables } = await client.query<{ name: string | null }>(
    `SELECT to_regclass('migrations') AS name`,
  );
  if (!tables[0]?.name) return;
  const known = new Set(migrations.map((migration) => readName(migration)));
  const { rows } = await client
    .query<{ name: string }>('SELECT name FROM migrations ORDER BY id')
    .catch((error: unknown) => {
      if (readFaultCode(error) !== INSUFFICIENT_PRIVILEGE) throw error;
      throw askForOwner(`the schema cannot be read: ${describeFault(error)}`);
    });
  const unknown = rows.filter((row) => !known.has(row.name));
  if (unknown.length === 0) return;
  throw new StartError(
    `the database was made by a newer hub (it has ${unknown.length} migration(s) that this one does not know, ` +
      `the last is ${unknown.at(-1)?.name}): start the newer version, or restore a backup from before the upgrade`,
    EXIT_CONFIG,
  );
}

/** A role that is not the owner of the tables. */
function askForOwner(fault: string): StartError {
  return new StartError(
    `${fault}: give the role that owns the tables as WATCHKEEPER_OWNER_DATABASE_URL for this start`,
    EXIT_CONFIG,
  );
}

/** As TypeORM names it in its table. */
function readName(migration: MigrationClass): string {
  return new migration().name ?? migration.name;
}

async function runMigrations(
  connection: DatabaseConnection,
  migrations: MigrationClass[],
  log: StartLog,
): Promise<void> {
  const dataSource = new DataSource(buildDataSourceOptions(connection, migrations));
  try {
    await dataSource.initialize();
    const done = await dataSource.runMigrations();
    if (done.length > 0) log.info(`the schema is up to date: ${done.length} migration(s) done`);
  } catch (error) {
    const fault = `the schema cannot be brought up to date: ${describeFault(error)}`;
    throw readFaultCode(error) === INSUFFICIENT_PRIVILEGE ? askForOwner(fault) : new StartError(fault);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}
