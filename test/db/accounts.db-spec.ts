import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { TestingModule } from '@nestjs/testing';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { FirstAdmin } from '../../src/auth/first-admin.js';
import { LoginService } from '../../src/auth/login.service.js';
import type { SignedIn } from '../../src/auth/sign-ins.js';
import { PasswordHasher } from '../../src/auth/password-hasher.js';
import { SessionExpiryJob } from '../../src/auth/session-expiry.job.js';
import { SESSION_IDLE_MS, SESSION_LIFE_MS, SessionService } from '../../src/auth/session.service.js';
import { SETUP_LINK_LIFE_MS, SetupService } from '../../src/auth/setup.service.js';
import { UserService } from '../../src/auth/user.service.js';
import type { HubConfig } from '../../src/config/hub-config.js';
import { EventBus } from '../../src/events/event-bus.js';
import { createTestConfig, removeDataDir, startAuthServices } from '../support/auth-hub.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';

const PASSWORD = 'four monkeys on a ladder';
const VISITOR = { ip: '203.0.113.1', userAgent: 'a browser' };
const ADDRESS = 'http://localhost:3000';

let database: TestDatabase;
let config: HubConfig;
let services: TestingModule;
let now: number;

async function start(changes: Partial<HubConfig> = {}): Promise<void> {
  config = await createTestConfig(changes);
  services = await startAuthServices(database, config, () => now);
}

const readToken = (link: string | null): string => new URL(link ?? '').hash.slice('#token='.length);
const countUsers = async (): Promise<number> =>
  services
    .get(DataSource)
    .query('select 1 from app_user')
    .then((rows) => rows.length);

beforeEach(async () => {
  now = Date.now();
  database = await createTestDatabase();
}, 60_000);
afterEach(async () => {
  await services.close();
  await removeDataDir(config);
  await database.drop();
});
afterAll(stopTestPostgres);

