import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { awaitExternalPostgres, parseDatabaseUrl } from '../../src/database/external-postgres.js';
import { openDatabase } from '../../src/database/open-database.js';
import { createTestDatabase, QUIET_LOG, stopTestPostgres } from '../support/test-database.js';

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('the Postgres of DATABASE_URL', () => {
  afterAll(stopTestPostgres);

  it('that is not there is one line with the place and the reason, never the password', async () => {
    const port = await findFreePort();
    for (const host of ['127.0.0.1', 'localhost']) {
      const connection = parseDatabaseUrl(`postgres://wk:hunter2@${host}:${port}/watch`);
      const fault: Error = await awaitExternalPostgres(connection, QUIET_LOG, 600).catch((error) => error);
      expect(fault.message).toBe(
        `cannot use Postgres at ${host}:${port}, database watch (DATABASE_URL): connection refused`,
      );
    }
  }, 60_000);

  it('that refuses the password is not asked again and again', async () => {
    const database = await createTestDatabase({ migrations: [] });
    const connection = { ...database.connection, password: 'hunter2' };
    const startedAt = Date.now();
    const fault: Error = await awaitExternalPostgres(connection, QUIET_LOG).catch((error) => error);
    expect(fault.message).toMatch(/cannot use Postgres at .*password authentication failed/);
    expect(fault.message).not.toContain('hunter2');
    expect(Date.now() - startedAt).toBeLessThan(9_000);
  }, 60_000);

  it('is opened the same way as the embedded one, and is left running', async () => {
    const database = await createTestDatabase({ migrations: [] });
    const config = { databaseUrl: database.url, dataDir: '/nonexistent/never-used' };
    for (let start = 1; start <= 2; start++) {
      const open = await openDatabase(config, QUIET_LOG, { onLost: () => undefined });
      expect(open.isEmbedded).toBe(false);
      await open.close();
    }
  }, 60_000);

  it.each([
    [
      'postgres://a%40b:p%2Fw@[::1]:6000/d',
      { host: '::1', port: 6000, user: 'a@b', password: 'p/w', database: 'd' },
    ],
    ['postgresql://u@db/d', { host: 'db', port: 5432, user: 'u', database: 'd' }],
    [
      'postgres://u:p@/d?host=%2Frun%2Fwith%20blank&port=1',
      { host: '/run/with blank', port: 1, database: 'd' },
    ],
    ['postgres://u:p@db/d?options=-c%20search_path%3Dwk', { options: '-c search_path=wk' }],
  ])('is read from %s', (url, expected) => {
    expect(parseDatabaseUrl(url)).toMatchObject(expected);
  });
});
