import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { DatabaseConnection } from './database-connection.js';
import { describeFault, readFaultCode } from './describe-fault.js';
import { StartError } from './start-error.js';
import type { StartLog } from './start-log.js';

const RETRY_MS = 500;
const OLDEST_VERSION = 14;

/** What a Postgres says or what the network does while it is about to come up; anything else will not mend itself. */
const PASSING_FAULTS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  '57P03',
  '57P01',
  '53300',
]);

/** Reads DATABASE_URL as `pg` does, so that every form that `pg` takes is good here. */
export function parseDatabaseUrl(databaseUrl: string, variable = 'DATABASE_URL'): DatabaseConnection {
  try {
    const { host, port, user, password, database, ssl } = new Client({ connectionString: databaseUrl });
    const options =
      new URL(databaseUrl.replace('@/', '@localhost/')).searchParams.get('options') ?? undefined;
    const session = { options, application_name: 'watchkeeper' };
    return {
      host,
      port,
      user: user ?? '',
      password: password ?? undefined,
      database: database ?? '',
      ssl,
      ...session,
    };
  } catch {
    // The parser's own message may hold the URL, and so the password.
    throw new StartError(`${variable} cannot be read: give postgres://user:password@host:port/database`);
  }
}

/** Waits a short while for the Postgres of DATABASE_URL, since both may be starting, and checks that it will do. */
export async function awaitExternalPostgres(
  connection: DatabaseConnection,
  log: StartLog,
  waitMs = 10_000,
  variable = 'DATABASE_URL',
): Promise<void> {
  const deadlineAt = Date.now() + waitMs;
  const where = `Postgres at ${connection.host}:${connection.port}, database ${connection.database} (${variable})`;
  for (let isAnnounced = false; ; isAnnounced = true) {
    try {
      return await checkServer(connection, where, log);
    } catch (error) {
      if (error instanceof StartError) throw error;
      const isPassing = PASSING_FAULTS.has(readFaultCode(error) ?? 'ETIMEDOUT');
      if (!isPassing || Date.now() > deadlineAt) {
        throw new StartError(`cannot use ${where}: ${describeFault(error)}`);
      }
      if (!isAnnounced) log.info(`waiting for ${where}: ${describeFault(error)}`);
    }
    await sleep(RETRY_MS);
  }
}

async function checkServer(connection: DatabaseConnection, where: string, log: StartLog): Promise<void> {
  const client = new Client({ ...connection, connectionTimeoutMillis: 3_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<Record<string, string>>(
      `SELECT current_setting('server_version_num') AS version, current_setting('fsync') AS fsync,
              current_setting('synchronous_commit') AS commit`,
    );
    const version = Math.floor(Number(rows[0]?.version) / 10_000);
    if (version < OLDEST_VERSION) {
      throw new StartError(`${where} is version ${version}: ${OLDEST_VERSION} or newer is needed`);
    }
    if (rows[0]?.fsync === 'off' || rows[0]?.commit === 'off') {
      log.warn(
        `${where} has fsync or synchronous_commit off: a crash there loses reports that were acknowledged`,
      );
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}
