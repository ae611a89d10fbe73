import { type HubClient, type Json, postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, FAST_SENDERS_ENV, HubProcess } from '../support/hub-process.js';
import { type BadServer, type Behaviour, startBadServer } from '../support/bad-server.js';
import { waitFor } from '../support/wait-for.js';

const ENV = { ...ADMIN_ENV, ...FAST_SENDERS_ENV, WATCHKEEPER_OUTBOUND_ALLOW_CIDRS: '127.0.0.0/8' };
const KILLS = process.env['SOAK'] ? 40 : 2;
const KEY = 'a-secret-of-the-far-side';

let near: HubProcess;
let far: HubProcess;
let admin: HubClient;
let farAdmin: HubClient;
const servers: BadServer[] = [];

beforeAll(async () => {
  [near, far] = await Promise.all([HubProcess.start({ env: ENV }), HubProcess.start({ env: ENV })]);
  [admin, farAdmin] = await Promise.all([signIn(near), signIn(far)]);
}, 120_000);
afterAll(async () => {
  for (const server of servers) server.close();
  await Promise.all([near.clean(), far.clean()]);
}, 60_000);

const doorOf = (hub: HubProcess): string => `${hub.url}/api/monitoring/data`;

/** A monitor here that sends on to one there. */
async function createPair(): Promise<{ id: string; key: string; farId: string; farKey: string }> {
  const there = await farAdmin.createMonitor({ name: 'there' });
  const here = await admin.createMonitor({ endpointUrl: doorOf(far), endpointApiKey: there.key });
  return { ...here, farId: there.id, farKey: there.key };
}

async function serve(behaviour: Behaviour): Promise<BadServer> {
  const server = await startBadServer(behaviour);
  servers.push(server);
  return server;
}

const readForwarding = async (id: string): Promise<Json> =>
  (await admin.call('GET', `/api/monitoring/${id}/status`)).body.forwarding;

const waitForState = async (id: string, state: string): Promise<Json> => {
  let seen: Json;
  await waitFor(async () => (seen = await readForwarding(id)).state === state, {
    deadlineMs: 30_000,
    what: () => `${state}: ${JSON.stringify(seen)}`,
  });
  return seen;
};

/** Everything of a monitor's reports that is kept, whichever table holds it. */
async function readStored(hub: HubProcess, id: string): Promise<Json[]> {
  return hub.query(
    `select at::float8 as at, boot_id, interval_ms, series_keys, definitions, encode("values", 'hex') as "values"
     from (select monitor_id, at, boot_id, interval_ms, layout_id, "values" from report
           union all select monitor_id, at, boot_id, interval_ms, layout_id, "values" from late_report) as reports
       join layout on layout.id = layout_id
     where monitor_id = $1 order by at`,
    [id],
  );
}

const wholeReport = (at: number, index: number): Json => ({
  at,
  bootId: 'boot-1',
  intervalSeconds: 2.5,
  host: { hostname: 'web-01', os: 'Debian 12', cores: 2 },
  cpu: { usagePercent: 12.345 + (index % 100) / 7, cores: 2, perCorePercent: [1.1, index % 100] },
  storage: [{ mount: '/da"ta\\1', device: '/dev/vda1', fsType: 'ext4', totalBytes: 100, usedBytes: 41.5 }],
  network: [{ interface: 'eth0', bytesSent: '18446744073709551615', bytesReceived: 12 }],
  temperature: [{ sensor: 'outside', celsius: -3.25 }],
  custom: [
    { name: 'queue.depth', value: 0.1 + index, unit: 'jobs', labels: { queue: 'mail', shard: '3' } },
    { name: 'jobs.done', value: index, kind: 'counter' },
  ],
});

