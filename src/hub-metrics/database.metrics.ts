import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { INGEST_POOL, POSTGRES_RESTARTS, QUERY_POOL } from '../database/database-pools.js';
import { DatabaseFigures } from './database-figures.js';
import { MetricsRegistry } from './metrics-registry.js';

/** Postgres, and the hub’s connections to it. */
@Injectable()
export class DatabaseMetrics {
  constructor(
    registry: MetricsRegistry,
    figures: DatabaseFigures,
    @Inject(INGEST_POOL) ingest: Pool,
    @Inject(QUERY_POOL) query: Pool,
    @Inject(POSTGRES_RESTARTS) readRestarts: () => number,
  ) {
    const pools = Object.entries({ ingest, query });
    registry.gauge('watchkeeper_postgres_up', '1 when Postgres answers.', async (say) =>
      say((await figures.read()).isUp ? 1 : 0),
    );
    registry.counter(
      'watchkeeper_postgres_restarts_total',
      'Times that the embedded Postgres was started again.',
      (say) => say(readRestarts()),
    );
    registry.gauge('watchkeeper_database_bytes', 'The whole database on disk.', async (say) =>
      say((await figures.read()).databaseBytes ?? NaN),
    );
    registry.gauge(
      'watchkeeper_database_connections',
      'Connections to Postgres.',
      (say) => {
        for (const [pool, { totalCount, idleCount }] of pools) {
          say(totalCount - idleCount, { pool, state: 'used' });
          say(idleCount, { pool, state: 'idle' });
        }
      },
      ['pool', 'state'],
    );
    registry.gauge(
      'watchkeeper_database_waiting',
      'Statements that wait for a connection.',
      (say) => {
        for (const [pool, { waitingCount }] of pools) say(waitingCount, { pool });
      },
      ['pool'],
    );
  }
}
