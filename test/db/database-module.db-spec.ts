import { ConsoleLogger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { INGEST_POOL, QUERY_POOL } from '../../src/database/database-pools.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';
import { runQuery } from './hub-child.js';

describe('DatabaseModule', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  }, 60_000);
  afterAll(async () => {
    await database.drop();
    await stopTestPostgres();
  });

  it('gives both pools and the data source, which outlive cut connections and end with the app', async () => {
    const module = await Test.createTestingModule({ imports: [DatabaseModule.forRoot(database)] })
      .setLogger(new ConsoleLogger({ logLevels: ['fatal'] }))
      .compile();
    const app = await module.init();
    const ingest = app.get<Pool>(INGEST_POOL);
    const query = app.get<Pool>(QUERY_POOL);
    const dataSource = app.get(DataSource);
    const ask = () =>
      Promise.all([ingest.query('SELECT 1'), query.query('SELECT 1'), dataSource.query('SELECT 1')]);
    await ask();

    const others = 'pid <> pg_backend_pid() AND datname = current_database()';
    await runQuery(
      database.connection,
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE ${others}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    await ask();

    expect((await query.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '5s' }]);
    await app.close();
    const left = await runQuery(
      database.connection,
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE ${others}`,
    );
    expect(left.rows).toEqual([{ count: 0 }]);
  }, 60_000);
});
