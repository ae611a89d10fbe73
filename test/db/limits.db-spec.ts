import { jest } from '@jest/globals';
import type { TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { BadKeyLimiter } from '../../src/auth/limits/bad-key-limiter.js';
import { LoginLimiter } from '../../src/auth/limits/login-limiter.js';
import { UnfailingRates } from '../../src/auth/limits/unfailing-rates.js';
import { LinkLimiter } from '../../src/auth/users/link-limiter.js';
import type { HubConfig } from '../../src/config/hub-config.js';
import { UserAllowance } from '../../src/graphql/user-allowance.js';
import { createTestConfig, removeDataDir, startAuthServices } from '../support/auth-hub.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';

jest.setTimeout(60_000);

const KIM = 'kim@example.com';
/** So slow that nothing comes back while a test runs. */
const USER_RATE = 12;

let database: TestDatabase;
let config: HubConfig;
let hubs: TestingModule[];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const hub of hubs) await hub.close();
  await removeDataDir(config);
});
afterAll(async () => {
  await database.drop();
  await stopTestPostgres();
});

async function start(count: number, changes: Partial<HubConfig>): Promise<void> {
  config = await createTestConfig({ userRate: USER_RATE, ...changes });
  hubs = [];
  for (let n = 0; n < count; n++) hubs.push(await startAuthServices(database, config));
  await hubs[0]!.get(DataSource).query('delete from rate_count');
}

/** The hubs by turns. */
const hub = (turn: number): TestingModule => hubs[turn % hubs.length]!;
const begin = (turn: number, email: string, ip: string) => hub(turn).get(LoginLimiter).begin(email, ip);
const allowanceOf = (services: TestingModule) => new UserAllowance(config, services.get(UnfailingRates));
const countAdmitted = async (attempts: Promise<unknown>[]): Promise<number> =>
  (await Promise.allSettled(attempts)).filter(({ status }) => status === 'fulfilled').length;
const readCode = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => 'admitted',
    (error: { code?: string }) => error.code,
  );
const times = <Item>(count: number, make: (n: number) => Item): Item[] =>
  Array.from({ length: count }, (_, n) => make(n));

