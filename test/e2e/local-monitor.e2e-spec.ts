import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HubClient, type Json, setUpAdmin } from '../support/hub-client.js';
import { HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';

let hub: HubProcess;
let admin: HubClient;
let id: string;

const count = async (): Promise<number> => {
  const [row] = await hub.query<{ count: number }>(
    `select count(*)::int as count from report where monitor_id in (select id from monitor where kind = 'local')`,
  );
  return row!.count;
};

const readMonitor = async (): Promise<Json> => (await admin.call('GET', `/api/monitoring/${id}`)).body;
const change = async (fields: object): Promise<void> => {
  expect((await admin.call('PATCH', `/api/monitoring/${id}`, fields)).status).toBe(200);
};

async function readLatest(): Promise<{ at: number; values: Record<string, number | null> }> {
  const { latest } = await admin.ask(
    'query ($ids: [ID!]) { latest(monitorIds: $ids) { at metrics values } }',
    { ids: [id] },
  );
  const [{ at, metrics, values }] = latest;
  return {
    at: Date.parse(at),
    values: Object.fromEntries(metrics.map((metric: string, index: number) => [metric, values[index]])),
  };
}

/** The values once a report has come whose values were read after this call. */
async function waitForNewValues(): Promise<Record<string, number | null>> {
  const since = Date.now();
  return waitFor(async () => {
    const { at, values } = await readLatest();
    return at > since && values;
  });
}

beforeAll(async () => {
  hub = await HubProcess.start();
}, 90_000);
afterAll(() => hub.clean(), 60_000);

describe('the machine of the hub', () => {
  it('is watched before anybody has set the hub up, and then belongs to the first admin', async () => {
    await waitFor(async () => (await count()) > 0);
    admin = await setUpAdmin(hub);
    const [monitor, ...others] = await waitFor(async () => {
      const { body } = await admin.call('GET', '/api/monitoring/');
      return body[0]?.host ? body : undefined;
    });
    expect(others).toEqual([]);
    expect(monitor).toMatchObject({
      kind: 'local',
      name: os.hostname(),
      state: 'running',
      health: 'up',
      lastError: null,
      host: { hostname: os.hostname(), kernel: os.release(), arch: os.arch() },
    });
    ({ id } = monitor);
    const owners = await hub.query(
      `select u.email from monitor m join app_user u on u.id = m.owner_id where m.kind = 'local'`,
    );
    expect(owners).toHaveLength(1);
  });

  it('is watched at another interval as soon as that is asked for', async () => {
    await change({ intervalSeconds: 1 });
    const before = await count();
    await waitFor(async () => (await count()) >= before + 3);
    const rows = await hub.query<{ at: string; interval_ms: number }>(
      'select at, interval_ms from report where monitor_id = $1 order by at desc limit 2',
      [id],
    );
    expect(rows.map(({ interval_ms }) => interval_ms)).toEqual([1_000, 1_000]);
  });

  it('is reported as the kernel counts it', async () => {
    await waitForNewValues();
    const values = await waitForNewValues();
    const meminfo = readFileSync('/proc/meminfo', 'utf8');
    const totalBytes = Number(/^MemTotal:\s+(\d+) kB/m.exec(meminfo)![1]) * 1024;
    expect(values['memory.totalBytes']).toBe(totalBytes);
    expect(values['memory.usedBytes']! + values['memory.availableBytes']!).toBe(totalBytes);
    expect(values['memory.usagePercent']).toBeCloseTo((values['memory.usedBytes']! / totalBytes) * 100, 1);
    const cores = os.cpus().length;
    expect(values['cpu.cores']).toBe(cores);
    expect(values['cpu.load1']).toBeGreaterThanOrEqual(0);
    for (const key of [
      'cpu.usagePercent',
      ...Array.from({ length: cores }, (_, n) => `cpu.perCorePercent{core="${n}"}`),
    ]) {
      expect(values[key]).toBeGreaterThanOrEqual(0);
      expect(values[key]).toBeLessThanOrEqual(100);
    }
    const interfaces = readFileSync('/proc/net/dev', 'utf8');
    for (const [key, rate] of Object.entries(values)) {
      const name = /^network\.bytesSent\{interface="(.+)"\}$/.exec(key)?.[1];
      if (name === undefined) continue;
      expect(interfaces).toContain(`${name}:`);
      expect(rate).toBeGreaterThanOrEqual(0);
    }
    for (const [key, value] of Object.entries(values)) {
      const mount = /^storage\.totalBytes\{mount="(.+)"\}$/.exec(key)?.[1];
      if (mount === undefined) continue;
      const { blocks, bsize } = await statfs(mount);
      expect(value).toBe(blocks * bsize);
    }
  });

  it('shows its work: a busy core is seen', async () => {
    const until = Date.now() + 2_500;
    let busiest = 0;
    while (Date.now() < until) {
      const turn = Date.now() + 200;
      while (Date.now() < turn);
      busiest = Math.max(busiest, (await readLatest()).values['cpu.usagePercent'] ?? 0);
    }
    // This process alone has kept most of one core busy.
    expect(busiest).toBeGreaterThan(30 / os.cpus().length);
  });

  it('is watched only for what is asked', async () => {
    await change({ resources: ['memory'] });
    await waitFor(async () =>
      Object.keys(await waitForNewValues()).every((key) => key.startsWith('memory.')),
    );
    await change({ resources: [] });
    await change({ resources: ['cpu', 'memory'] });
    await waitFor(async () => {
      const keys = Object.keys(await waitForNewValues());
      return keys.includes('cpu.usagePercent') && keys.includes('memory.usedBytes');
    });
    expect((await readMonitor()).lastError).toBeNull();
  }, 60_000);

  it('is measured each second while somebody looks, and stored at its interval', async () => {
    await change({ intervalSeconds: 60 });
    await waitFor(async () => (await readMonitor()).intervalSeconds === 60);
    const live = admin.subscribe<{ reports: { at: string; metrics: string[] }[] }>(
      'subscription ($id: ID!) { reportsReceived(monitorIds: [$id]) { reports { at metrics } } }',
      { id },
    );
    await waitFor(() => live.isOpen);
    const openedAt = Date.now();
    await live.waitForEvent(() => live.events.length >= 4);
    const instants = live.events.flatMap(({ reports }) => reports.map(({ at }) => Date.parse(at)));
    expect(Math.max(...instants) - Math.min(...instants)).toBeLessThan(30_000);
    expect(live.events.at(-1)!.reports[0]!.metrics).toContain('cpu.usagePercent');
    const stored = await hub.query<{ interval_ms: number }>(
      'select interval_ms from report where monitor_id = $1 and at >= $2',
      [id, openedAt],
    );
    // The change itself brings one, and a beat of the minute may lie in between.
    expect(stored.length).toBeLessThanOrEqual(2);
    for (const { interval_ms } of stored) expect(interval_ms).toBe(60_000);
    await live.close();

    // Who looks at more than five looks at none of them closely: no report of each second comes any more.
    const others = await Promise.all(Array.from({ length: 5 }, () => admin.createMonitor()));
    const ids = [id, ...others.map((other) => other.id)];
    const overview = admin.subscribe(
      'subscription ($ids: [ID!]!) { reportsReceived(monitorIds: $ids) { reports { at } } }',
      { ids },
    );
    await waitFor(() => overview.isOpen);
    await sleep(2_500);
    expect(overview.errors).toEqual([]);
    expect(overview.events.length).toBeLessThanOrEqual(1);
    await overview.close();
    for (const other of others) await admin.call('DELETE', `/api/monitoring/${other.id}`);
    await change({ intervalSeconds: 1 });
  }, 60_000);

  it('is left alone while its monitor is stopped', async () => {
    const stopped = await admin.call('POST', `/api/monitoring/${id}/stop`);
    expect(stopped.body).toMatchObject({ state: 'stopped', health: 'paused' });
    // A round that was under way may end.
    await sleep(500);
    const before = await count();
    await sleep(2_500);
    expect(await count()).toBe(before);
    await hub.stop();
    await hub.restart();
    await sleep(1_500);
    expect(await count()).toBe(before);
    expect((await readMonitor()).state).toBe('stopped');
    await admin.call('POST', `/api/monitoring/${id}/start`);
    await waitFor(async () => (await count()) > before + 1);
    await waitFor(async () => (await readMonitor()).health === 'up');
  }, 60_000);

  it('is not taken up again when its owner has deleted it, but when they ask for it', async () => {
    expect((await admin.call('DELETE', `/api/monitoring/${id}`)).status).toBe(204);
    await hub.stop();
    await hub.restart();
    await sleep(1_500);
    expect((await admin.call('GET', '/api/monitoring/')).body).toEqual([]);
    expect(await count()).toBe(0);
    ({ id } = await admin.createMonitor({ name: 'here again', kind: 'local', intervalSeconds: 1 }));
    await waitFor(async () => (await readMonitor()).health === 'up');
  }, 60_000);

  it('has left no complaint in the log', () => {
    const complaints = hub.output
      .split('\n')
      .filter((line) => /"level":(40|50|60)/.test(line) && !line.includes('"context":"page"'));
    expect(complaints).toEqual([]);
  });
});