describe('reports of a monitor with an endpoint', () => {
  it('are on the other hub as they are here: young, late and many', async () => {
    const { id, key, farId } = await createPair();
    const now = Date.now();
    const late = Array.from({ length: 700 }, (_, index) => wholeReport(now - 3 * 86_400_000 + index, index));
    expect((await postReport(near, key, { reports: late })).body.accepted).toBe(700);
    for (let index = 0; index < 20; index++) await postReport(near, key, wholeReport(now + index, index));
    await waitFor(async () => (await readStored(far, farId)).length === 720, { deadlineMs: 20_000 });
    expect(await readStored(far, farId)).toEqual(await readStored(near, id));
    const inventory = (hub: HubProcess, monitor: string) =>
      hub.query('select inventory from monitor where id = $1', [monitor]);
    const isKnown = async (hub: HubProcess, monitor: string): Promise<boolean> =>
      Object.hasOwn((await inventory(hub, monitor))[0]!['inventory'], 'host');
    // Noted behind the reports: the next one takes it along.
    await waitFor(() => isKnown(near, id));
    await postReport(near, key, wholeReport(now + 100, 1));
    await waitFor(() => isKnown(far, farId));
    expect(await inventory(far, farId)).toEqual(await inventory(near, id));
    expect(await waitForState(id, 'idle')).toEqual({
      ...{ state: 'idle', queued: 0, lagSeconds: 0, lastError: null, dropped: 0 },
      lastSentAt: expect.stringMatching(/Z$/),
    });
    expect((await postReport(near, key, wholeReport(now, 0))).body.duplicates).toBe(1);
    expect(await near.query('select at from outbox where monitor_id = $1', [id])).toEqual([]);
  });

  it('are not sent in a circle', async () => {
    const { id, key, farId, farKey } = await createPair();
    const back = { endpointUrl: doorOf(near), endpointApiKey: key };
    expect((await farAdmin.call('PATCH', `/api/monitoring/${farId}`, back)).status).toBe(200);
    await postReport(near, key, { cpu: { usagePercent: 1 } });
    const read = async (): Promise<Json> =>
      (await farAdmin.call('GET', `/api/monitoring/${farId}/status`)).body.forwarding;
    await waitFor(async () => (await read()).state === 'refused');
    expect((await read()).lastError).toMatchObject({
      code: 'forwarding_loop',
      message: expect.stringContaining('endpoint'),
    });
    expect(await readStored(near, id)).toHaveLength(1);
    // What nobody sent on to there goes on; a third hub would get what came from here.
    expect((await postReport(far, farKey, { cpu: { usagePercent: 2 } })).status).toBe(200);
    await farAdmin.call('PATCH', `/api/monitoring/${farId}`, { endpointUrl: null });
    await waitFor(
      async () => (await far.query('select at from outbox where monitor_id = $1', [farId])).length === 0,
    );
    expect(await read()).toBeNull();
  });

  it('wait while the far side is as bad as can be, hold up nobody, and are all there when it is well', async () => {
    const behaviours: Behaviour[] = [
      ...(['down', 'redirect', 'busy', 'broken', 'reset', 'huge', 'bomb', 'slow', 'odd'] as const),
    ];
    const cases = await Promise.all(
      behaviours.map(async (behaviour) => {
        const server = await serve(behaviour);
        const monitor = await admin.createMonitor({
          name: behaviour,
          endpointUrl: `${server.url}/hook`,
          endpointApiKey: KEY,
        });
        return { behaviour, server, ...monitor };
      }),
    );
    const { id, key, farId } = await createPair();
    const sent: number[] = [];
    for (let round = 0; round < 10; round++) {
      const at = Date.now() + round;
      sent.push(at);
      for (const one of [...cases, { key }]) {
        const answer = await postReport(near, one.key, { at, cpu: { usagePercent: round } });
        expect(answer.body.accepted).toBe(1);
      }
    }
    await waitFor(async () => (await readStored(far, farId)).length === 10);
    expect((await waitForState(id, 'idle')).dropped).toBe(0);
    const codes = {
      down: 'refused',
      redirect: 'redirect',
      busy: 'http_429',
      broken: 'http_503',
      reset: 'reset',
    };
    for (const one of cases) {
      const code = codes[one.behaviour as keyof typeof codes];
      if (code) {
        const { lastError, queued, lagSeconds } = await waitForState(one.id, 'retrying');
        expect({ code: lastError.code, queued, hasLag: lagSeconds > 0 }).toEqual({
          code,
          queued: 10,
          hasLag: true,
        });
        expect(lastError.message).not.toMatch(/127\.0\.0\.1|hook/);
      } else if (one.behaviour !== 'slow') await waitForState(one.id, 'idle');
    }
    const busy = cases.find(({ behaviour }) => behaviour === 'busy')!;
    const gaps = busy.server.arrivals.slice(1).map((time, index) => time - busy.server.arrivals[index]!);
    // It asked for 2 s.
    for (const gap of gaps) expect(gap).toBeGreaterThan(1_900);
    for (const { server } of cases) server.become('well');
    for (const { behaviour, server, id: one } of cases) {
      if (behaviour === 'slow') continue;
      await admin.ask('mutation ($id: ID!) { retryForwarding(id: $id) { userErrors { code } } }', {
        id: one,
      });
      await waitForState(one, 'idle');
      const taken = server.taken.flatMap(({ reports }) => reports.map(({ at }) => at));
      expect({ behaviour, taken: [...new Set(taken)] }).toEqual({ behaviour, taken: sent });
      expect(server.taken.every(({ key: sentKey }) => sentKey === KEY)).toBe(true);
    }
    expect(near.output).not.toContain(KEY);
  }, 60_000);

  it('stop at a refusal that somebody has to mend, and go on when they have', async () => {
    const server = await serve('missing');
    const { id, key } = await admin.createMonitor({ endpointUrl: `${server.url}/wrong` });
    await postReport(near, key, { cpu: { usagePercent: 1 } });
    const { lastError } = await waitForState(id, 'refused');
    expect(lastError).toMatchObject({ code: 'http_404', message: expect.stringContaining('Check its path') });
    const asked = server.arrivals.length;
    await postReport(near, key, { cpu: { usagePercent: 2 } });
    expect((await readForwarding(id)).queued).toBe(2);
    expect(server.arrivals).toHaveLength(asked);
    server.become('well');
    await admin.call('PATCH', `/api/monitoring/${id}`, { endpointUrl: `${server.url}/right` });
    await waitForState(id, 'idle');
    expect(server.taken.flatMap(({ reports }) => reports)).toHaveLength(2);
  });

  it('go in halves to who takes less; the one that is too large even alone is counted', async () => {
    const server = await serve('small');
    const { id, key } = await admin.createMonitor({ endpointUrl: server.url });
    const start = Date.now();
    const reports = Array.from({ length: 9 }, (_, index) => ({
      at: start + index,
      cpu: { usagePercent: index },
      custom: index === 4 ? Array.from({ length: 50 }, (__, n) => ({ name: `a.metric${n}`, value: n })) : [],
    }));
    await postReport(near, key, { reports });
    await waitFor(async () => (await readForwarding(id)).queued === 0, { deadlineMs: 15_000 });
    expect((await readForwarding(id)).dropped).toBe(1);
    const taken = server.taken.flatMap(({ reports: some }) => some.map(({ at }) => at - start));
    expect(taken).toEqual([0, 1, 2, 3, 5, 6, 7, 8]);
  });

  it('are at most 10,000; the oldest go, and are counted', async () => {
    const server = await serve('down');
    const { id, key } = await admin.createMonitor({ endpointUrl: server.url });
    const start = Date.now() - 60_000;
    for (let batch = 0; batch < 3; batch++) {
      const reports = Array.from({ length: 4_000 }, (_, index) => ({
        at: start + batch * 4_000 + index,
        cpu: { usagePercent: 1 },
      }));
      expect((await postReport(near, key, { reports })).body.accepted).toBe(4_000);
    }
    await waitFor(async () => (await readForwarding(id)).dropped >= 2_000, { deadlineMs: 15_000 });
    const { queued, dropped } = await readForwarding(id);
    expect(queued).toBeLessThanOrEqual(10_000);
    expect(queued + dropped).toBe(12_000);
    const [row] = await near.query(
      'select count(*)::int as count, max(at)::float8 as last from outbox where monitor_id = $1',
      [id],
    );
    expect(row).toEqual({ count: queued, last: start + 11_999 });
    await admin.call('DELETE', `/api/monitoring/${id}`);
    await waitFor(
      async () => (await near.query('select at from outbox where monitor_id = $1', [id])).length === 0,
    );
  });
});