describe('two hubs that count in one database', () => {
  beforeEach(() => start(2, { rateStore: 'postgres' }));

  it('let five guesses at an account pass between them and not a sixth, one after the other and at once', async () => {
    for (let n = 0; n < 5; n++) expect(await readCode(begin(n, KIM, `203.0.113.${n}`))).toBe('admitted');
    for (const turn of [0, 1])
      expect(await readCode(begin(turn, KIM, '203.0.113.9'))).toBe('too_many_requests');
    const guesses = times(24, (n) => begin(n, 'lee@example.com', `198.51.100.${n}`));
    expect(await countAdmitted(guesses)).toBe(5);
  });

  it('let five guesses from one network pass, and know at once where somebody has signed in from', async () => {
    for (let n = 0; n < 5; n++) await begin(n, `u${n}@example.com`, `2001:db8:0:7::${n}`);
    expect(await readCode(begin(1, 'other@example.com', '2001:db8:0:7::9'))).toBe('too_many_requests');
    await (await begin(0, KIM, '198.51.100.7')).succeed();
    await countAdmitted(times(6, (n) => begin(n, KIM, `203.0.113.${n}`)));
    expect(await readCode(begin(1, KIM, '203.0.113.99'))).toBe('too_many_requests');
    expect(await readCode(begin(1, KIM, '198.51.100.7'))).toBe('admitted');
  });

  it('look up nothing more after twenty bad keys, or twenty bad links, from a network', async () => {
    const keys = (turn: number) => hub(turn).get(BadKeyLimiter);
    const links = (turn: number) => hub(turn).get(LinkLimiter);
    for (let n = 0; n < 20; n++) {
      expect([
        await keys(n).isBlocked('203.0.113.1'),
        await readCode(links(n).assertMayTry('203.0.113.1')),
      ]).toEqual([undefined, 'admitted']);
      await Promise.all([keys(n).noteBadKey('203.0.113.1'), links(n).noteBad('203.0.113.1')]);
    }
    for (const turn of [0, 1]) {
      expect(await keys(turn).isBlocked('203.0.113.1')).toBeGreaterThan(0);
      expect(await readCode(links(turn).assertMayTry('203.0.113.1'))).toBe('too_many_requests');
      expect(await keys(turn).isBlocked('203.0.113.2')).toBeUndefined();
    }
  });

  it('give a user so many operations, cost and sockets between them, and not one more', async () => {
    const allowances = hubs.map(allowanceOf);
    const ask = (n: number) => allowances[n % 2]!;
    expect(await countAdmitted(times(USER_RATE * 2, (n) => ask(n).assertOperation('kim')))).toBe(USER_RATE);
    expect(await readCode(ask(0).assertOperation('lee'))).toBe('admitted');
    expect(await countAdmitted(times(4, (n) => ask(n).assertCost('kim', 2_500)))).toBe(2);
    expect(await countAdmitted(times(40, (n) => ask(n).assertConnection('kim')))).toBe(30);
    await Promise.all(times(60, (n) => ask(n).noteStranger('203.0.113.1')));
    for (const turn of [0, 1])
      expect(await readCode(ask(turn).assertMayTry('203.0.113.1'))).toBe('too_many_requests');
  });

  it('keep whom a count is about as a hash, and not for longer than it counts', async () => {
    const query = (text: string) => hubs[0]!.get(DataSource).query<{ key: string }[]>(text);
    await query(
      `insert into rate_count (key, count, expires_at) values ('badKey old', 3, now() - interval '1 s')`,
    );
    await begin(0, KIM, '203.0.113.1');
    for (let n = 0; n < 100 && JSON.stringify(await query('select key from rate_count')).includes('old'); n++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const rows = JSON.stringify([
      await query('select * from rate_count'),
      await query('select * from known_network'),
    ]);
    expect(rows).toMatch(/account .*network /);
    expect(rows).not.toMatch(/old|kim|203\.0\.113/);
  });

  it('let nobody sign in without a store, and count by themselves what must not shut the hub', async () => {
    await hubs[0]!.get(DataSource).query('alter table rate_count rename to rate_count_away');
    try {
      expect(await readCode(begin(0, KIM, '203.0.113.1'))).toBe('42P01');
      const keys = hubs[0]!.get(BadKeyLimiter);
      for (let n = 0; n < 20; n++) {
        expect(await keys.isBlocked('203.0.113.3')).toBeUndefined();
        await keys.noteBadKey('203.0.113.3');
      }
      expect(await keys.isBlocked('203.0.113.3')).toBeGreaterThan(0);
      const allowance = allowanceOf(hubs[0]!);
      expect(await countAdmitted(times(USER_RATE + 3, () => allowance.assertOperation('kim')))).toBe(
        USER_RATE,
      );
    } finally {
      await hubs[0]!.get(DataSource).query('alter table rate_count_away rename to rate_count');
    }
  });
});

describe('a hub that counts in its memory', () => {
  beforeEach(() => start(1, {}));

  const restart = async (): Promise<void> => {
    await hubs[0]!.close();
    hubs = [await startAuthServices(database, config)];
  };

  it('still knows after a restart who guessed keys and links, and where somebody signs in from', async () => {
    const [keys, links] = [hubs[0]!.get(BadKeyLimiter), hubs[0]!.get(LinkLimiter)];
    await Promise.all(times(20, () => keys.noteBadKey('203.0.113.1')));
    await Promise.all(times(20, () => links.noteBad('203.0.113.1')));
    await (await begin(0, 'max@example.com', '198.51.100.7')).succeed();
    await countAdmitted(times(6, (n) => begin(n, 'max@example.com', `203.0.113.${n + 10}`)));
    await restart();
    expect(await hubs[0]!.get(BadKeyLimiter).isBlocked('203.0.113.1')).toBeGreaterThan(0);
    expect(await readCode(hubs[0]!.get(LinkLimiter).assertMayTry('203.0.113.1'))).toBe('too_many_requests');
    expect(await hubs[0]!.get(BadKeyLimiter).isBlocked('203.0.113.2')).toBeUndefined();
    // One second, the shortest pause, may be over by now.
    const { length: failed } = await hubs[0]!
      .get(DataSource)
      .query<unknown[]>(`select 1 from rate_count where key like 'account %' and count >= 5`);
    expect(failed).toBe(1);
    await hubs[0]!
      .get(DataSource)
      .query(`update rate_count set paused_until = now() + interval '5 minutes' where key like 'account %'`);
    await hubs[0]!.close();
    hubs = [await startAuthServices(database, config)];
    expect(await readCode(begin(0, 'max@example.com', '203.0.113.77'))).toBe('too_many_requests');
    expect(await readCode(begin(0, 'max@example.com', '198.51.100.7'))).toBe('admitted');
  });

  it('knows eight networks of an account, the last used, for ninety days', async () => {
    for (let n = 1; n <= 10; n++) await (await begin(0, 'eve@example.com', `198.51.100.${n}`)).succeed();
    const query = (text: string) => hubs[0]!.get(DataSource).query<unknown[]>(text);
    const count = async () =>
      (
        await query(
          'select 1 from known_network where account in (select account from known_network group by account having count(*) > 1)',
        )
      ).length;
    expect(await count()).toBe(8);
    await query(`update known_network set used_at = now() - interval '91 days'`);
    await restart();
    expect(await query('select 1 from known_network')).toEqual([]);
  });

  it('writes nothing down of what users ask and of reports', async () => {
    const allowance = allowanceOf(hubs[0]!);
    expect(await countAdmitted(times(USER_RATE + 1, () => allowance.assertOperation('kim')))).toBe(USER_RATE);
    await hubs[0]!.close();
    hubs = [await startAuthServices(database, config)];
    const rows = await hubs[0]!.get(DataSource).query('select key from rate_count');
    expect(JSON.stringify(rows)).not.toContain('operation');
  });
});
