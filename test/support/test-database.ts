/**
 * A real Postgres for tests: the hub's own embedded one, in a temporary folder, started once per test file.
 *
 *   import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';
 *
 *   let database: TestDatabase;
 *   beforeAll(async () => { database = await createTestDatabase(); }, 60_000);
 *   afterAll(async () => { await database.drop(); await stopTestPostgres(); });
 *
 * - `database.connection` fits `new pg.Pool(…)`; `DatabaseModule.forRoot(database)` takes the whole thing;
 *   `database.url` is what a hub of its own gets as `DATABASE_URL`.
 * - The schema is migrated: every database is a copy of one that was migrated once. `{ migrations: [] }` gives an
 *   empty one.
 * - Close pools and apps before `drop()`; it cuts what is left. `stopTestPostgres()` drops everything.
 * - A run that is killed leaves nothing either: a small shell waits for the end of the test process and cleans up.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { MIGRATIONS } from '../../migrations/index.js';
import type { DatabaseConnection } from '../../src/database/database-connection.js';
import { EmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { migrateDatabase, type MigrationClass } from '../../src/database/migrate.js';
import type { StartLog } from '../../src/database/start-log.js';

export interface TestPostgres {
  readonly embedded: EmbeddedPostgres;
  readonly directory: string;
}

export interface TestDatabase {
  readonly connection: DatabaseConnection;
  readonly url: string;
  readonly isEmbedded: false;
  /** As of an OpenDatabase; does nothing, `drop()` does. */
  close(): Promise<void>;
  drop(): Promise<void>;
}

/** Says nothing of what goes well; faults go to the console of the test run. */
export const QUIET_LOG: StartLog = {
  info: () => undefined,
  warn: (line) => console.warn(line),
  error: (line) => console.error(line),
};

const TEMPLATE = 'migrated_template';

let running: Promise<TestPostgres> | undefined;
let guard: ChildProcess | undefined;
let template: Promise<void> | undefined;
let createdCount = 0;

/** The Postgres of this test file; started by the first call. */
export function startTestPostgres(): Promise<TestPostgres> {
  running ??= start();
  return running;
}

/** Stops it and removes its folder. Does nothing where none was started. */
export async function stopTestPostgres(): Promise<void> {
  const stopping = running;
  if (!stopping) return;
  running = undefined;
  template = undefined;
  try {
    const { embedded, directory } = await stopping;
    await embedded.stop();
    await rm(directory, { recursive: true, force: true });
  } finally {
    guard?.kill('SIGKILL');
    guard = undefined;
  }
}

/** A fresh, migrated database with no rows but those of the migrations. */
export async function createTestDatabase(
  options: { migrations?: MigrationClass[] } = {},
): Promise<TestDatabase> {
  const postgres = await startTestPostgres();
  const name = `test_${++createdCount}`;
  if (options.migrations) {
    await createDatabase(postgres, name);
    await migrateDatabase({ ...postgres.embedded.connection, database: name }, options.migrations, QUIET_LOG);
  } else {
    template ??= createTemplate(postgres);
    await template;
    await createDatabase(postgres, name, TEMPLATE);
  }
  const connection = { ...postgres.embedded.connection, database: name };
  return {
    connection,
    url: buildUrl(connection),
    isEmbedded: false,
    close: async () => undefined,
    drop: () => runAsSuperuser(postgres, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`),
  };
}

async function start(): Promise<TestPostgres> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'watchkeeper-test-'));
  guard = guardDirectory(directory);
  // As root, Postgres' own user must get through to the data: else it would go to a system folder and stay there.
  await chmod(directory, 0o711);
  const embedded = await EmbeddedPostgres.start(
    { dataDir: path.join(directory, 'data'), systemRoot: path.join(directory, 'system') },
    QUIET_LOG,
  );
  return { embedded, directory };
}

/** Its standard input ends with the test process, whatever ends that: then it stops Postgres and removes the folder. */
function guardDirectory(directory: string): ChildProcess {
  const script = `
    cat >/dev/null
    pid=$(head -n 1 "$1/data/pg/postmaster.pid" 2>/dev/null)
    if [ -n "$pid" ]; then
      kill -QUIT "$pid"
      for i in 1 2 3 4 5 6 7 8 9 10; do [ -e "$1/data/pg/postmaster.pid" ] || break; sleep 0.3; done
    fi
    rm -rf "$1"`;
  const child = spawn('/bin/sh', ['-c', script, 'sh', directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return child;
}

async function createTemplate(postgres: TestPostgres): Promise<void> {
  await createDatabase(postgres, TEMPLATE);
  const connection = { ...postgres.embedded.connection, database: TEMPLATE };
  await migrateDatabase(connection, MIGRATIONS, QUIET_LOG);
}

async function createDatabase(postgres: TestPostgres, name: string, source = 'template1'): Promise<void> {
  const { user } = postgres.embedded.connection;
  await runAsSuperuser(postgres, `CREATE DATABASE "${name}" TEMPLATE "${source}" OWNER "${user}"`);
}

async function runAsSuperuser(postgres: TestPostgres, statement: string): Promise<void> {
  const client = new Client(postgres.embedded.superuser);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function buildUrl(connection: DatabaseConnection): string {
  const { user, password = '', database, host, port } = connection;
  return `postgres://${user}:${password}@/${database}?host=${encodeURIComponent(host)}&port=${port}`;
}
