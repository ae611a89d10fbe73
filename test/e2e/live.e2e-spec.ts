import { setTimeout as sleep } from 'node:timers/promises';
import { type HubClient, type LiveSubscription, postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, FAST_SENDERS_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';

interface LiveReport {
  monitorId: string;
  at: string;
  previousAt: string | null;
  metrics: string[];
  values: (number | null)[];
}
interface Batch {
  reports: LiveReport[];
}
interface Change {
  id: string;
  name: string;
  state: string;
  health: string;
  version: number;
}
interface Backfill {
  monitorId: string;
  from: string;
  to: string;
}

let hub: HubProcess;
let admin: HubClient;
/** Reports once a second, and falls silent for good while the other tests run. */
let silent: { id: string; key: string };
let silentChanges: LiveSubscription<Change>;
const open: LiveSubscription<unknown>[] = [];

beforeAll(async () => {
  hub = await HubProcess.start({ env: { ...ADMIN_ENV, ...FAST_SENDERS_ENV } });
  admin = await signIn(hub);
  silent = await admin.createMonitor({ name: 'silent-01', intervalSeconds: 1 });
  silentChanges = watchChanges([silent.id]);
  await postReport(hub, silent.key, {});
}, 90_000);
afterAll(async () => {
  await silentChanges.close();
  await hub.clean();
}, 60_000);
afterEach(async () => {
  await Promise.all(open.splice(0).map((subscription) => subscription.close()));
});

function watchChanges(ids?: string[]): LiveSubscription<Change> {
  return admin.subscribe<Change>(
    'subscription ($ids: [ID!]) { monitorStatusChanged(monitorIds: $ids) { id name state health version } }',
    { ids: ids ?? null },
  );
}

function watchReports(ids: string[], metrics?: string[]): LiveSubscription<Batch> {
  const subscription = admin.subscribe<Batch>(
    `subscription ($ids: [ID!]!, $metrics: [String!]) {
       reportsReceived(monitorIds: $ids, metrics: $metrics) { reports { monitorId at previousAt metrics values } } }`,
    { ids, metrics: metrics ?? null },
  );
  open.push(subscription);
  return subscription;
}

function watchBackfills(ids: string[]): LiveSubscription<Backfill> {
  const subscription = admin.subscribe<Backfill>(
    'subscription ($ids: [ID!]!) { samplesBackfilled(monitorIds: $ids) { monitorId from to } }',
    { ids },
  );
  open.push(subscription);
  return subscription;
}

/** Nothing says when a subscription has begun: this makes an event again and again until one has come. */
async function waitUntilHeard(
  subscription: LiveSubscription<unknown>,
  cause: (round: number) => Promise<unknown>,
): Promise<void> {
  let round = 0;
  await waitFor(
    async () => {
      await cause(round++);
      await sleep(100);
      return subscription.events.length > 0;
    },
    { what: () => `nothing was heard; errors ${JSON.stringify(subscription.errors)}` },
  );
}

const findReport = (batches: readonly Batch[], at: number): LiveReport | undefined =>
  batches.flatMap(({ reports }) => reports).find((report) => Date.parse(report.at) === at);

describe('reportsReceived', () => {
  it('gives the newest report of each monitor, at most once a second, and tells of what it left out', async () => {
    const monitors = [await admin.createMonitor(), await admin.createMonitor()];
    const ids = monitors.map(({ id }) => id);
    const live = watchReports(ids);
    await waitUntilHeard(live, () => postReport(hub, monitors[0]!.key, {}));
    const known = live.events.length;
    const startedAt = Date.now();
    const sent = new Map<string, number[]>(ids.map((id) => [id, []]));
    while (Date.now() - startedAt < 3_500) {
      for (const { id, key } of monitors) {
        const at = Date.now();
        await postReport(hub, key, { at, cpu: { usagePercent: 5 } });
        sent.get(id)!.push(at);
      }
      await sleep(30);
    }
    for (const id of ids) {
      const last = sent.get(id)!.at(-1)!;
      await live.waitForEvent(({ reports }) =>
        reports.some((report) => report.monitorId === id && Date.parse(report.at) === last),
      );
    }
    const batches = live.events.slice(known);
    expect(sent.get(ids[0]!)!.length).toBeGreaterThan(batches.length * 2);
    expect(batches.length).toBeLessThanOrEqual(Math.ceil((Date.now() - startedAt) / 1000) + 1);
    for (const { reports } of batches) {
      expect(new Set(reports.map(({ monitorId }) => monitorId)).size).toBe(reports.length);
    }
    for (const id of ids) {
      const instants = sent.get(id)!;
      const seen = batches.flatMap(({ reports }) => reports.filter(({ monitorId }) => monitorId === id));
      const order = seen.map(({ at }) => Date.parse(at));
      expect(order).toEqual([...order].sort((a, b) => a - b));
      for (const { at, previousAt } of seen.slice(1)) {
        expect(Date.parse(previousAt!)).toBe(instants[instants.indexOf(Date.parse(at)) - 1]);
      }
    }
  }, 30_000);

  it('gives the metrics that were asked for, counters as rates', async () => {
    const { id, key } = await admin.createMonitor();
    const start = Date.now() - 600_000;
    const post = (step: number): Promise<unknown> =>
      postReport(hub, key, {
        at: start + step * 10_000,
        cpu: { usagePercent: 5, load1: 1 },
        network: [
          { interface: 'eth0', bytesSent: step * 1_000, bytesReceived: 7 },
          { interface: 'eth1', bytesSent: step * 2_000 },
        ],
      });
    const live = watchReports([id], ['network.bytesSent', 'cpu.load1']);
    await waitUntilHeard(live, post);
    const next = live.events.length + 55;
    await post(next - 1);
    await post(next);
    const { reports } = await live.waitForEvent(
      (batch) => findReport([batch], start + next * 10_000) !== undefined,
    );
    expect(reports).toEqual([
      {
        monitorId: id,
        at: new Date(start + next * 10_000).toISOString(),
        previousAt: new Date(start + (next - 1) * 10_000).toISOString(),
        metrics: ['cpu.load1', 'network.bytesSent{interface="eth0"}', 'network.bytesSent{interface="eth1"}'],
        values: [1, 100, 200],
      },
    ]);
  });

  it('names the report before by time, also when older ones arrive in the same request', async () => {
    const { id, key } = await admin.createMonitor();
    const live = watchReports([id]);
    await waitUntilHeard(live, () => postReport(hub, key, {}));
    const newest = Date.now();
    await postReport(hub, key, { at: newest, cpu: { usagePercent: 1 } });
    await postReport(hub, key, {
      reports: [{ at: newest - 60_000 }, { at: newest + 1_000, cpu: { usagePercent: 2 } }],
    });
    await live.waitForEvent((batch) => findReport([batch], newest + 1_000) !== undefined);
    expect(findReport(live.events, newest + 1_000)).toMatchObject({
      previousAt: new Date(newest).toISOString(),
      values: [2],
    });
  });

  it('says nothing of late reports, and nothing more of a monitor that was deleted', async () => {
    const [one, two] = [await admin.createMonitor(), await admin.createMonitor()];
    const live = watchReports([one.id, two.id]);
    await waitUntilHeard(live, () => postReport(hub, one.key, {}));
    const late = Date.now() - 60_000;
    await postReport(hub, one.key, { at: late });
    await admin.call('DELETE', `/api/monitoring/${one.id}`);
    const last = Date.now();
    await postReport(hub, two.key, { at: last });
    await live.waitForEvent((batch) => findReport([batch], last) !== undefined);
    expect(findReport(live.events, late)).toBeUndefined();
  });
});

describe('samplesBackfilled', () => {
  it('tells which span of history has changed', async () => {
    const { id, key } = await admin.createMonitor();
    const now = Date.now();
    await postReport(hub, key, { at: now });
    const backfills = watchBackfills([id]);
    await waitUntilHeard(backfills, (round) => postReport(hub, key, { at: now - 60_000 + round }));
    const reports = [7_200_000, 3_600_000, 300_000].map((age) => ({ at: now - age }));
    await postReport(hub, key, { reports });
    await waitFor(() => {
      const spans = backfills.events.map(({ from, to }) => [Date.parse(from), Date.parse(to)] as const);
      return reports.every(({ at }) => spans.some(([from, to]) => from <= at && at <= to));
    });
    const known = backfills.events.length;
    // Duplicates change nothing, and what goes on at the end is no backfill.
    await postReport(hub, key, { reports });
    await postReport(hub, key, { at: now + 1_000 });
    await postReport(hub, key, { at: now - 30_000 });
    await backfills.waitForEvent(({ from }) => Date.parse(from) === now - 30_000);
    expect(backfills.events.slice(known)).toEqual([
      {
        monitorId: id,
        from: new Date(now - 30_000).toISOString(),
        to: new Date(now - 30_000).toISOString(),
      },
    ]);
  });
});

describe('monitorStatusChanged', () => {
  it('tells of new monitors, of changes, of stop and start', async () => {
    const changes = watchChanges();
    open.push(changes);
    const { id } = await admin.createMonitor({ name: 'first' });
    await waitUntilHeard(changes, (round) =>
      admin.call('PATCH', `/api/monitoring/${id}`, { description: `round ${round}` }),
    );
    const created = await admin.createMonitor({ name: 'second' });
    await changes.waitForEvent((change) => change.id === created.id && change.health === 'PENDING');
    await admin.call('POST', `/api/monitoring/${created.id}/stop`);
    expect(await changes.waitForEvent(({ state }) => state === 'STOPPED')).toMatchObject({
      id: created.id,
      health: 'PAUSED',
      version: 2,
    });
    await admin.call('POST', `/api/monitoring/${created.id}/start`);
    await changes.waitForEvent((change) => change.id === created.id && change.version === 3);
    await admin.call('PUT', `/api/monitoring/${created.id}`, { name: 'renamed' });
    await changes.waitForEvent(({ name }) => name === 'renamed');
  });

  it('tells when a monitor is heard, is late, and is heard again', async () => {
    const { id, key } = await admin.createMonitor({ intervalSeconds: 1 });
    const changes = watchChanges([id]);
    open.push(changes);
    await waitUntilHeard(changes, (round) =>
      admin.call('PATCH', `/api/monitoring/${id}`, { description: `round ${round}` }),
    );
    await postReport(hub, key, {});
    await changes.waitForEvent(({ health }) => health === 'UP');
    await changes.waitForEvent(({ health }) => health === 'LATE');
    const known = changes.events.length;
    await postReport(hub, key, {});
    await waitFor(() => changes.events.slice(known).some(({ health }) => health === 'UP'));
  });

  it('tells at last that a silent one is down, and at once when it is back', async () => {
    await silentChanges.waitForEvent(({ health }) => health === 'DOWN', 90_000);
    const order = [...new Set(silentChanges.events.map(({ health }) => health))];
    expect(order.slice(-2)).toEqual(['LATE', 'DOWN']);
    expect((await admin.call('GET', `/api/monitoring/${silent.id}/status`)).body.health).toBe('down');
    await postReport(hub, silent.key, {});
    await waitFor(() => silentChanges.events.at(-1)!.health === 'UP');
  }, 100_000);
});

describe('a subscriber', () => {
  it('whose session ends is sent away with 4403', async () => {
    const leaving = await signIn(hub);
    const { id, key } = await admin.createMonitor();
    const live = leaving.subscribe<Batch>(
      'subscription ($ids: [ID!]!) { reportsReceived(monitorIds: $ids) { reports { monitorId } } }',
      { ids: [id] },
    );
    await waitUntilHeard(live, () => postReport(hub, key, {}));
    expect((await leaving.call('POST', '/api/auth/logout')).status).toBe(204);
    await waitFor(() => live.closeCode === 4403, { what: () => `closed with ${live.closeCode}` });
    const known = live.events.length;
    await postReport(hub, key, {});
    await sleep(1_200);
    expect(live.events).toHaveLength(known);
  });

  it('that asks for too much is told so', async () => {
    const live = watchReports(Array.from({ length: 10_001 }, (_, index) => `${index}`.slice(-1)));
    await waitFor(() => live.errors.length > 0);
    expect(JSON.stringify(live.errors)).toContain('invalid_input');
  });
});
