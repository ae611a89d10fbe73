import { jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SessionService } from '../../src/auth/session.service.js';
import type { HubConfig } from '../../src/config/hub-config.js';
import { readRoleMap } from '../../src/config/oidc-roles.js';
import { findFreePort } from '../browser/free-port.js';
import { createTestConfig, removeDataDir, startAuthHub } from '../support/auth-hub.js';
import { type Lie, LyingProvider } from '../support/lying-provider.js';
import { SecretSweep } from '../support/secret-sweep.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';
import { CLIENT, Traveller } from '../support/test-provider.js';

const provider = new LyingProvider();
const logged: string[] = [];
let database: TestDatabase;
let config: HubConfig;
let app: NestFastifyApplication;
let url: string;

beforeAll(async () => {
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((text: unknown) => void logged.push(String(text)));
  jest.spyOn(Logger.prototype, 'error').mockImplementation((text: unknown) => void logged.push(String(text)));
  database = await createTestDatabase();
  await provider.start();
  await startHub();
  for (const [subject, role] of [
    ['kim', 'viewer'],
    ['admin', 'admin'],
  ]) {
    const [{ id }] = await app
      .get(DataSource)
      .query(`insert into app_user (email, role) values ($1 || '@example.com', $2) returning id`, [
        subject,
        role,
      ]);
    await app
      .get(DataSource)
      .query('insert into user_identity (user_id, issuer, subject) values ($1, $2, $3)', [
        id,
        provider.issuer,
        subject,
      ]);
  }
}, 60_000);
beforeEach(() => {
  provider.lie = 'nothing';
  logged.length = 0;
});
afterAll(async () => {
  jest.restoreAllMocks();
  await app.close();
  await provider.stop();
  await removeDataDir(config);
  await database.drop();
  await stopTestPostgres();
}, 60_000);

async function startHub(): Promise<void> {
  const port = await findFreePort();
  url = `http://127.0.0.1:${port}`;
  config = await createTestConfig({
    publicOrigin: url,
    trustedProxies: ['127.0.0.1'],
    oidc: {
      issuer: provider.issuer,
      clientId: CLIENT.id,
      clientSecret: CLIENT.secret,
      scopes: 'openid',
      label: 'Liar',
      allowsSignUp: true,
      roles: { claim: 'groups', map: readRoleMap('dev=editor')! },
    },
  });
  app = await startAuthHub(database, config);
  await app.listen(port, '127.0.0.1');
}

async function signInWith(lie: Lie): ReturnType<Traveller['comeBack']> {
  const traveller = new Traveller(url);
  const asked = await traveller.setOut();
  provider.lie = lie;
  provider.nonce = asked.searchParams.get('nonce')!;
  const back = new URL(`${url}/api/auth/oidc/callback?code=x`);
  back.searchParams.set('state', asked.searchParams.get('state')!);
  return traveller.comeBack(back);
}

describe('a provider that lies', () => {
  it('is believed when it does not', async () => {
    const { path, session } = await signInWith('nothing');
    expect([path, session]).toEqual(['/', expect.any(String)]);
  });

  it.each<Lie>([
    'no signature',
    'an empty signature',
    'the key of somebody else',
    'the public key as a secret',
    'a changed payload',
    'another nonce',
    'no nonce',
    'another issuer',
    'another audience',
    'expired',
    'no subject',
    'no token',
    'a list for a subject',
    'no json',
    'somebody else’s userinfo',
    'an error with a secret',
  ])('is not believed: %s', async (lie) => {
    const { path, session } = await signInWith(lie);
    expect([path, session]).toEqual(['/login?provider=refused', undefined]);
    expect(logged).toEqual([expect.stringMatching(/^sign-in by the provider failed \(refused\): ./)]);
    const sweep = new SecretSweep();
    sweep.add('client secret', CLIENT.secret);
    sweep.add('access token', 'an-access-token');
    expect(sweep.find(logged.join())).toEqual([]);
  });

  it.each<Lie>(['a redirect', 'two megabytes'])('is not followed: %s', async (lie) => {
    const { path, session } = await signInWith(lie);
    expect([path, session]).toEqual(['/login?provider=unreachable', undefined]);
    expect(provider.asked.join()).not.toContain('/elsewhere');
  });

  it('gives nobody a role by a prototype', async () => {
    const { session } = await signInWith('a prototype');
    const user = await app.get(SessionService).authenticate({ cookie: `session=${session}` });
    expect(user).toMatchObject({ email: 'kim@example.com', role: 'viewer' });
    expect(({} as Record<string, unknown>)['groups']).toBeUndefined();
  });

  it('leads the hub to no address of the hub’s own network', async () => {
    provider.tokenEndpoint = provider.issuer.replace('localhost', '127.0.0.1') + '/token';
    await app.close();
    await removeDataDir(config);
    await startHub();
    provider.asked.length = 0;
    const { path, session } = await signInWith('nothing');
    expect([path, session]).toEqual(['/login?provider=unreachable', undefined]);
    expect(provider.asked.filter((asked) => asked.startsWith('127.0.0.1'))).toEqual([]);
    expect(logged.join()).toContain('is not a public address');
  });
});