describe('an endpoint', () => {
  it('keeps its key for the server that it was given for, and shows it to nobody', async () => {
    const server = await serve('well');
    const { id } = await admin.createMonitor({ endpointUrl: `${server.url}/a`, endpointApiKey: KEY });
    const target = `/api/monitoring/${id}`;
    const change = async (body: Json): Promise<Json> => {
      const { endpointUrl, hasEndpointApiKey } = (await admin.call('PATCH', target, body)).body;
      return { endpointUrl, hasEndpointApiKey };
    };
    expect(await change({ endpointUrl: `${server.url}/b` })).toEqual({
      ...{ endpointUrl: `${server.url}/b`, hasEndpointApiKey: true },
    });
    expect(await change({ endpointUrl: 'https://other.example/b' })).toEqual({
      ...{ endpointUrl: 'https://other.example/b', hasEndpointApiKey: false },
    });
    expect((await change({ endpointApiKey: KEY })).hasEndpointApiKey).toBe(true);
    expect((await change({ endpointApiKey: `${KEY}-2` })).hasEndpointApiKey).toBe(true);
    const both = { endpointUrl: `${server.url}/c`, endpointApiKey: KEY };
    expect((await change(both)).hasEndpointApiKey).toBe(true);
    const { auditEntries } = await admin
      .ask('{ auditEntries(filter: { targetType: "monitor" }) { entries { action targetId before after } } }')
      .catch(() => ({ auditEntries: { entries: [] } }));
    expect(JSON.stringify(auditEntries)).not.toContain(KEY);
    const rows = await near.query<Json>('select after from audit_entry where target_id = $1 order by id', [
      id,
    ]);
    expect(JSON.stringify(rows)).not.toContain(KEY);
    expect(rows.map(({ after }) => after?.endpointApiKey)).toEqual([
      'set',
      undefined,
      null,
      'set',
      'replaced',
      'replaced',
    ]);
    const [row] = await near.query<{ text: string }>(
      'select row_to_json(monitor)::text as text from monitor where id = $1',
      [id],
    );
    expect(row!.text).not.toContain(KEY);
    expect((await admin.call('GET', '/api/monitoring/')).text).not.toContain(KEY);
  });
});

