import { Controller, Delete, Get, Post, Req } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { ApiKeyService } from '../../src/auth/api-key.service.js';
import { SetupService } from '../../src/auth/setup.service.js';
import { CurrentUser } from '../../src/common/current-user.decorator.js';
import type { UserPrincipal } from '../../src/common/principal.js';
import { ByApiKey, Public } from '../../src/common/public.decorator.js';
import type { HubConfig } from '../../src/config/hub-config.js';
import { createTestConfig, removeDataDir, startAuthHub } from '../support/auth-hub.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';

const EMAIL = 'kim@example.com';
const PASSWORD = 'four monkeys on a ladder';

@Controller('probe')
class ProbeController {
  @Get('closed')
  readClosed(@CurrentUser() { email }: UserPrincipal): { email: string } {
    return { email };
  }

  @Delete('closed')
  deleteClosed(): { deleted: true } {
    return { deleted: true };
  }

  @Public()
  @Get('open')
  readOpen(): { open: true } {
    return { open: true };
  }

  @ByApiKey()
  @Post('keyed')
  writeKeyed(@Req() request: FastifyRequest): { monitorId: string | undefined } {
    return { monitorId: request.verdict?.monitorId };
  }
}

let database: TestDatabase;
let config: HubConfig;
let app: NestFastifyApplication;

interface Call {
  method?: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  headers?: Record<string, string>;
  body?: unknown;
}

async function call(url: string, { method = 'GET', headers = {}, body }: Call = {}) {
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const payload = body === undefined ? {} : { payload: JSON.stringify(body) };
  return app.inject({ method, url, headers: { host: 'localhost', ...type, ...headers }, ...payload });
}

const post = (url: string, body?: unknown, headers: Record<string, string> = {}) =>
  call(url, { method: 'POST', body, headers });
const readCookie = (answer: { headers: Record<string, unknown> }): string =>
  String(answer.headers['set-cookie']);
const toHeader = (setCookie: string): { cookie: string } => ({ cookie: setCookie.split(';', 1)[0] ?? '' });

async function start(changes: Partial<HubConfig> = {}): Promise<void> {
  config = await createTestConfig(changes);
  app = await startAuthHub(database, config, [ProbeController]);
}

async function startWithAdmin(changes: Partial<HubConfig> = {}): Promise<void> {
  await start({ admin: { email: EMAIL, password: PASSWORD }, ...changes });
  await app.get(SetupService).prepare('http://localhost');
}

const signIn = async (): Promise<{ cookie: string }> =>
  toHeader(readCookie(await post('/api/auth/login', { email: EMAIL, password: PASSWORD })));

beforeEach(async () => {
  database = await createTestDatabase();
}, 60_000);
afterEach(async () => {
  await app.close();
  await removeDataDir(config);
  await database.drop();
});
afterAll(stopTestPostgres);

describe('before the first admin', () => {
  beforeEach(() => start());

  it('every closed door, signing in too, answers setup_required', async () => {
    const answers = await Promise.all([
      call('/probe/closed'),
      post('/probe/keyed', {}, { 'x-api-key': 'wk_x' }),
      post('/api/auth/login', { email: EMAIL, password: PASSWORD }),
      post('/api/auth/logout'),
    ]);
    for (const answer of answers) {
      expect([answer.statusCode, answer.json().code]).toEqual([401, 'setup_required']);
    }
    expect((await call('/probe/open')).statusCode).toBe(200);
  });

  it('the link opens the hub and signs in; a second set-up finds nothing, even with the old token (S17)', async () => {
    const link = await app.get(SetupService).prepare('http://localhost');
    const token = new URL(link ?? '').hash.slice('#token='.length);
    const answer = await post('/api/auth/setup', { token, email: EMAIL, password: PASSWORD });
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      { user: { id: expect.any(String), email: EMAIL, role: 'admin' } },
    ]);
    expect(readCookie(answer)).toMatch(
      /^session=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
    );
    expect((await call('/probe/closed', { headers: toHeader(readCookie(answer)) })).json()).toEqual({
      email: EMAIL,
    });
    const again = await post('/api/auth/setup', { token, email: 'lee@example.com', password: PASSWORD });
    expect([again.statusCode, again.json().code]).toEqual([404, 'not_found']);
  });
});

