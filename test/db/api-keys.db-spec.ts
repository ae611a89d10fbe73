import type { TestingModule } from '@nestjs/testing';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { ApiKeyDoor } from '../../src/auth/api-key-door.js';
import { createApiKeyText } from '../../src/auth/api-key-format.js';
import { ApiKeyUsage } from '../../src/auth/api-key-usage.js';
import { ApiKeyVerdicts } from '../../src/auth/api-key-verdict.js';
import { ApiKeyService, type ApiKeySettings } from '../../src/auth/api-key.service.js';
import type { HubConfig } from '../../src/config/hub-config.js';
import { INGEST_POOL } from '../../src/database/database-pools.js';
import { EventBus } from '../../src/events/event-bus.js';
import { createTestConfig, removeDataDir, startAuthServices } from '../support/auth-hub.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let config: HubConfig;
let services: TestingModule;
let now: number;
let monitorId: string;
let lookups: number;

beforeEach(async () => {
  now = Date.now();
  lookups = 0;
  database = await createTestDatabase();
  config = await createTestConfig();
  services = await startAuthServices(database, config, () => now);
  services.get<Pool>(INGEST_POOL).on('acquire', () => (lookups += 1));
  [{ id: monitorId }] = await services
    .get(DataSource)
    .query(
      `insert into monitor (name, kind, interval_seconds, resources) values ('web-01', 'agent', 10, '{cpu}') returning id`,
    );
}, 60_000);
afterEach(async () => {
  await services.close();
  await removeDataDir(config);
  await database.drop();
});
afterAll(stopTestPostgres);

const judge = (presented: string | undefined) => services.get(ApiKeyVerdicts).judge(presented);
const createKey = async () => services.get(ApiKeyService).create(monitorId, { name: 'a machine' }, 'hub');

describe('API keys', () => {
  it('are shown once and kept as a hash', async () => {
    const { apiKey, record } = await createKey();
    expect(record).toMatchObject({ monitorId, name: 'a machine', lastUsedAt: null, revokedAt: null });
    expect(record.prefix).toMatch(/^[0-9a-f]{8}$/);
    const rows = await services
      .get(DataSource)
      .query('select *, encode(key_hash, $1) as hash from api_key', ['hex']);
    expect(JSON.stringify(rows)).not.toContain(apiKey);
    expect(rows[0].hash.startsWith(record.prefix)).toBe(true);
    expect(await services.get(ApiKeyService).list([monitorId])).toEqual([record]);
    expect(await services.get(ApiKeyService).find(record.id)).toEqual(record);
  });

  it('made in a transaction that fails never were', async () => {
    let apiKey = '';
    const failed = services.get(DataSource).transaction(async (manager) => {
      ({ apiKey } = await services.get(ApiKeyService).create(monitorId, {}, 'hub', manager));
      throw new Error('something after it');
    });
    await expect(failed).rejects.toThrow();
    expect(await judge(apiKey)).toBeUndefined();
  });

  it('open for their monitor, and at once when known', async () => {
    const { apiKey, record } = await createKey();
    expect(await judge(apiKey)).toMatchObject({ monitorId, apiKeyId: record.id });
    expect(lookups).toBe(1);
    expect(judge(apiKey)).toMatchObject({ monitorId, apiKeyId: record.id });
    expect(lookups).toBe(1);
  });

  it('stay shut for what cannot be a key, without a look into the table', async () => {
    const { apiKey } = await createKey();
    for (const text of [
      undefined,
      '',
      'wk_',
      apiKey.slice(0, -1),
      `${apiKey}x`,
      apiKey.toLowerCase(),
      `wkp_${apiKey.slice(3)}`,
    ]) {
      expect(judge(text)).toBeUndefined();
    }
    expect(lookups).toBe(0);
  });

  it('stay shut for an unknown key, which is looked up once in ten seconds', async () => {
    const unknown = createApiKeyText();
    expect(await judge(unknown)).toBeUndefined();
    expect(judge(unknown)).toBeUndefined();
    expect(lookups).toBe(1);
    now += 10_000;
    expect(await judge(unknown)).toBeUndefined();
    expect(lookups).toBe(2);
  });

  it('of a thousand agents that come at once are looked up in few statements', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, createKey));
    const presented = [
      ...keys.map(({ apiKey }) => apiKey),
      ...Array.from({ length: 980 }, () => createApiKeyText()),
    ];
    const verdicts = await Promise.all(presented.map(judge));
    expect(verdicts.map((verdict) => verdict?.apiKeyId).filter(Boolean)).toEqual(
      keys.map(({ record }) => record.id),
    );
    expect(lookups).toBeLessThanOrEqual(2);
  });

  it('are refused at once when revoked, also while a look is under way', async () => {
    const { apiKey, record } = await createKey();
    const { apiKey: other } = await createKey();
    await judge(apiKey);
    await judge(other);
    const revoked: unknown[] = [];
    services.get(EventBus).on('apiKey.revoked', (event) => revoked.push(event));
    const result = await services.get(ApiKeyService).revoke(record.id, 'hub');
    expect(result.revokedAt?.getTime()).toBe(now);
    expect(revoked).toEqual([{ apiKeyId: record.id, monitorId }]);
    expect(await judge(apiKey)).toBeUndefined();
    expect(await judge(other)).toBeDefined();
    expect(await services.get(ApiKeyService).list([monitorId])).toHaveLength(1);

    const { apiKey: third, record: thirdRecord } = await createKey();
    const underWay = judge(third);
    await services.get(ApiKeyService).revoke(thirdRecord.id, 'hub');
    await underWay;
    expect(await judge(third)).toBeUndefined();
  });

  it('revoked twice stay as they are; one that never was is not found', async () => {
    const { record } = await createKey();
    const first = await services.get(ApiKeyService).revoke(record.id, 'hub');
    now += 5_000;
    expect(await services.get(ApiKeyService).revoke(record.id, 'hub')).toEqual(first);
    for (const id of [monitorId, 'not-an-id', '']) {
      await expect(services.get(ApiKeyService).revoke(id, 'hub')).rejects.toMatchObject({
        code: 'not_found',
      });
    }
  });

  it('are refused when their monitor is deleted', async () => {
    const { apiKey } = await createKey();
    await judge(apiKey);
    await services.get(DataSource).query('delete from monitor');
    services.get(EventBus).announce('monitor.deleted', { monitorId });
    expect(await judge(apiKey)).toBeUndefined();
  });

  it('are refused from the moment at which they expire, known or not', async () => {
    const { apiKey } = await createKey();
    await services.get(DataSource).query('update api_key set expires_at = $1', [new Date(now + 1_000)]);
    expect(await judge(apiKey)).toBeDefined();
    now += 999;
    expect(judge(apiKey)).toBeDefined();
    now += 1;
    expect(await judge(apiKey)).toBeUndefined();
  });
});

