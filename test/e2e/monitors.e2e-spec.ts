import { RESOURCES } from '../../src/core/model/metric-catalog.js';
import { randomUUID } from 'node:crypto';
import { type Answer, type HubClient, postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';

const REPORT = { cpu: { usagePercent: 12.5 } };

let hub: HubProcess;
let admin: HubClient;

beforeAll(async () => {
  hub = await HubProcess.start({ env: ADMIN_ENV });
  admin = await signIn(hub);
}, 90_000);
afterAll(() => hub.clean(), 60_000);

const readProblem = ({ status, body }: Answer): [number, string] => [status, body.code];
const countSamples = async (id: string): Promise<number> => {
  const [row] = await hub.query<{ count: number }>(
    `select ((select count(*) from report where monitor_id = $1) + (select count(*) from late_report where monitor_id = $1)
       + (select count(*) from monitor_latest where monitor_id = $1) + (select count(*) from api_key where monitor_id = $1))::int
       as count`,
    [id],
  );
  return row!.count;
};

describe('monitors over REST', () => {
  it('creates one, with what was given and defaults for the rest', async () => {
    const answer = await admin.call('POST', '/api/monitoring/', {
      name: '  web-01 ',
      description: 'In the rack\nby the window',
      tags: ['web', 'berlin'],
      intervalSeconds: 30,
      resources: ['cpu', 'memory'],
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      apiKey: expect.stringMatching(/^wk_[0-9A-Za-z]{49}$/),
      monitor: {
        endpointUrl: null,
        hasEndpointApiKey: false,
        forwarding: null,
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        version: 1,
        name: 'web-01',
        description: 'In the rack\nby the window',
        tags: ['web', 'berlin'],
        kind: 'agent',
        intervalSeconds: 30,
        resources: ['cpu', 'memory'],
        state: 'running',
        health: 'pending',
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        lastReportAt: null,
        lastReceivedAt: null,
        lastError: null,
        host: null,
        agent: null,
        lastGoodbyeAt: null,
        identityConflict: null,
        retention: { rawDays: 10, oneMinuteDays: 30, fifteenMinuteDays: 366, fourHourDays: 1830 },
        losses: { droppedValues: 0, droppedValuesAt: null, conflicts: 0, conflictsAt: null },
      },
    });
    const { body } = await admin.call('POST', '/api/monitoring', { name: 'web-02' });
    expect(body.monitor).toMatchObject({
      description: null,
      tags: [],
      intervalSeconds: 10,
      resources: [...RESOURCES],
    });
    const read = await admin.call('GET', `/api/monitoring/${body.monitor.id}`);
    expect(read.body).toEqual(body.monitor);
    expect(read.headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    ['no name', {}, 'invalid_input', 'name'],
    ['an empty name', { name: '  ' }, 'invalid_input', 'name'],
    ['a name of 101 characters', { name: 'x'.repeat(101) }, 'invalid_input', 'name'],
    ['a name with a NUL', { name: 'a\0b' }, 'invalid_input', 'name'],
    ['a number as name', { name: 5 }, 'invalid_input', 'name'],
    ['an interval of 0 s', { name: 'x', intervalSeconds: 0 }, 'invalid_input', 'intervalSeconds'],
    ['an interval over an hour', { name: 'x', intervalSeconds: 3601 }, 'invalid_input', 'intervalSeconds'],
    ['half a second', { name: 'x', intervalSeconds: 1.5 }, 'invalid_input', 'intervalSeconds'],
    ['an interval as text', { name: 'x', intervalSeconds: '10' }, 'invalid_input', 'intervalSeconds'],
    ['no interval', { name: 'x', intervalSeconds: null }, 'invalid_input', 'intervalSeconds'],
    ['an unknown resource', { name: 'x', resources: ['gpu'] }, 'invalid_input', 'resources'],
    ['a resource twice', { name: 'x', resources: ['cpu', 'cpu'] }, 'invalid_input', 'resources'],
    ['an unknown kind', { name: 'x', kind: 'cloud' }, 'invalid_input', 'kind'],
    ['a tag that is none', { name: 'x', tags: [''] }, 'invalid_input', 'tags'],
    ['a field that is none', { name: 'x', ownerId: randomUUID() }, 'unknown_field', 'ownerId'],
    ['a field of ours', { name: 'x', state: 'stopped' }, 'unknown_field', 'state'],
    ['an endpoint within', { name: 'x', endpointUrl: 'http://10.0.0.1/' }, 'invalid_input', 'endpointUrl'],
    ['another protocol', { name: 'x', endpointUrl: 'file:///etc/passwd' }, 'invalid_input', 'endpointUrl'],
    ['a key for nothing', { name: 'x', endpointApiKey: 'k' }, 'invalid_input', 'endpointApiKey'],
    [
      'a key that is none',
      { name: 'x', endpointUrl: 'https://a.example/', endpointApiKey: 'a\r\nb: c' },
      'invalid_input',
      'endpointApiKey',
    ],
    ['thresholds', { name: 'x', thresholds: {} }, 'not_available_yet', 'thresholds'],
  ])('refuses %s', async (_, body, code, path) => {
    const before = (await admin.call('GET', '/api/monitoring/')).body.length;
    const answer = await admin.call('POST', '/api/monitoring/', body);
    expect(readProblem(answer)).toEqual([400, code]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body.errors[0]).toMatchObject({ path, code });
    expect((await admin.call('GET', '/api/monitoring/')).body).toHaveLength(before);
  });

  it.each(['PUT', 'PATCH'])('%s keeps what is absent and clears what is null', async (method) => {
    const { id } = await admin.createMonitor({ description: 'first', tags: ['a'], intervalSeconds: 20 });
    const target = `/api/monitoring/${id}`;
    const first = await admin.call(method, target, { name: 'renamed' });
    expect(first.body).toMatchObject({
      version: 2,
      name: 'renamed',
      description: 'first',
      tags: ['a'],
      intervalSeconds: 20,
    });
    const cleared = await admin.call(method, target, { description: null, tags: null });
    expect(cleared.body).toMatchObject({ version: 3, name: 'renamed', description: null, tags: [] });
    expect((await admin.call('GET', target)).body).toEqual(cleared.body);
    expect((await admin.call(method, target, { tags: [] })).body.version).toBe(3);
    for (const [body, code] of [
      [{ name: null }, 'invalid_input'],
      [{ resources: null }, 'invalid_input'],
      [{ kind: 'local' }, 'unknown_field'],
      [{ colour: 'red' }, 'unknown_field'],
      [{ thresholds: { 'cpu.usagePercent': { warning: 80 } } }, 'not_available_yet'],
      [{ endpointUrl: 5 }, 'invalid_input'],
    ] as const) {
      expect(readProblem(await admin.call(method, target, body))).toEqual([400, code]);
    }
    expect((await admin.call('GET', target)).body).toEqual(cleared.body);
  });

  it('refuses a change of what somebody else has changed meanwhile', async () => {
    const { id } = await admin.createMonitor();
    const target = `/api/monitoring/${id}`;
    const seen = (await admin.call('GET', target)).headers.get('etag')!;
    const mine = await admin.call('PUT', target, { name: 'mine' }, { 'if-match': seen });
    expect([mine.status, mine.headers.get('etag')]).toEqual([200, '"2"']);
    const theirs = await admin.call('PUT', target, { name: 'theirs' }, { 'if-match': seen });
    expect(readProblem(theirs)).toEqual([412, 'version_conflict']);
    for (const foreign of ['"99"', '"x"', '']) {
      const answer = await admin.call('PATCH', target, { name: 'x' }, { 'if-match': foreign });
      expect([foreign, ...readProblem(answer)]).toEqual([foreign, 412, 'version_conflict']);
    }
    expect((await admin.call('PUT', target, { name: 'whatever' }, { 'if-match': '*' })).status).toBe(200);
    const racing = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => admin.call('PUT', target, { name }, { 'if-match': '"3"' })),
    );
    expect(racing.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
  });

  it('gives page after page, each monitor once', async () => {
    for (let index = 0; index < 5; index++) await admin.createMonitor({ name: `page-${index}` });
    const whole = (await admin.call('GET', '/api/monitoring/')).body as { id: string }[];
    const seen: string[] = [];
    let target: string | undefined = '/api/monitoring/?limit=2';
    while (target) {
      const page: Answer = await admin.call('GET', target);
      expect(page.body.length).toBeLessThanOrEqual(2);
      seen.push(...(page.body as { id: string }[]).map(({ id }) => id));
      const link = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
      target = link && new URL(link, `${hub.url}${target}`).href.slice(hub.url.length);
    }
    expect(seen).toEqual(whole.map(({ id }) => id));
    expect(new Set(seen).size).toBe(seen.length);
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'limit=-1', 'cursor=x', 'limit=1&limit=2']) {
      const answer = await admin.call('GET', `/api/monitoring/?${query}`);
      expect([query, ...readProblem(answer)]).toEqual([query, 400, 'invalid_input']);
    }
  });

  it('stops and starts one, as often as it is told to', async () => {
    const { id, key } = await admin.createMonitor();
    const target = `/api/monitoring/${id}`;
    await postReport(hub, key, REPORT);
    const status = (await admin.call('GET', `${target}/status`)).body;
    expect(status).toEqual({
      state: 'running',
      health: 'up',
      lastReportAt: expect.stringMatching(/Z$/),
      lastError: null,
      intervalSeconds: 10,
      forwarding: null,
    });
    for (let time = 0; time < 2; time++) {
      const answer = await admin.call('POST', `${target}/stop`);
      expect([answer.status, answer.body]).toEqual([200, { ...status, state: 'stopped', health: 'paused' }]);
      const refused = await postReport(hub, key, REPORT);
      expect([...readProblem(refused), refused.headers.get('retry-after')]).toEqual([
        409,
        'monitor_stopped',
        '60',
      ]);
    }
    expect((await admin.call('GET', target)).body).toMatchObject({ state: 'stopped', version: 2 });
    for (let time = 0; time < 2; time++) {
      const answer = await admin.call('POST', `${target}/start`);
      expect([answer.status, answer.body.state]).toEqual([200, 'running']);
      expect((await postReport(hub, key, REPORT)).status).toBe(200);
    }
    expect((await admin.call('GET', target)).body.version).toBe(3);
  });

  it('deletes one with its keys and samples, and with nothing of another', async () => {
    const { id, key } = await admin.createMonitor();
    const other = await admin.createMonitor();
    const reports = [{ at: Date.now() - 3_600_000, ...REPORT }, REPORT];
    await postReport(hub, key, { reports });
    await postReport(hub, other.key, { reports });
    // The newest report's own row is written some seconds later.
    await waitFor(async () => (await countSamples(id)) === 4 && (await countSamples(other.id)) === 4);
    const answer = await admin.call('DELETE', `/api/monitoring/${id}`);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(readProblem(await admin.call('GET', `/api/monitoring/${id}`))).toEqual([404, 'not_found']);
    expect(readProblem(await admin.call('DELETE', `/api/monitoring/${id}`))).toEqual([404, 'not_found']);
    expect(readProblem(await postReport(hub, key, REPORT))).toEqual([401, 'unauthenticated']);
    await waitFor(async () => (await countSamples(id)) === 0);
    expect(await countSamples(other.id)).toBe(4);
  });

  it('deletes the samples also when the hub is stopped or killed in the middle of it', async () => {
    const [one, two] = [await admin.createMonitor(), await admin.createMonitor()];
    const kept = await admin.createMonitor();
    const reports = [{ at: Date.now() - 3_600_000, ...REPORT }, REPORT];
    for (const { key } of [one, two, kept]) await postReport(hub, key, { reports });
    await admin.call('DELETE', `/api/monitoring/${one.id}`);
    await hub.stop();
    expect(hub.output).not.toContain('SampleEraser');
    await hub.restart();
    await admin.call('DELETE', `/api/monitoring/${two.id}`);
    await hub.kill9();
    await hub.restart();
    for (const { id } of [one, two]) await waitFor(async () => (await countSamples(id)) === 0);
    expect(await countSamples(kept.id)).toBe(4);
  }, 60_000);

  it.each(['', '/status', '/start', '/stop'])('knows nothing at an id that is none: %s', async (end) => {
    const method = end === '/start' || end === '/stop' ? 'POST' : 'GET';
    for (const id of [randomUUID(), 'x', '1', `${randomUUID()}x`, "'; drop table monitor; --", '%00']) {
      const answer = await admin.call(method, `/api/monitoring/${encodeURIComponent(id)}${end}`);
      expect([id, ...readProblem(answer)]).toEqual([id, 404, 'not_found']);
    }
  });
});