describe('signing in', () => {
  it('gives a new session id and ends the one before (S28)', async () => {
    await startWithAdmin();
    const first = await signIn();
    const second = toHeader(
      readCookie(await post('/api/auth/login', { email: EMAIL, password: PASSWORD }, first)),
    );
    expect(second.cookie).not.toBe(first.cookie);
    expect((await call('/probe/closed', { headers: first })).statusCode).toBe(401);
    expect((await call('/probe/closed', { headers: second })).statusCode).toBe(200);
  });

  it('answers a wrong password and an unknown address alike', async () => {
    await startWithAdmin();
    const bodies = await Promise.all(
      [EMAIL, 'nobody@example.com'].map(async (email) => {
        const answer = await post('/api/auth/login', { email, password: 'not the password' });
        // Every answer has its own request id, whoever asks.
        return [answer.statusCode, answer.headers['set-cookie'], { ...answer.json(), requestId: 'any' }];
      }),
    );
    expect(bodies[0]).toEqual([401, undefined, expect.objectContaining({ code: 'unauthenticated' })]);
    expect(bodies[1]).toEqual(bodies[0]);
  });

  it('answers 429 with Retry-After at the sixth attempt, and counts the address that a trusted proxy names', async () => {
    await startWithAdmin({ trustedProxies: ['127.0.0.1'] });
    const guess = (n: number, ip: string) =>
      post('/api/auth/login', { email: `u${n}@example.com`, password: 'guess' }, { 'x-forwarded-for': ip });
    for (let n = 1; n <= 5; n += 1) expect((await guess(n, '203.0.113.1')).statusCode).toBe(401);
    const sixth = await guess(6, '203.0.113.1');
    expect([sixth.statusCode, sixth.json().code]).toEqual([429, 'too_many_requests']);
    expect(Number(sixth.headers['retry-after'])).toBeGreaterThan(0);
    expect((await guess(6, '203.0.113.2')).statusCode).toBe(401);
  }, 20_000);

  it('over https keeps the cookie to this very host', async () => {
    await startWithAdmin({ publicOrigin: 'https://watch.example', basePath: '/mon' });
    const answer = await post(
      '/api/auth/login',
      { email: EMAIL, password: PASSWORD },
      { host: 'watch.example' },
    );
    expect(readCookie(answer)).toMatch(
      /^__Host-session=[\w-]{43}; Path=\/; Max-Age=2592000; Secure; HttpOnly; SameSite=Strict$/,
    );
  });

  it('refuses fields that it does not know, and changes nothing (S20)', async () => {
    await startWithAdmin();
    const readUsers = () => app.get(DataSource).query('select * from app_user');
    const before = await readUsers();
    for (const field of ['role', 'isAdmin', 'userId', 'id', 'passwordHash']) {
      const answer = await post('/api/auth/login', { email: EMAIL, password: PASSWORD, [field]: 'admin' });
      expect([field, answer.statusCode, answer.json().code]).toEqual([field, 400, 'unknown_field']);
    }
    expect(await readUsers()).toEqual(before);
  });

  it.each([
    ['an object as address', { email: { $ne: '' }, password: PASSWORD }],
    ['a list as password', { email: EMAIL, password: [PASSWORD] }],
    ['an address with a line break', { email: `${EMAIL}\n`, password: PASSWORD }],
    ['an address with a NUL', { email: `k\0@example.com`, password: PASSWORD }],
    ['a password of a megabyte', { email: EMAIL, password: 'x'.repeat(1_000_000) }],
    ['nothing', {}],
  ])('refuses %s', async (_, body) => {
    await startWithAdmin();
    const answer = await post('/api/auth/login', body);
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'invalid_input']);
  });
});

describe('signed in', () => {
  let headers: { cookie: string };

  beforeEach(async () => {
    await startWithAdmin();
    headers = await signIn();
  });

  it('one may until one logs out, and then never again with that cookie (S12)', async () => {
    expect((await call('/probe/closed', { headers })).statusCode).toBe(200);
    const answer = await post('/api/auth/logout', undefined, headers);
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect(readCookie(answer)).toBe('session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict');
    expect((await call('/probe/closed', { headers })).statusCode).toBe(401);
  });

  it('another site’s page changes nothing', async () => {
    const foreign: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ];
    for (const from of foreign) {
      const answer = await call('/probe/closed', { method: 'DELETE', headers: { ...headers, ...from } });
      expect([from, answer.statusCode, answer.json().code]).toEqual([from, 403, 'forbidden']);
      const login = await post('/api/auth/login', { email: EMAIL, password: PASSWORD }, from);
      expect([from, login.statusCode]).toEqual([from, 403]);
    }
    const own = { ...headers, 'sec-fetch-site': 'same-origin', origin: 'http://localhost' };
    expect((await call('/probe/closed', { method: 'DELETE', headers: own })).statusCode).toBe(200);
  });

  it('nobody else is: without a cookie, with a made-up one, with a token of another kind', async () => {
    const others: Record<string, string>[] = [
      {},
      { cookie: `session=${'A'.repeat(43)}` },
      { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJraW0ifQ.' },
      { authorization: `Bearer wkp_${'A'.repeat(49)}` },
      { cookie: headers.cookie.replace('session=', '__Host-session=') },
    ];
    for (const other of others) {
      const answer = await call('/probe/closed', { headers: other });
      expect([other, answer.statusCode, answer.json().code]).toEqual([other, 401, 'unauthenticated']);
    }
    expect((await call('/probe/closed', { method: 'HEAD' })).statusCode).toBe(401);
  });

  it('a report key opens its own doors and no other; a cookie does not open those', async () => {
    const [{ id: monitorId }] = await app
      .get(DataSource)
      .query(
        `insert into monitor (name, kind, interval_seconds, resources) values ('web-01', 'agent', 10, '{cpu}') returning id`,
      );
    const { apiKey } = await app.get(ApiKeyService).create(monitorId, {}, 'hub');
    expect((await post('/probe/keyed', {}, { 'x-api-key': apiKey })).json()).toEqual({ monitorId });
    expect((await post('/probe/keyed', {}, { authorization: `Bearer ${apiKey}` })).json()).toEqual({
      monitorId,
    });
    expect((await post('/probe/keyed', {}, headers)).statusCode).toBe(401);
    expect((await call('/probe/closed', { headers: { 'x-api-key': apiKey } })).statusCode).toBe(401);
    expect((await call('/probe/closed', { headers: { authorization: `Bearer ${apiKey}` } })).statusCode).toBe(
      401,
    );
  });
});
