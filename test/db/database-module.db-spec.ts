import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { ConsoleLogger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Client, type Pool } from 'pg';
import { DataSource } from 'typeorm';
import { SetupService } from '../../src/auth/setup.service.js';
import { readErrorCode } from '../../src/common/problem.js';
import type { HubConfig } from '../../src/config/hub-config.js';
import { INGEST_POOL, QUERY_POOL } from '../../src/database/database-pools.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { createTestConfig, removeDataDir, startAuthHub } from '../support/auth-hub.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';
import { runQuery } from './hub-child.js';

jest.setTimeout(60_000);

const ADMIN = { email: 'admin@example.com', password: 'four monkeys on a ladder' };

afterAll(stopTestPostgres);

describe('DatabaseModule', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  }, 60_000);
  afterAll(async () => {
    await database.drop();
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

describe('a database that is slow', () => {
  let database: TestDatabase;
  let config: HubConfig;
  let app: NestFastifyApplication;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await createTestDatabase();
    config = await createTestConfig({ admin: ADMIN });
    app = await startAuthHub(database, config);
    await app.get(SetupService).prepare('http://127.0.0.1');
    dataSource = app.get(DataSource);
  });
  afterAll(async () => {
    await app?.close();
    await database?.drop();
    if (config) await removeDataDir(config);
  });

  const show = async (name: string): Promise<string> =>
    (await dataSource.query<Record<string, string>[]>(`show ${name}`))[0]![name]!;
  const logIn = () => app.inject({ method: 'POST', url: '/api/auth/login', payload: ADMIN });
  const limitTo = (name: string, value: string, work: (ask: DataSource['query']) => Promise<unknown>) =>
    dataSource.transaction(async (manager) => {
      await manager.query(`set local ${name} = '${value}'`);
      await work(manager.query.bind(manager));
    });

  it('holds up nobody for long, whatever holds its tables; who tries again is served', async () => {
    const other = new Client(database.connection);
    await other.connect();
    await other.query('begin; lock table app_user in access exclusive mode');
    const answer = await logIn();
    expect([answer.statusCode, answer.headers['retry-after'], answer.json()]).toEqual([
      503,
      '5',
      expect.objectContaining({ code: 'overloaded', detail: expect.stringContaining('Try again') }),
    ]);
    await other.end();
    expect((await logIn()).statusCode).toBe(200);
  });

  it('has a limit for each statement and for each open transaction', async () => {
    expect([await show('statement_timeout'), await show('lock_timeout')]).toEqual(['10s', '5s']);
    expect(await show('idle_in_transaction_session_timeout')).toBe('30s');
    const slow = limitTo('statement_timeout', '100ms', (ask) => ask('select pg_sleep(20)'));
    expect(readErrorCode(await slow.catch((error: unknown) => error))).toBe('overloaded');
    const idle = limitTo('idle_in_transaction_session_timeout', '100ms', async (ask) => {
      await sleep(500);
      await ask('select 1');
    });
    expect(readErrorCode(await idle.catch((error: unknown) => error))).toBe('storage_unavailable');
    // All of the pool is there again.
    await Promise.all(Array.from({ length: 5 }, () => dataSource.query('select pg_sleep(0.05)')));
  });
});
