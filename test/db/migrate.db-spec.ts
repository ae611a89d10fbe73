import type { MigrationInterface, QueryRunner } from 'typeorm';
import { MIGRATIONS } from '../../migrations/index.js';
import { migrateDatabase } from '../../src/database/migrate.js';
import {
  createTestDatabase,
  QUIET_LOG,
  stopTestPostgres,
  type TestDatabase,
} from '../support/test-database.js';
import { runQuery } from './hub-child.js';

class MakeFirst1700000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('SELECT pg_sleep(0.2)');
    await queryRunner.query('CREATE TABLE first ()');
  }
  async down(): Promise<void> {}
}

class BreakHalfway1700000000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE TABLE second ()');
    await queryRunner.query('SELECT 1 / 0');
  }
  async down(): Promise<void> {}
}

describe('migrateDatabase', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase({ migrations: [] });
  }, 60_000);
  afterEach(() => database.drop());
  afterAll(stopTestPostgres);

  async function readNames(): Promise<string[]> {
    const { rows } = await runQuery(database.connection, 'SELECT name FROM migrations ORDER BY id');
    return rows.map((row) => row.name);
  }

  it('does each migration once when two hubs migrate at once', async () => {
    const both = [1, 2].map(() => migrateDatabase(database.connection, [MakeFirst1700000000001], QUIET_LOG));
    await Promise.all(both);
    expect(await readNames()).toEqual(['MakeFirst1700000000001']);
  }, 60_000);

  it('takes back a migration that fails halfway, and keeps those before it', async () => {
    const list = [MakeFirst1700000000001, BreakHalfway1700000000002];
    await expect(migrateDatabase(database.connection, list, QUIET_LOG)).rejects.toThrow(/division by zero/);
    expect(await readNames()).toEqual(['MakeFirst1700000000001']);
    const { rows } = await runQuery(database.connection, `SELECT to_regclass('second') AS name`);
    expect(rows).toEqual([{ name: null }]);
  }, 60_000);

  it('refuses the schema of a newer hub, untouched, with exit code 78', async () => {
    await migrateDatabase(database.connection, [MakeFirst1700000000001], QUIET_LOG);
    const attempt = migrateDatabase(database.connection, MIGRATIONS, QUIET_LOG);
    await expect(attempt).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringMatching(/newer hub.*MakeFirst1700000000001/),
    });
    expect(await readNames()).toEqual(['MakeFirst1700000000001']);
  }, 60_000);
});