describe('the set-up link', () => {
  it('is returned and kept in a file for its owner only, and its token only as a hash', async () => {
    await start();
    const link = await services.get(SetupService).prepare(`${ADDRESS}/mon`);
    expect(link).toMatch(/^http:\/\/localhost:3000\/mon\/setup#token=[\w-]{22}$/);
    const file = path.join(config.dataDir, 'setup-link');
    expect(await readFile(file, 'utf8')).toBe(`${link}\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const rows = await services.get(DataSource).query('select * from setup_token');
    expect(JSON.stringify(rows)).not.toContain(readToken(link));
  });

  it('makes the admin, once, signs them in, tells so, and is gone', async () => {
    await start();
    const setup = services.get(SetupService);
    const created: string[] = [];
    services.get(FirstAdmin).register(async (_, userId) => () => created.push(userId));
    const token = readToken(await setup.prepare(ADDRESS));
    const { user, cookie } = await setup.setUp(token, 'Kim@example.com', PASSWORD, VISITOR);
    expect(user).toMatchObject({ email: 'Kim@example.com', role: 'admin' });
    expect(created).toEqual([user.id]);
    const headers = { cookie: cookie!.split(';', 1)[0] ?? '' };
    expect(await services.get(SessionService).authenticate(headers)).toMatchObject({
      userId: user.id,
      role: 'admin',
    });
    await expect(stat(path.join(config.dataDir, 'setup-link'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(setup.setUp(token, 'lee@example.com', PASSWORD, VISITOR)).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(await setup.prepare(ADDRESS)).toBeNull();
    expect(await setup.renew()).toBeNull();
  });

  it('makes one admin of two that come at the same moment', async () => {
    await start();
    const setup = services.get(SetupService);
    const token = readToken(await setup.prepare(ADDRESS));
    const results = await Promise.allSettled(
      ['kim@example.com', 'lee@example.com'].map((email) => setup.setUp(token, email, PASSWORD, VISITOR)),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'not_found' },
    });
    expect(await countUsers()).toBe(1);
  });

  it('refuses a wrong token and a weak password, and still opens for the right ones', async () => {
    await start();
    const setup = services.get(SetupService);
    const token = readToken(await setup.prepare(ADDRESS));
    const other = (token.startsWith('A') ? 'B' : 'A') + token.slice(1);
    await expect(setup.setUp(other, 'kim@example.com', PASSWORD, VISITOR)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(setup.setUp(token, 'kim@example.com', 'Password2026!', VISITOR)).rejects.toMatchObject({
      code: 'invalid_input',
      path: 'password',
    });
    expect(await countUsers()).toBe(0);
    await setup.setUp(token, 'kim@example.com', PASSWORD, VISITOR);
  });

  it('runs out after 30 minutes, is then replaced, and a new start makes the old one void', async () => {
    await start();
    const setup = services.get(SetupService);
    const first = readToken(await setup.prepare(ADDRESS));
    now += SETUP_LINK_LIFE_MS - 1;
    expect(await setup.renew()).toBeNull();
    now += 1;
    await expect(setup.setUp(first, 'kim@example.com', PASSWORD, VISITOR)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    const second = readToken(await setup.renew());
    expect(second).not.toBe(first);
    const third = readToken(await setup.prepare(ADDRESS));
    await expect(setup.setUp(second, 'kim@example.com', PASSWORD, VISITOR)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await setup.setUp(third, 'kim@example.com', PASSWORD, VISITOR);
  });
});

describe('an admin from the environment', () => {
  it('is made once; later starts with another password change nothing', async () => {
    await start({ admin: { email: 'kim@example.com', password: PASSWORD } });
    expect(await services.get(SetupService).prepare(ADDRESS)).toBeNull();
    await services.close();
    await removeDataDir(config);
    await start({ admin: { email: 'lee@example.com', password: `${PASSWORD}, too` } });
    expect(await services.get(SetupService).prepare(ADDRESS)).toBeNull();
    expect(await countUsers()).toBe(1);
    await services.get(LoginService).login('kim@example.com', PASSWORD, VISITOR);
  });

  it('with a weak password stops the start with a clear message that names the variable', async () => {
    await start({ admin: { email: 'kim@example.com', password: 'too short' } });
    await expect(services.get(SetupService).prepare(ADDRESS)).rejects.toThrow(/WATCHKEEPER_ADMIN_PASSWORD/);
  });
});

describe('signing in', () => {
  let userId: string;

  beforeEach(async () => {
    await start();
    const passwordHash = await services.get(PasswordHasher).hash(PASSWORD);
    userId = (
      await services.get(UserService).create({ email: 'Kim@Example.com', passwordHash, role: 'editor' })
    ).id;
  });

  const login = (email: string, password: string) =>
    services.get(LoginService).login(email, password, VISITOR) as Promise<SignedIn>;
  const describeRefusal = async (attempt: Promise<unknown>): Promise<unknown> =>
    attempt.then(
      () => 'admitted',
      (error: Error & { code: string }) => [error.name, error.code, error.message],
    );

  it('takes the address in any case, and gives a new session id each time', async () => {
    const first = await login('kim@example.COM', PASSWORD);
    const second = await login('Kim@Example.com', PASSWORD);
    expect(first.user.id).toBe(userId);
    expect(first.cookie.split(';', 1)[0]).not.toBe(second.cookie.split(';', 1)[0]);
  });

  it('refuses nobody, a wrong password and a disabled user in the same words', async () => {
    const wrong = await describeRefusal(login('kim@example.com', 'not the password'));
    const nobody = await describeRefusal(login('nobody@example.com', PASSWORD));
    await services.get(DataSource).query('update app_user set is_disabled = true');
    const disabled = await describeRefusal(login('kim@example.com', PASSWORD));
    expect(wrong).toEqual(['DomainError', 'unauthenticated', 'Email or password is wrong.']);
    expect(nobody).toEqual(wrong);
    expect(disabled).toEqual(wrong);
  });

  it('is slowed down after five failures, in parallel too, and the right password opens after the pause', async () => {
    const guesses = await Promise.all(
      Array.from({ length: 12 }, (_, n) => describeRefusal(login('kim@example.com', `guess number ${n}`))),
    );
    expect(guesses.filter((guess) => (guess as string[])[1] === 'unauthenticated')).toHaveLength(5);
    expect(guesses.filter((guess) => (guess as string[])[1] === 'too_many_requests')).toHaveLength(7);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await login('kim@example.com', PASSWORD);
  }, 20_000);

  it('stays slowed down over a restart of the hub, for who guessed and for the account', async () => {
    await Promise.all(
      Array.from({ length: 8 }, (_, n) => describeRefusal(login('kim@example.com', `guess number ${n}`))),
    );
    await services.close();
    const client = new Client(database.connection);
    await client.connect();
    // A pause that outlasts the test.
    const kept = await client.query(
      `update rate_count set paused_until = paused_until + interval '5 minutes' returning key, count`,
    );
    await client.end();
    expect(kept.rows.map(({ count }: { count: number }) => count)).toEqual([5, 5]);
    expect(JSON.stringify(kept.rows)).not.toContain('kim');
    services = await startAuthServices(database, config, () => now);
    const refusal = ['DomainError', 'too_many_requests', expect.any(String)];
    expect(await describeRefusal(login('kim@example.com', PASSWORD))).toEqual(refusal);
    // From the network that guessed, also at other accounts.
    expect(await describeRefusal(login('nobody@example.com', PASSWORD))).toEqual(refusal);
  });

  it('renews a hash that was made with less', async () => {
    const { hash } = await import('@node-rs/argon2');
    const weak = await hash(PASSWORD, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
    await services.get(UserService).replacePasswordHash(userId, weak);
    await login('kim@example.com', PASSWORD);
    const user = await services.get(UserService).findForLogin('kim@example.com');
    expect(user?.passwordHash).toContain('m=65536,t=3,p=1');
    await login('kim@example.com', PASSWORD);
  });
});

describe('a session', () => {
  let userId: string;
  let headers: { cookie: string };
  let ended: string[];

  beforeEach(async () => {
    await start();
    const user = { email: 'kim@example.com', passwordHash: 'not used here', role: 'viewer' as const };
    userId = (await services.get(UserService).create(user)).id;
    headers = { cookie: (await services.get(SessionService).start(userId, VISITOR)).split(';', 1)[0] ?? '' };
    ended = [];
    services.get(EventBus).on('session.ended', ({ sessionId }) => ended.push(sessionId));
  });

  const authenticate = () => services.get(SessionService).authenticate(headers);

  it('is kept as a hash only, with where it was begun', async () => {
    const [row] = await services.get(DataSource).query('select * from user_session');
    expect(row).toMatchObject({ user_id: userId, ip: VISITOR.ip, user_agent: VISITOR.userAgent });
    expect(JSON.stringify(row)).not.toContain(headers.cookie.split('=')[1]);
  });

  it('that is used lives 30 days, not a moment more', async () => {
    const begunAt = now;
    for (let day = 1; day < 30; day += 1) {
      now = begunAt + day * 24 * 3_600_000;
      expect(await authenticate()).toMatchObject({ userId, email: 'kim@example.com', role: 'viewer' });
    }
    now = begunAt + SESSION_LIFE_MS - 1;
    const principal = await authenticate();
    expect(principal).toBeDefined();
    now += 1;
    expect(await authenticate()).toBeUndefined();
    expect(ended).toEqual([principal?.sessionId]);
  });

  it('that is not used lives 7 days', async () => {
    now += SESSION_IDLE_MS - 1;
    expect(await authenticate()).toBeDefined();
    now += SESSION_IDLE_MS;
    expect(await authenticate()).toBeUndefined();
  });

  it('is refused and announced at once when it ends', async () => {
    const principal = await authenticate();
    await services.get(SessionService).end(principal?.sessionId ?? '');
    expect(await authenticate()).toBeUndefined();
    expect(ended).toEqual([principal?.sessionId]);
  });

  it.each([
    ['its row is deleted', 'delete from user_session'],
    ['its user is disabled', 'update app_user set is_disabled = true'],
  ])('is refused within a second when %s behind the hub’s back', async (_, statement) => {
    expect(await authenticate()).toBeDefined();
    await services.get(DataSource).query(statement);
    now += 1_000;
    expect(await authenticate()).toBeUndefined();
  });

  it('is ended, with word to its sockets, in the second in which its time is over', async () => {
    const principal = await authenticate();
    const job = services.get(SessionExpiryJob);
    await job.run();
    expect(ended).toEqual([]);
    now += SESSION_IDLE_MS - 1;
    await job.run();
    expect(ended).toEqual([]);
    now += 1;
    await job.run();
    expect(ended).toEqual([principal?.sessionId]);
    expect(await services.get(DataSource).query('select 1 from user_session')).toEqual([]);
  });

  it('of a disabled user is ended by the job', async () => {
    await services.get(DataSource).query('update app_user set is_disabled = true');
    now += 60_000;
    await services.get(SessionExpiryJob).run();
    expect(ended).toHaveLength(1);
  });

  it('writes when it was last seen at most once a minute', async () => {
    const readLastSeenAt = async (): Promise<number> =>
      services
        .get(DataSource)
        .query('select last_seen_at from user_session')
        .then(([row]) => row.last_seen_at.getTime());
    const begunAt = now;
    now = begunAt + 59_999;
    await authenticate();
    expect(await readLastSeenAt()).toBe(begunAt);
    now = begunAt + 60_000;
    await authenticate();
    expect(await readLastSeenAt()).toBe(begunAt + 60_000);
  });

  it('is nobody’s for any other text', async () => {
    const sessions = services.get(SessionService);
    const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJraW0ifQ.';
    const foreign = 'A'.repeat(43);
    for (const value of ['', jwt, foreign, `${headers.cookie.split('=')[1]}A`, "' or 1=1 --"]) {
      expect(await sessions.authenticate({ cookie: `session=${value}` })).toBeUndefined();
    }
    expect(await sessions.authenticate({ authorization: `Bearer ${jwt}` })).toBeUndefined();
    expect(await sessions.authenticate({ ...headers, authorization: 'Bearer wkp_anything' })).toBeUndefined();
    // A proxy's own sign-in in front of the hub does not disturb.
    expect(await sessions.authenticate({ ...headers, authorization: 'Basic azpr' })).toBeDefined();
  });
});
