import { Inject, Logger, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Pool, type PoolConfig } from 'pg';
import { buildDataSourceOptions } from './data-source-options.js';
import { DATABASE_FOLDER, INGEST_POOL, POSTGRES_RESTARTS, QUERY_POOL } from './database-pools.js';
import { describeFault } from './describe-fault.js';
import type { OpenDatabase } from './open-database.js';
import { CONNECTION_BUDGET } from './postgres-settings.js';

/**
 * Of TypeORM's pool, which serves what users do: short statements in short transactions. One that waits for a lock gives
 * up first, so that a statement is only cut where the database itself is slow; a transaction that the hub leaves open
 * lets go of its locks. Migrations have connections of their own, without them. All in milliseconds.
 */
const ORM_TIMEOUTS = {
  lock_timeout: 5_000,
  statement_timeout: 10_000,
  idle_in_transaction_session_timeout: 30_000,
};

/** TypeORM's DataSource and the two pools, for every module. Closed last, when Nest shuts down. */
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    @Inject(INGEST_POOL) private readonly ingestPool: Pool,
    @Inject(QUERY_POOL) private readonly queryPool: Pool,
  ) {}

  static forRoot(open: Pick<OpenDatabase, 'connection' | 'clusterDir' | 'readRestarts'>): DynamicModule {
    const createIngestPool = () =>
      createPool('ingest', { ...open.connection, max: CONNECTION_BUDGET.ingest, statement_timeout: 30_000 });
    const createQueryPool = () =>
      createPool('query', { ...open.connection, max: CONNECTION_BUDGET.query, statement_timeout: 5_000 });
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        // The database was reached and migrated just before: a fault now is not one to wait for.
        TypeOrmModule.forRoot({
          ...buildDataSourceOptions({ ...open.connection, ...ORM_TIMEOUTS }),
          autoLoadEntities: true,
          retryAttempts: 1,
        }),
      ],
      providers: [
        { provide: INGEST_POOL, useFactory: createIngestPool },
        { provide: QUERY_POOL, useFactory: createQueryPool },
        { provide: DATABASE_FOLDER, useValue: open.clusterDir ?? null },
        { provide: POSTGRES_RESTARTS, useValue: open.readRestarts ?? (() => 0) },
      ],
      exports: [INGEST_POOL, QUERY_POOL, DATABASE_FOLDER, POSTGRES_RESTARTS],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    // `end` resolves before the connections are gone; that Postgres then cuts them is no news.
    for (const pool of [this.ingestPool, this.queryPool])
      pool.removeAllListeners('error').on('error', () => undefined);
    await Promise.all([this.ingestPool.end(), this.queryPool.end()]);
  }
}

function createPool(name: string, config: PoolConfig): Pool {
  const logger = new Logger('Database');
  const pool = new Pool({ ...config, connectionTimeoutMillis: 5_000, keepAlive: true });
  // An idle connection that Postgres cuts is only replaced; without a listener it would end the process.
  pool.on('error', (error) => logger.warn(`${name} pool: a connection was cut (${describeFault(error)})`));
  return pool;
}
