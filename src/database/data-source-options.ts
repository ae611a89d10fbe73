import type { MixedList } from 'typeorm';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import type { DatabaseConnection } from './database-connection.js';
import { CONNECTION_BUDGET } from './postgres-settings.js';

/** TypeORM's options for the one schema there is; tables change by migrations only. */
export function buildDataSourceOptions(
  connection: DatabaseConnection,
  migrations: MixedList<Function> = [],
): PostgresDataSourceOptions {
  return {
    type: 'postgres',
    // `extra` goes to `pg` as it is, so that sockets, TLS and session options work as they do for the pools.
    extra: { ...connection, connectionTimeoutMillis: 5_000 },
    poolSize: CONNECTION_BUDGET.orm,
    migrations,
    migrationsTransactionMode: 'each',
    synchronize: false,
    // Faults are thrown; this logger prints only what the variable DEBUG asks for.
    logger: 'debug',
  };
}