describe('a test of an endpoint', () => {
  const test = async (id: string, client = admin): Promise<Json> =>
    (
      await client.ask(
        'mutation ($id: ID!) { testForwarding(id: $id) { test { isWell code message } userErrors { code } } }',
        { id },
      )
    ).testForwarding;

  it('says whether reports would be taken and why not, sends none, and is noted', async () => {
    const { id, farId, farKey } = await createPair();
    expect((await test(id)).test).toMatchObject({ isWell: true, code: 'hub' });
    expect(await readStored(far, farId)).toEqual([]);
    const target = `/api/monitoring/${id}`;
    const wrongKey = `${farKey.slice(0, -1)}${farKey.endsWith('0') ? '1' : '0'}`;
    await admin.call('PATCH', target, { endpointApiKey: wrongKey });
    expect((await test(id)).test).toMatchObject({ isWell: false, code: 'http_401' });
    const server = await serve('down');
    await admin.call('PATCH', target, { endpointUrl: `${server.url}/hook`, endpointApiKey: KEY });
    const refused = (await test(id)).test;
    expect(refused).toMatchObject({ isWell: false, code: 'refused' });
    expect(refused.message).not.toContain('127.0.0.1');
    server.become('well');
    await waitFor(async () => (await fetch(server.url)).status === 405);
    expect((await test(id)).test).toMatchObject({ isWell: true, code: 'taken' });
    expect(server.taken).toEqual([{ key: KEY, reports: [] }]);
    const entries = await near.query<Json>(
      `select after, actor_email from audit_entry where target_id = $1 and action = 'monitor.endpointTested'`,
      [id],
    );
    expect(entries).toHaveLength(4);
    expect(JSON.stringify(entries)).not.toContain(KEY);
  });

  it('is refused without an endpoint, and when there are too many', async () => {
    const { id: none } = await admin.createMonitor();
    expect((await test(none)).userErrors).toEqual([{ code: 'invalid_input' }]);
    const server = await serve('missing');
    const { id } = await admin.createMonitor({ endpointUrl: server.url });
    const answers = [];
    for (let count = 0; count < 7; count++) answers.push(await test(id));
    expect(answers.at(-1)).toMatchObject({ test: null, userErrors: [{ code: 'too_many_requests' }] });
  });
});

describe('kill -9', () => {
  it(
    'of either hub loses nothing that was acknowledged, and makes nothing up',
    async () => {
      const { id, key, farId } = await createPair();
      const acknowledged: number[] = [];
      let isDone = false;
      const send = async (): Promise<void> => {
        for (let at = Date.now() - 600_000; !isDone; at++) {
          const answer = await postReport(near, key, { at, cpu: { usagePercent: at % 100 } }).catch(
            () => undefined,
          );
          if (answer?.status === 200) acknowledged.push(at);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      };
      const sending = send();
      for (let round = 0; round < KILLS; round++) {
        const victim = round % 2 === 0 ? near : far;
        await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 200));
        const port = victim.port;
        await victim.kill9();
        await victim.restart({ PORT: String(port) });
      }
      isDone = true;
      await sending;
      const stored = await readStored(near, id);
      const instants = new Set(stored.map(({ at }) => at as number));
      expect(acknowledged.filter((at) => !instants.has(at))).toEqual([]);
      await waitFor(async () => (await readStored(far, farId)).length === stored.length, {
        deadlineMs: 70_000,
      });
      expect(await readStored(far, farId)).toEqual(stored);
    },
    KILLS * 20_000 + 100_000,
  );
});