describe('monitors over GraphQL', () => {
  const ALL = `id version name description tags kind intervalSeconds resources state health createdAt lastReportAt
    lastReceivedAt lastError host { hostname os cores } latest { at metrics values }
    metrics { key name labels unit kind } apiKeys { id name prefix createdAt lastUsedAt revokedAt }`;

  it('creates, reads, changes, stops, starts and deletes', async () => {
    const { createMonitor } = await admin.ask(
      `mutation ($input: CreateMonitorInput!) { createMonitor(input: $input) { monitor { ${ALL} } apiKey userErrors { code } } }`,
      { input: { name: 'db-01', tags: ['db'], intervalSeconds: 5 } },
    );
    expect(createMonitor.userErrors).toEqual([]);
    const { id } = createMonitor.monitor;
    expect(createMonitor.monitor).toMatchObject({
      version: 1,
      kind: 'AGENT',
      state: 'RUNNING',
      health: 'PENDING',
      latest: null,
      metrics: [],
      apiKeys: [{ name: null, lastUsedAt: null, revokedAt: null }],
    });
    await postReport(hub, createMonitor.apiKey, {
      host: { hostname: 'db-01.lan', os: 'Debian 12', cores: 4 },
      storage: [{ mount: '/', usedBytes: 5 }],
      custom: [{ name: 'queue.depth', value: 17, unit: 'jobs', labels: { queue: 'mail' } }],
    });
    const query = `query ($id: ID!) { monitor(id: $id) { ${ALL} } }`;
    const monitor = await waitFor(async () => {
      const read = (await admin.ask(query, { id })).monitor;
      return read.host === null ? undefined : read;
    });
    expect(monitor).toMatchObject({
      health: 'UP',
      host: { hostname: 'db-01.lan', os: 'Debian 12', cores: 4 },
      latest: { metrics: ['queue.depth{queue="mail"}', 'storage.usedBytes{mount="/"}'], values: [17, 5] },
      metrics: [
        {
          key: 'queue.depth{queue="mail"}',
          name: 'queue.depth',
          labels: { queue: 'mail' },
          unit: 'jobs',
          kind: 'GAUGE',
        },
        {
          key: 'storage.usedBytes{mount="/"}',
          name: 'storage.usedBytes',
          labels: { mount: '/' },
          unit: 'bytes',
          kind: 'GAUGE',
        },
      ],
    });
    const { updateMonitor } = await admin.ask(
      `mutation ($id: ID!) { updateMonitor(id: $id, input: { description: "new", tags: null, version: 1 }) {
         monitor { version name description tags intervalSeconds } userErrors { code } } }`,
      { id },
    );
    expect(updateMonitor).toEqual({
      monitor: { version: 2, name: 'db-01', description: 'new', tags: [], intervalSeconds: 5 },
      userErrors: [],
    });
    for (const [mutation, state] of [
      ['stopMonitor', 'STOPPED'],
      ['stopMonitor', 'STOPPED'],
      ['startMonitor', 'RUNNING'],
    ] as const) {
      const data = await admin.ask(
        `mutation ($id: ID!) { ${mutation}(id: $id) { monitor { state } userErrors { code } } }`,
        { id },
      );
      expect(data[mutation]).toEqual({ monitor: { state }, userErrors: [] });
    }
    const deletion = `mutation ($id: ID!) { deleteMonitor(id: $id) { deletedId userErrors { code } } }`;
    expect(await admin.ask(deletion, { id })).toEqual({ deleteMonitor: { deletedId: id, userErrors: [] } });
    expect(await admin.ask(query, { id })).toEqual({ monitor: null });
    expect(await admin.ask(deletion, { id })).toEqual({
      deleteMonitor: { deletedId: null, userErrors: [{ code: 'not_found' }] },
    });
  });

  it('says by userErrors why a change was refused', async () => {
    const { id } = await admin.createMonitor();
    const change = async (input: object): Promise<unknown> =>
      (
        await admin.ask(
          `mutation ($id: ID!, $input: UpdateMonitorInput!) {
             updateMonitor(id: $id, input: $input) { monitor { id } userErrors { code path message } } }`,
          { id, input },
        )
      ).updateMonitor;
    const refusal = (code: string, path: string | null): unknown => ({
      monitor: null,
      userErrors: [{ code, path, message: expect.stringMatching(/\w+/) }],
    });
    expect(await change({ name: '' })).toEqual(refusal('invalid_input', 'name'));
    expect(await change({ intervalSeconds: 0 })).toEqual(refusal('invalid_input', 'intervalSeconds'));
    expect(await change({ name: 'x', version: 7 })).toEqual(refusal('version_conflict', null));
    expect(await change({ endpointUrl: 'ftp://x/' })).toEqual(refusal('invalid_input', 'endpointUrl'));
    expect(await change({ endpointApiKey: 'x' })).toEqual(refusal('invalid_input', 'endpointApiKey'));
    expect(await change({ thresholds: { x: 1 } })).toEqual(refusal('not_available_yet', 'thresholds'));
    const unknown = await admin.gql(
      'mutation ($id: ID!) { updateMonitor(id: $id, input: { colour: "red" }) { monitor { id } } }',
      { id },
    );
    expect(unknown.errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });
});

describe('for how long samples are kept', () => {
  const ESTIMATE = `query ($id: ID!, $retention: RetentionInput) {
    retentionEstimate(monitorId: $id, retention: $retention) {
      tiers { resolutionSeconds days bytes expectedBytes } least { rawDays oneMinuteDays } most { fourHourDays }
    }
  }`;

  it('is the hub’s time, or a shorter one of the monitor’s own; estimated before it is set', async () => {
    const { id } = await admin.createMonitor();
    const path = `/api/monitoring/${id}`;
    // A day of raw blocks, 1,000 bytes and what a row takes beside.
    await hub.query(
      'create table if not exists block_test partition of block for values from (0, 0) to (0, 172800000)',
    );
    await hub.query(
      `insert into block (monitor_id, tier, start, until, layout_id, row_count, bytes)
       values ($1, 0, 0, 86400000, 1, 1, $2)`,
      [id, Buffer.alloc(1_000)],
    );
    const wished = { oneMinuteDays: 14, fourHourDays: 400 };
    const { retentionEstimate } = await admin.ask(ESTIMATE, { id, retention: wished });
    expect(retentionEstimate).toEqual({
      tiers: [
        { resolutionSeconds: 0, days: 10, bytes: 1_150, expectedBytes: 11_500 },
        { resolutionSeconds: 60, days: 14, bytes: 0, expectedBytes: null },
        { resolutionSeconds: 900, days: 366, bytes: 0, expectedBytes: null },
        { resolutionSeconds: 14_400, days: 400, bytes: 0, expectedBytes: null },
      ],
      least: { rawDays: 10, oneMinuteDays: 14 },
      most: { fourHourDays: 1_830 },
    });
    expect((await admin.call('GET', path)).body.retention.oneMinuteDays).toBe(30);
    const changed = await admin.call('PATCH', path, { retention: wished });
    const own = { rawDays: 10, oneMinuteDays: 14, fifteenMinuteDays: 366, fourHourDays: 400 };
    expect(changed.body).toMatchObject({ version: 2, retention: own });
    // The same again is no change; null is the hub's time again.
    expect((await admin.call('PATCH', path, { retention: wished })).body.version).toBe(2);
    const cleared = await admin.call('PATCH', path, { retention: null });
    expect(cleared.body).toMatchObject({ version: 3, retention: { oneMinuteDays: 30, fourHourDays: 1_830 } });
  });

  it.each([
    [{ rawDays: 9 }, 'retention.rawDays', /from 10 to 10 days/],
    [{ fourHourDays: 1_831 }, 'retention.fourHourDays', /from 30 to 1830 days/],
    [{ fourHourDays: 100 }, 'retention.fourHourDays', /not be shorter than fifteenMinuteDays, which is 366/],
    [{ oneMinuteDays: 14.5 }, 'retention.oneMinuteDays', /integer/],
    [{ weeks: 3 }, 'retention.weeks', /no such field/],
  ])('cannot be %j', async (retention, path, message) => {
    const { id } = await admin.createMonitor();
    const { status, body } = await admin.call('PATCH', `/api/monitoring/${id}`, { retention });
    expect([status, body.errors[0].path, body.errors[0].message]).toEqual([
      400,
      path,
      expect.stringMatching(message),
    ]);
  });
});
