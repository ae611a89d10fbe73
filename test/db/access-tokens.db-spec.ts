import type { TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { AccessTokenService } from '../../src/auth/tokens/access-token.service.js';
import { TokenVerdicts } from '../../src/auth/tokens/token-verdicts.js';
import type { UserPrincipal } from '../../src/common/principal.js';
import type { HubConfig } from '../../src/config/hub-config.js';
import { EventBus } from '../../src/events/event-bus.js';
import { createTestConfig, removeDataDir, startAuthServices } from '../support/auth-hub.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';

const IP = '203.0.113.9';

let database: TestDatabase;
let config: HubConfig;
let services: TestingModule;
let now: number;
let user: UserPrincipal;

beforeAll(async () => {
  now = Date.now();
  database = await createTestDatabase();
  config = await createTestConfig();
  services = await startAuthServices(database, config, () => now);
  const [{ id }] = await query(
    `insert into app_user (email, password_hash, role) values ('a@example.org', 'x', 'editor') returning id`,
  );
  user = { userId: id, email: 'a@example.org', role: 'editor', sessionId: 'none' };
}, 60_000);
afterAll(async () => {
  await services.close();
  await removeDataDir(config);
  await database.drop();
  await stopTestPostgres();
});

const query = (text: string, values: unknown[] = []) => services.get(DataSource).query(text, values);
const tokens = () => services.get(AccessTokenService);
const judge = (token: string, ip = IP) => services.get(TokenVerdicts).judge(token, ip);

describe('a personal token', () => {
  it('is refused from the millisecond at which it expires, known or not', async () => {
    const { token } = await tokens().create(user, {
      name: 'n',
      scope: 'read',
      expiresAt: new Date(now + 500),
    });
    now += 499;
    expect(await judge(token)).toMatchObject({ userId: user.userId, accessToken: { scope: 'read' } });
    now += 1;
    expect(await judge(token)).toBeUndefined();
    const [listed] = await tokens().list(user.userId);
    expect(listed).toMatchObject({ name: 'n', isExpired: true });
  });

  it('has its user’s role of now, and none once the user is disabled, within a second', async () => {
    const { token } = await tokens().create(user, { name: 'role', scope: 'manage', expiresAt: null });
    expect((await judge(token))?.role).toBe('editor');
    await query(`update app_user set role = 'viewer'`);
    now += 1_000;
    expect((await judge(token))?.role).toBe('viewer');
    await query('update app_user set is_disabled = true');
    services.get(EventBus).announce('access.changed', {});
    expect(await judge(token)).toBeUndefined();
    await query(`update app_user set is_disabled = false, role = 'editor'`);
    now += 1;
    expect((await judge(token))?.role).toBe('editor');
  });

  it('is noted as used once a minute at most', async () => {
    const { token, record } = await tokens().create(user, { name: 'used', scope: 'read' });
    const readUse = async (): Promise<[Date | null, string | null]> => {
      const found = (await tokens().list(user.userId)).find(({ id }) => id === record.id)!;
      return [found.lastUsedAt, found.lastUsedAddress];
    };
    const firstAt = now;
    await judge(token);
    await waitFor(async () => (await readUse())[0] !== null);
    now += 59_999;
    await judge(token, '203.0.113.10');
    expect(await readUse()).toEqual([new Date(firstAt), IP]);
    now += 1;
    await judge(token, '203.0.113.10');
    await waitFor(async () => (await readUse())[1] === '203.0.113.10');
  });

  it('is one of fifty at most, however many are asked for at once', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 55 }, (_, n) => tokens().create(user, { name: `${n}`, scope: 'read' })),
    );
    const [{ live }] = await query(
      'select count(*)::integer as live from access_token where revoked_at is null and (expires_at is null or expires_at > $1)',
      [new Date(now)],
    );
    expect(live).toBe(50);
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const outcome of refused) expect(outcome).toMatchObject({ reason: { code: 'conflict' } });
  });
});