describe('rotation of an API key', () => {
  const HOUR_MS = 3_600_000;
  const rotate = (id: string, hours = 24) => services.get(ApiKeyService).rotate(id, hours, 'hub');

  it('gives a new key at once, and the old one the time that was asked for, to the millisecond', async () => {
    const { apiKey, record } = await createKey();
    const { apiKey: next, record: nextRecord, previous } = await rotate(record.id);
    expect(nextRecord).toMatchObject({ name: 'a machine', state: 'active', monitorId });
    expect(previous).toMatchObject({ id: record.id, state: 'rotating', replacedBy: nextRecord.id });
    for (const key of [apiKey, next]) expect(await judge(key)).toMatchObject({ monitorId });
    now += 24 * HOUR_MS - 1;
    expect(await judge(apiKey)).toBeDefined();
    now += 1;
    expect(await judge(apiKey)).toBeUndefined();
    expect(await judge(next)).toBeDefined();
    expect((await services.get(ApiKeyService).find(record.id))?.state).toBe('expired');
  });

  it('leaves never more than two of them alive', async () => {
    const { apiKey: first, record } = await createKey();
    const second = await rotate(record.id);
    await expect(rotate(record.id)).rejects.toMatchObject({ code: 'conflict' });
    for (const key of [first, second.apiKey]) expect(await judge(key)).toBeDefined();
    const third = await rotate(second.record.id);
    expect(await judge(first)).toBeUndefined();
    for (const key of [second.apiKey, third.apiKey]) expect(await judge(key)).toBeDefined();
  });

  it('keeps addresses and the length of life, and never lengthens the old one’s', async () => {
    const { record } = await services
      .get(ApiKeyService)
      .create(
        monitorId,
        { expiresAt: new Date(now + 10 * HOUR_MS), allowedAddresses: ['10.0.0.0/8'] },
        'hub',
      );
    now += HOUR_MS;
    const { record: next, previous } = await rotate(record.id, 168);
    expect(next).toMatchObject({ allowedAddresses: ['10.0.0.0/8'], expiresAt: new Date(now + 10 * HOUR_MS) });
    expect(previous.expiresAt).toEqual(record.expiresAt);
  });

  it('without overlap ends the old one at once; one that has ended is not rotated', async () => {
    const { apiKey, record } = await createKey();
    await judge(apiKey);
    await rotate(record.id, 0);
    expect(await judge(apiKey)).toBeUndefined();
    await expect(rotate(record.id)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('the rules of an API key', () => {
  it('hold at once when they change', async () => {
    const { apiKey, record } = await createKey();
    await judge(apiKey);
    const change = (settings: ApiKeySettings) =>
      services.get(ApiKeyService).change(record.id, settings, 'hub');
    await change({ expiresAt: new Date(now + 1) });
    now += 1;
    expect(await judge(apiKey)).toBeUndefined();
    // What expired by mistake may be given more time.
    now += 10_000;
    expect(await change({ expiresAt: null, name: 'other' })).toMatchObject({
      state: 'active',
      name: 'other',
    });
    expect(await judge(apiKey)).toBeDefined();
    await services.get(ApiKeyService).revoke(record.id, 'hub');
    await expect(change({ name: 'late' })).rejects.toMatchObject({ code: 'conflict' });
  });

  it.each([
    [{ expiresAt: new Date(0) }, 'expiresAt'],
    [{ allowedAddresses: ['10.0.0.0/8', 'example.org'] }, 'allowedAddresses.1'],
    [{ allowedAddresses: Array.from({ length: 51 }, () => '10.0.0.1') }, 'allowedAddresses'],
  ])('are refused where they are none: %j', async (settings, path) => {
    await expect(services.get(ApiKeyService).create(monitorId, settings, 'hub')).rejects.toMatchObject({
      code: 'invalid_input',
      path,
    });
  });

  it('allow twenty keys of a monitor, not one more, however many ask at once', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 24 }, createKey));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
    const [first] = await services.get(ApiKeyService).list([monitorId]);
    await services.get(ApiKeyService).revoke(first!.id, 'hub');
    await createKey();
  });
});

describe('the door of API keys', () => {
  const IP = '203.0.113.9';
  const admit = async (headers: Record<string, string>, ip = IP) =>
    services.get(ApiKeyDoor).admit(headers, ip);
  const refusal = (headers: Record<string, string>, ip = IP): Promise<unknown> =>
    admit(headers, ip).then(
      () => 'admitted',
      (error: Error & { code: string }) => [error.code, error.message],
    );

  it('refuses missing, malformed, unknown, revoked and expired keys in the same words', async () => {
    const { apiKey: revoked, record } = await createKey();
    await services.get(ApiKeyService).revoke(record.id, 'hub');
    const { apiKey: expired } = await createKey();
    await services.get(DataSource).query('update api_key set expires_at = created_at');
    const refusals = await Promise.all(
      [
        {},
        { 'x-api-key': 'nonsense' },
        { 'x-api-key': createApiKeyText() },
        { 'x-api-key': revoked },
        { authorization: `Bearer ${expired}` },
      ].map((headers) => refusal(headers as Record<string, string>)),
    );
    expect(refusals[0]).toEqual(['unauthenticated', 'The API key is missing or not valid.']);
    for (const other of refusals) expect(other).toEqual(refusals[0]);
  });

  it('opens for a key only from its addresses, and does not tell that it is one', async () => {
    const { apiKey } = await services
      .get(ApiKeyService)
      .create(monitorId, { allowedAddresses: ['203.0.113.0/24', '2001:db8::/32'] }, 'hub');
    const headers = { 'x-api-key': apiKey };
    for (const ip of [IP, '::ffff:203.0.113.77', '2001:db8::7']) {
      expect(await admit(headers, ip)).toMatchObject({ monitorId });
    }
    const elsewhere = '198.51.100.4';
    expect(await refusal(headers, elsewhere)).toEqual(await refusal({}, elsewhere));
    for (let n = 1; n < 20; n += 1) await refusal(headers, elsewhere);
    await expect(admit(headers, elsewhere)).rejects.toMatchObject({ code: 'too_many_requests' });
    expect(await admit(headers)).toMatchObject({ monitorId });
  });

  it('looks at 20 bad keys of a network a minute and refuses the 21st unlooked-at; known keys go on', async () => {
    const { apiKey } = await createKey();
    await admit({ 'x-api-key': apiKey });
    for (let n = 0; n < 20; n += 1) {
      expect(await refusal({ 'x-api-key': createApiKeyText() })).toEqual([
        'unauthenticated',
        expect.anything(),
      ]);
    }
    const before = lookups;
    await expect(admit({ 'x-api-key': createApiKeyText() })).rejects.toMatchObject({
      code: 'too_many_requests',
      retryAfterSeconds: expect.any(Number),
    });
    expect(lookups).toBe(before);
    expect(await admit({ 'x-api-key': apiKey })).toMatchObject({ monitorId });
    expect(await refusal({ 'x-api-key': createApiKeyText() }, '203.0.113.10')).toEqual([
      'unauthenticated',
      expect.anything(),
    ]);
  });

  it('notes the last use of many keys in one statement', async () => {
    const keys = await Promise.all([createKey(), createKey(), createKey()]);
    for (const { apiKey } of keys) await admit({ 'x-api-key': apiKey });
    now += 5_000;
    await admit({ 'x-api-key': keys[0]?.apiKey ?? '' }, '203.0.113.77');
    await services.get(ApiKeyUsage).write();
    const [first, second] = await Promise.all(
      keys.map(({ record }) => services.get(ApiKeyService).find(record.id)),
    );
    expect(first).toMatchObject({ lastUsedAt: new Date(now), lastUsedIp: '203.0.113.77' });
    expect(second).toMatchObject({ lastUsedAt: new Date(now - 5_000), lastUsedIp: IP });
  });

  it('writes the last uses when the hub stops', async () => {
    const { apiKey, record } = await createKey();
    await admit({ 'x-api-key': apiKey });
    await services.close();
    services = await startAuthServices(database, config, () => now);
    expect(await services.get(ApiKeyService).find(record.id)).toMatchObject({ lastUsedAt: new Date(now) });
  });

  it('says that the store is away, not that the key is wrong', async () => {
    const { apiKey } = await createKey();
    await services.get(DataSource).query('alter table api_key rename to api_key_away');
    await expect(admit({ 'x-api-key': apiKey })).rejects.toMatchObject({ code: 'storage_unavailable' });
  });
});
