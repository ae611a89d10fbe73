import { MIGRATIONS } from '../../migrations/index.js';
import type { HubConfig } from '../config/hub-config.js';
import { ActiveHubLock } from './active-hub-lock.js';
import { checkGrants, checkRoles, grantToApp } from './app-role.js';
import type { DatabaseConnection } from './database-connection.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { awaitExternalPostgres, parseDatabaseUrl } from './external-postgres.js';
import { migrateDatabase, type MigrationClass } from './migrate.js';
import type { StartLog } from './start-log.js';

/** A database that is reached, held by this hub alone, and migrated. */
export interface OpenDatabase {
  readonly connection: DatabaseConnection;
  readonly isEmbedded: boolean;
  /** The folder of the embedded cluster. */
  readonly clusterDir?: string;
  /** How often the embedded Postgres had to be started again. */
  readonly readRestarts?: () => number;
  /** Gives the lock back and stops the embedded Postgres. Close everything that uses the database before. */
  close(): Promise<void>;
}

export interface OpenDatabaseOptions {
  /** Called when another hub has become the active one: this one must end, with an exit code other than 0. */
  readonly onLost: () => void;
  /** Ends the wait as standby. */
  readonly signal?: AbortSignal;
  readonly migrations?: MigrationClass[];
}

/** Postgres, then the active-hub lock, then the migrations: a standby never touches the schema of the active hub. */
export async function openDatabase(
  config: Pick<HubConfig, 'databaseUrl' | 'ownerDatabaseUrl' | 'dataDir'>,
  log: StartLog,
  options: OpenDatabaseOptions,
): Promise<OpenDatabase> {
  const embedded = config.databaseUrl
    ? undefined
    : await EmbeddedPostgres.start({ dataDir: config.dataDir }, log);
  const connection = embedded ? embedded.connection : parseDatabaseUrl(config.databaseUrl as string);
  if (!embedded) await awaitExternalPostgres(connection, log);
  const owner = config.ownerDatabaseUrl ? await reachAsOwner(config.ownerDatabaseUrl, log) : undefined;
  const lock = new ActiveHubLock(connection, log, options.onLost);
  try {
    await lock.acquire(options.signal);
  } catch (error) {
    await embedded?.release();
    throw error;
  }
  const close = async (): Promise<void> => {
    // The lock goes last: a standby that had it sooner would lose the cluster under its feet.
    if (embedded) lock.expectEnd();
    await embedded?.stop();
    await lock.release();
  };
  try {
    if (owner) await checkRoles(owner, connection);
    await migrateDatabase(owner ?? connection, options.migrations ?? MIGRATIONS, log);
    if (owner) await grantToApp(owner, connection);
    if (!embedded) await checkGrants(connection);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    connection,
    isEmbedded: embedded !== undefined,
    ...(embedded && {
      clusterDir: embedded.place.clusterDir,
      readRestarts: () => embedded.restartCount,
    }),
    close,
  };
}

async function reachAsOwner(ownerDatabaseUrl: string, log: StartLog): Promise<DatabaseConnection> {
  const variable = 'WATCHKEEPER_OWNER_DATABASE_URL';
  const owner = parseDatabaseUrl(ownerDatabaseUrl, variable);
  await awaitExternalPostgres(owner, log, undefined, variable);
  return owner;
}
