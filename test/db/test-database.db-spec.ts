import { existsSync } from 'node:fs';
import { Client } from 'pg';
import { createTestDatabase, startTestPostgres, stopTestPostgres } from '../support/test-database.js';

describe('the database for tests', () => {
  afterAll(stopTestPostgres);

  it('gives databases that are migrated and know nothing of each other', async () => {
    const first = await createTestDatabase();
    const second = await createTestDatabase();
    const client = new Client(first.connection);
    await client.connect();
    const { rows } = await client.query('SELECT count(*)::int AS count FROM migrations');
    expect(rows[0].count).toBeGreaterThan(0);
    await client.query('CREATE TABLE only_here ()');
    await client.end();

    const other = new Client({ connectionString: second.url });
    await other.connect();
    const tables = await other.query(`SELECT to_regclass('only_here') AS name`);
    expect(tables.rows[0].name).toBeNull();
    await first.drop();
    // `second` still has a connection: dropping must cut it.
    const isCut = new Promise((resolve) => other.once('end', resolve));
    other.on('error', () => undefined);
    await second.drop();
    await isCut;
  }, 60_000);

  it('leaves no process and no folder', async () => {
    const { embedded, directory } = await startTestPostgres();
    const { pid, place } = embedded;
    expect(place.clusterDir.startsWith(directory)).toBe(true);
    await stopTestPostgres();
    expect(existsSync(directory)).toBe(false);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  }, 60_000);
});
