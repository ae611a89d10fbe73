import { randomUUID } from 'node:crypto';
import { type Answer, callHub, type HubClient, postReport, signIn } from '../support/hub-client.js';
import { ADMIN, ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';

const EDITOR = { email: 'editor@example.com', password: ADMIN.password };
const KEY_TEXT = /wk_[0-9A-Za-z]{20}/;
const REPORT = { cpu: { usagePercent: 12.5 } };

let hub: HubProcess;
let admin: HubClient;
let editor: HubClient;

beforeAll(async () => {
  hub = await HubProcess.start({ env: ADMIN_ENV });
  admin = await signIn(hub);
  // Accounts of others come by a later page: until then by hand, with the admin's own password.
  await hub.query(
    `insert into app_user (email, password_hash, role) select $1, password_hash, 'editor' from app_user`,
    [EDITOR.email],
  );
  editor = await signIn(hub, EDITOR);
}, 90_000);
afterAll(() => hub.clean(), 60_000);

const readProblem = ({ status, body }: Answer): [number, string] => [status, body.code];

describe('report keys', () => {
  it('are shown by the answer that made them, and by no other', async () => {
    const { id, key } = await admin.createMonitor();
    const { createApiKey } = await admin.ask(
      'mutation ($id: ID!) { createApiKey(monitorId: $id, input: { name: "spare" }) { key { id name prefix } apiKey } }',
      { id },
    );
    expect(createApiKey.key.name).toBe('spare');
    await postReport(hub, key, REPORT);
    const answers = [
      ...(await Promise.all(
        [`/api/monitoring/${id}`, `/api/monitoring/${id}/status`, '/api/monitoring/', '/openapi.json'].map(
          (target) => admin.call('GET', target),
        ),
      )),
      await admin.call('PUT', `/api/monitoring/${id}`, { name: 'other' }),
      await admin.call('POST', `/api/monitoring/${id}/stop`),
      await admin.call('POST', `/api/monitoring/${id}/start`),
      await postReport(hub, key, REPORT),
      await callHub(hub, 'GET', '/api/monitoring/data', { headers: { 'x-api-key': key } }),
      await admin.call('POST', '/graphql', {
        query: '{ monitors { id name lastError apiKeys { id name prefix createdAt lastUsedAt revokedAt } } }',
      }),
    ];
    for (const { status, text } of answers) {
      expect(status).toBe(200);
      expect(text).not.toMatch(KEY_TEXT);
      for (const secret of [key, createApiKey.apiKey as string]) {
        expect(text).not.toContain(secret.slice(3, 13));
        expect(text).not.toContain(secret.slice(-10));
      }
    }
    expect(hub.output).not.toMatch(KEY_TEXT);
    const [row] = await hub.query<{ keys: string }>(`select json_agg(api_key)::text as keys from api_key`);
    expect(row!.keys).not.toMatch(KEY_TEXT);
  });

  it('are refused within a second of their revocation; others of the monitor go on', async () => {
    const { id, key } = await admin.createMonitor();
    const { createApiKey } = await admin.ask(
      'mutation ($id: ID!) { createApiKey(monitorId: $id) { apiKey key { id } } }',
      { id },
    );
    for (const each of [key, createApiKey.apiKey])
      expect((await postReport(hub, each, REPORT)).status).toBe(200);
    const revocation =
      'mutation ($id: ID!) { revokeApiKey(id: $id) { key { id revokedAt } userErrors { code } } }';
    const revoked = await admin.ask(revocation, { id: createApiKey.key.id });
    expect(revoked.revokeApiKey).toMatchObject({
      key: { id: createApiKey.key.id, revokedAt: expect.any(String) },
      userErrors: [],
    });
    expect(readProblem(await postReport(hub, createApiKey.apiKey, REPORT))).toEqual([401, 'unauthenticated']);
    expect((await postReport(hub, key, REPORT)).status).toBe(200);
    const { monitor } = await admin.ask('query ($id: ID!) { monitor(id: $id) { apiKeys { id } } }', { id });
    expect(monitor.apiKeys).toHaveLength(1);
    const unknown = await admin.ask(revocation, { id: randomUUID() });
    expect(unknown.revokeApiKey.userErrors).toMatchObject([{ code: 'not_found' }]);
    const rotation =
      'mutation ($id: ID!, $hours: Int!) { rotateApiKey(id: $id, input: { overlapHours: $hours }) { userErrors { code path } } }';
    for (const hours of [-1, 169]) {
      const { rotateApiKey } = await admin.ask(rotation, { id: monitor.apiKeys[0].id, hours });
      expect(rotateApiKey.userErrors).toEqual([{ code: 'invalid_input', path: 'overlapHours' }]);
    }
    const { createApiKey: unnamed } = await admin.ask(
      `mutation ($id: ID!, $name: String) { createApiKey(monitorId: $id, input: { name: $name }) { userErrors { code path } } }`,
      { id, name: 'x'.repeat(101) },
    );
    expect(unnamed.userErrors).toEqual([{ code: 'invalid_input', path: 'name' }]);
  });

  it('report for their own monitor whatever the report says', async () => {
    const one = await admin.createMonitor();
    const two = await admin.createMonitor();
    await postReport(hub, one.key, { monitorId: two.id, id: two.id, ...REPORT });
    expect((await admin.call('GET', `/api/monitoring/${one.id}/status`)).body.health).toBe('up');
    expect((await admin.call('GET', `/api/monitoring/${two.id}/status`)).body.health).toBe('pending');
  });
});

describe('what is another user’s', () => {
  let foreign: { id: string; key: string };
  let own: { id: string; key: string };

  beforeAll(async () => {
    foreign = await admin.createMonitor({ name: 'secret-01', tags: ['secret'] });
    own = await editor.createMonitor({ name: 'mine-01' });
    await postReport(hub, foreign.key, { cpu: { usagePercent: 77 } });
    await postReport(hub, own.key, { cpu: { usagePercent: 11 } });
  });

  it('does not exist over REST', async () => {
    const listed = (await editor.call('GET', '/api/monitoring/')).body as { id: string }[];
    expect(listed.map(({ id }) => id)).toEqual([own.id]);
    for (const [method, end, body] of [
      ['GET', '', undefined],
      ['PUT', '', { name: 'taken' }],
      ['PATCH', '', { name: 'taken' }],
      ['DELETE', '', undefined],
      ['GET', '/status', undefined],
      ['POST', '/start', undefined],
      ['POST', '/stop', undefined],
    ] as const) {
      const answer = await editor.call(method, `/api/monitoring/${foreign.id}${end}`, body);
      const unknown = await editor.call(method, `/api/monitoring/${randomUUID()}${end}`, body);
      expect([method, end, ...readProblem(answer)]).toEqual([method, end, 404, 'not_found']);
      expect({ ...answer.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' });
    }
    expect((await admin.call('GET', `/api/monitoring/${foreign.id}`)).body).toMatchObject({
      name: 'secret-01',
      state: 'running',
    });
  });

  it('does not exist over GraphQL, nor do its values', async () => {
    const ids = [foreign.id, own.id];
    const variables = { ids, from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 60_000) };
    const data = await editor.ask(
      `query ($ids: [ID!]!, $from: DateTime!, $to: DateTime!) {
         monitors(filter: { ids: $ids }) { id }
         all: monitors { id }
         tagged: monitors(filter: { tag: "secret" }) { id }
         latest(monitorIds: $ids) { monitorId }
         latestOfAll: latest { monitorId }
         series(monitorIds: $ids, metrics: ["cpu.usagePercent"], from: $from, to: $to) { columns { monitorId mean } }
       }`,
      variables,
    );
    expect(data).toEqual({
      monitors: [{ id: own.id }],
      all: [{ id: own.id }],
      tagged: [],
      latest: [{ monitorId: own.id }],
      latestOfAll: [{ monitorId: own.id }],
      series: { columns: [{ monitorId: own.id, mean: expect.arrayContaining([11]) }] },
    });
    expect(await editor.ask('query ($id: ID!) { monitor(id: $id) { id } }', { id: foreign.id })).toEqual({
      monitor: null,
    });
    const [{ id: keyId }] = (await hub.query<{ id: string }>('select id from api_key where monitor_id = $1', [
      foreign.id,
    ])) as [{ id: string }];
    for (const [mutation, id] of [
      ['updateMonitor(id: $id, input: { name: "taken" })', foreign.id],
      ['deleteMonitor(id: $id)', foreign.id],
      ['startMonitor(id: $id)', foreign.id],
      ['stopMonitor(id: $id)', foreign.id],
      ['createApiKey(monitorId: $id)', foreign.id],
      ['revokeApiKey(id: $id)', keyId],
    ] as const) {
      const answer = await editor.ask(`mutation ($id: ID!) { it: ${mutation} { userErrors { code } } }`, {
        id,
      });
      expect([mutation, answer.it.userErrors]).toEqual([mutation, [{ code: 'not_found' }]]);
    }
    expect((await postReport(hub, foreign.key, REPORT)).status).toBe(200);
  });

  it('is not heard of live', async () => {
    const variables = { ids: [foreign.id, own.id] };
    const reports = editor.subscribe<{ reports: { monitorId: string }[] }>(
      'subscription ($ids: [ID!]!) { reportsReceived(monitorIds: $ids) { reports { monitorId values } } }',
      variables,
    );
    const changes = editor.subscribe<{ id: string }>('subscription { monitorStatusChanged { id name } }');
    const backfills = editor.subscribe<{ monitorId: string }>(
      'subscription ($ids: [ID!]!) { samplesBackfilled(monitorIds: $ids) { monitorId } }',
      variables,
    );
    try {
      let round = 0;
      await waitFor(
        async () => {
          round++;
          // The other's first: it would come with or before one's own.
          for (const { key } of [foreign, own]) {
            await postReport(hub, key, {
              reports: [{ at: Date.now() - 60_000 - round, ...REPORT }, REPORT],
            });
          }
          await admin.call('PATCH', `/api/monitoring/${foreign.id}`, { description: `round ${round}` });
          await editor.call('PATCH', `/api/monitoring/${own.id}`, { description: `round ${round}` });
          return reports.events.length > 0 && changes.events.length > 0 && backfills.events.length > 0;
        },
        { everyMs: 200 },
      );
      expect(
        reports.events.flatMap((event) => event.reports.map(({ monitorId }) => monitorId)),
      ).not.toContain(foreign.id);
      expect(new Set(changes.events.map(({ id }) => id))).toEqual(new Set([own.id]));
      expect(new Set(backfills.events.map(({ monitorId }) => monitorId))).toEqual(new Set([own.id]));
    } finally {
      await Promise.all([reports, changes, backfills].map((subscription) => subscription.close()));
    }
  });

  it('is the admin’s to see, and the machine of the hub is not an editor’s to watch', async () => {
    expect((await admin.call('GET', `/api/monitoring/${own.id}`)).status).toBe(200);
    const answer = await editor.call('POST', '/api/monitoring/', { name: 'hub', kind: 'local' });
    expect(readProblem(answer)).toEqual([403, 'forbidden']);
    const created = await admin.call('POST', '/api/monitoring/', { name: 'hub', kind: 'local' });
    expect([created.status, created.body.monitor.kind]).toEqual([201, 'local']);
    await admin.call('DELETE', `/api/monitoring/${created.body.monitor.id}`);
  });

  it('is closed to who is not signed in', async () => {
    for (const [method, end] of [
      ['GET', ''],
      ['PUT', ''],
      ['DELETE', ''],
      ['GET', '/status'],
      ['POST', '/stop'],
    ] as const) {
      const answer = await callHub(hub, method, `/api/monitoring/${own.id}${end}`, {
        headers: { 'x-api-key': own.key },
      });
      expect([method, end, ...readProblem(answer)]).toEqual([method, end, 401, 'unauthenticated']);
    }
  });
});

describe('the list of monitors over GraphQL', () => {
  it('finds by id, health, tag and text', async () => {
    const { id } = await admin.createMonitor({
      name: 'Needle-7',
      tags: ['rare'],
      description: 'In the haystack',
    });
    const find = async (filter: object): Promise<string[]> =>
      (
        await admin.ask('query ($filter: MonitorFilter) { monitors(filter: $filter) { id } }', { filter })
      ).monitors.map((monitor: { id: string }) => monitor.id);
    for (const filter of [
      { ids: [id, randomUUID(), 'nonsense'] },
      { tag: 'rare' },
      { search: 'NEEDLE' },
      { search: 'haystack' },
      { ids: [id], health: ['PENDING'] },
    ]) {
      expect([filter, await find(filter)]).toEqual([filter, [id]]);
    }
    expect(await find({ ids: [id], health: ['UP', 'DOWN'] })).toEqual([]);
    expect(await find({ ids: [] })).toEqual([]);
    expect(await find({ search: 'nothing has this' })).toEqual([]);
  });
});
