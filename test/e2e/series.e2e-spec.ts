import { type HubClient, type Json, postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';

const STEP_MS = 10_000;
/** On a full minute, so that buckets begin where the reports do; within the fresh half hour. */
const START = Math.floor(Date.now() / 60_000) * 60_000 - 15 * 60_000;

let hub: HubProcess;
let admin: HubClient;

beforeAll(async () => {
  hub = await HubProcess.start({ env: ADMIN_ENV });
  admin = await signIn(hub);
}, 90_000);
afterAll(() => hub.clean(), 60_000);

interface Ask {
  metrics?: string[];
  from?: number;
  to?: number;
  maxPoints?: number;
}

const FIELDS =
  '{ timestamps resolutionSeconds tier columns { monitorId metric labels unit mean min max coverage } }';

async function askSeries(monitorIds: string[], ask: Ask = {}): Promise<Json> {
  const { metrics = ['cpu.usagePercent'], from = START, to = START + 600_000 - 1, maxPoints } = ask;
  const data = await admin.ask(
    `query ($monitorIds: [ID!]!, $metrics: [String!]!, $from: DateTime!, $to: DateTime!, $maxPoints: Int) {
       series(monitorIds: $monitorIds, metrics: $metrics, from: $from, to: $to, maxPoints: $maxPoints) ${FIELDS} }`,
    {
      monitorIds,
      metrics,
      from: new Date(from),
      to: new Date(to),
      ...(maxPoints !== undefined && { maxPoints }),
    },
  );
  return data.series;
}

/** A monitor with these reports: a number each is the CPU, at the steps given by their position. */
async function createWith(reports: readonly (object | undefined)[]): Promise<{ id: string; key: string }> {
  const monitor = await admin.createMonitor();
  const sent = reports.flatMap((report, index) =>
    report ? [{ at: START + index * STEP_MS, ...report }] : [],
  );
  const answer = await postReport(hub, monitor.key, { reports: sent });
  expect(answer.body).toMatchObject({ accepted: sent.length, rejected: [] });
  return monitor;
}

const cpu = (usagePercent: number): object => ({ cpu: { usagePercent } });
const sent = (bytesSent: number | string, more: object = {}): object => ({
  network: [{ interface: 'eth0', bytesSent }],
  ...more,
});
const at = (...steps: number[]): number[] => steps.map((step) => START + step * STEP_MS);

describe('samples as they were reported', () => {
  it('come at their own instants', async () => {
    const { id } = await createWith([cpu(1.5), cpu(2.25), cpu(0)]);
    expect(await askSeries([id])).toEqual({
      timestamps: at(0, 1, 2),
      resolutionSeconds: 10,
      tier: 0,
      columns: [
        {
          monitorId: id,
          metric: 'cpu.usagePercent',
          labels: {},
          unit: 'percent',
          mean: [1.5, 2.25, 0],
          min: [1.5, 2.25, 0],
          max: [1.5, 2.25, 0],
          coverage: [1, 1, 1],
        },
      ],
    });
  });

  it('have a gap where reports are missing, and where a value is', async () => {
    const { id } = await createWith([
      cpu(1),
      cpu(2),
      undefined,
      cpu(4),
      undefined,
      undefined,
      undefined,
      cpu(8),
    ]);
    const series = await askSeries([id]);
    // One missing report is no gap; three are, and one instant without a value stands for them.
    expect(series.timestamps).toEqual([...at(0, 1, 3), START + 3 * STEP_MS + STEP_MS, ...at(7)]);
    expect(series.columns[0].mean).toEqual([1, 2, 4, null, 8]);
    const partly = await createWith([cpu(1), { memory: { usedBytes: 5 } }, cpu(3)]);
    const both = await askSeries([partly.id], { metrics: ['cpu.usagePercent', 'memory.usedBytes'] });
    expect(both.columns.map(({ mean }: { mean: number[] }) => mean)).toEqual([
      [1, null, 3],
      [null, 5, null],
    ]);
  });

  it('are of the range that was asked for, both ends included', async () => {
    const { id } = await createWith([cpu(1), cpu(2), cpu(3), cpu(4)]);
    const series = await askSeries([id], { from: at(1)[0]!, to: at(2)[0]! });
    expect([series.timestamps, series.columns[0].mean]).toEqual([at(1, 2), [2, 3]]);
    expect(await askSeries([id], { from: START - 60_000, to: START - 1 })).toMatchObject({
      timestamps: [],
      columns: [],
    });
    expect(await askSeries([id], { metrics: ['no.such'] })).toMatchObject({ columns: [] });
  });

  it('of a device are found by name or by label', async () => {
    const { id } = await createWith([
      {
        storage: [
          { mount: '/', usedBytes: 1 },
          { mount: '/a "b"', usedBytes: 2 },
        ],
        cpu: { perCorePercent: [3, 4] },
      },
    ]);
    const find = async (...metrics: string[]): Promise<unknown> =>
      (await askSeries([id], { metrics })).columns.map(
        ({ labels, mean }: { labels: Record<string, string>; mean: number[] }) => [
          ...Object.values(labels),
          ...mean,
        ],
      );
    expect(await find('storage.usedBytes')).toEqual([
      ['/', 1],
      ['/a "b"', 2],
    ]);
    expect(await find('storage.usedBytes{mount="/a \\"b\\""}')).toEqual([['/a "b"', 2]]);
    expect(await find('cpu.perCorePercent{core="1"}', 'storage.usedBytes{mount="/"}')).toEqual([
      ['1', 4],
      ['/', 1],
    ]);
  });
});

describe('counters', () => {
  it('come as rates per second; the report before the range gives the first', async () => {
    const { id } = await createWith([sent(1_000), sent(2_000), sent('2500'), undefined, sent(4_500)]);
    const metrics = ['network.bytesSent'];
    const series = await askSeries([id], { metrics });
    expect(series.columns[0]).toMatchObject({
      unit: 'bytes',
      labels: { interface: 'eth0' },
      mean: [null, 100, 50, 100],
    });
    const later = await askSeries([id], { metrics, from: at(1)[0]! });
    expect(later.columns[0].mean).toEqual([100, 50, 100]);
  });

  it('are unknown, never negative, over a reboot, a decrease or a gap', async () => {
    const boot = (bootId: string) => ({ bootId });
    const { id } = await createWith([
      sent(5_000, boot('a')),
      sent(6_000, boot('a')),
      sent(9_000, boot('b')),
      sent(9_500, boot('b')),
      sent(100, boot('b')),
      sent(200, boot('b')),
      undefined,
      undefined,
      undefined,
      sent(900, boot('b')),
      sent(1_000, boot('b')),
    ]);
    const [column] = (await askSeries([id], { metrics: ['network.bytesSent'] })).columns;
    expect(column.mean).toEqual([null, 100, null, 50, null, 10, null, null, 10]);
  });

  it('go on over the wrap of a 32-bit counter', async () => {
    const { id } = await createWith([sent(2 ** 32 - 1_000), sent(500)]);
    const [column] = (await askSeries([id], { metrics: ['network.bytesSent'] })).columns;
    expect(column.mean).toEqual([null, 150]);
  });
});

describe('more samples than points', () => {
  it('come in buckets with mean, extremes and coverage', async () => {
    const reports = Array.from({ length: 60 }, (_, index) => ({ ...cpu(index), ...sent(index * 100) }));
    const { id } = await createWith(
      reports.map((report, index) => (index >= 33 && index < 36 ? undefined : report)),
    );
    const series = await askSeries([id], {
      metrics: ['cpu.usagePercent', 'network.bytesSent'],
      maxPoints: 10,
    });
    expect([series.resolutionSeconds, series.tier]).toEqual([60, 1]);
    expect(series.timestamps).toEqual(Array.from({ length: 10 }, (_, index) => START + index * 60_000));
    const [usage, rate] = series.columns;
    expect(usage.mean.slice(0, 6)).toEqual([2.5, 8.5, 14.5, 20.5, 26.5, 31]);
    expect(usage.min[1]).toBe(6);
    expect(usage.max[1]).toBe(11);
    expect(usage.coverage.slice(4, 7)).toEqual([1, 0.5, 1]);
    expect(rate.mean).toEqual(Array(10).fill(10));
  });

  it('are null where nothing was reported', async () => {
    const { id } = await createWith([cpu(1), ...Array<undefined>(50).fill(undefined), cpu(2)]);
    const apart = await askSeries([id, (await createWith([cpu(5)])).id], { maxPoints: 10 });
    expect(apart.columns[0].mean).toEqual([1, ...Array(7).fill(null), 2, null]);
  });
});

describe('several monitors', () => {
  it('share one grid', async () => {
    const one = await createWith([cpu(1), cpu(2), cpu(3)]);
    const two = await createWith([undefined, cpu(20), cpu(30)]);
    const series = await askSeries([one.id, two.id], { to: at(2)[0]! });
    expect(series.timestamps).toEqual(at(0, 1, 2));
    const byMonitor = Object.fromEntries(
      series.columns.map(({ monitorId, mean }: { monitorId: string; mean: number[] }) => [monitorId, mean]),
    );
    expect(byMonitor).toEqual({ [one.id]: [1, 2, 3], [two.id]: [null, 20, 30] });
  });
});

describe('a report that comes late', () => {
  it.each([
    ['within the half hour', 0],
    ['hours later', 5 * 3_600_000],
    ['a week later', 7 * 24 * 3_600_000],
  ])('stands in its place: %s', async (_, ageMs) => {
    const start = START - ageMs;
    const { id, key } = await admin.createMonitor();
    const post = (step: number, value: number): Promise<unknown> =>
      postReport(hub, key, { at: start + step * STEP_MS, ...cpu(value), ...sent(value * 1_000) });
    await post(0, 1);
    await post(2, 3);
    await post(1, 2);
    const series = await askSeries([id], {
      metrics: ['cpu.usagePercent', 'network.bytesSent'],
      from: start,
      to: start + 60_000,
    });
    expect(series.timestamps).toEqual([0, 1, 2].map((step) => start + step * STEP_MS));
    expect(series.columns[0].mean).toEqual([1, 2, 3]);
    expect(series.columns[1].mean).toEqual([null, 100, 100]);
  });
});

describe('a question that cannot be answered', () => {
  it.each([
    ['a range that ends before it begins', { from: START, to: START }],
    ['a range of a century', { from: 0 }],
    ['no point', { maxPoints: 0 }],
    ['too many points', { maxPoints: 11_001 }],
    ['too many metrics', { metrics: Array.from({ length: 501 }, (_, index) => `m${index}`) }],
  ])('is refused: %s', async (_, ask) => {
    const { id } = await admin.createMonitor();
    await expect(askSeries([id], ask)).rejects.toThrow('"code":"invalid_input"');
  });

  it('is refused where an instant is none', async () => {
    const { errors } = await admin.gql(
      `{ series(monitorIds: [], metrics: [], from: "yesterday", to: "2026-01-01T00:00:00Z") ${FIELDS} }`,
    );
    expect(errors?.[0]?.extensions.code).toMatch(/BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED/);
  });
});

describe('the latest values', () => {
  it('are those of the newest report, whatever came after it, and stay so over a restart', async () => {
    const { id, key } = await createWith([
      { ...cpu(1), ...sent(1_000) },
      { ...cpu(2), ...sent(3_000) },
    ]);
    await postReport(hub, key, { at: START - STEP_MS, ...cpu(99), ...sent(1) });
    const bare = await admin.createMonitor();
    const ask = async (): Promise<unknown> =>
      (
        await admin.ask(
          'query ($ids: [ID!]) { latest(monitorIds: $ids) { monitorId at receivedAt metrics values } }',
          { ids: [id, bare.id] },
        )
      ).latest;
    const latest = await ask();
    expect(latest).toEqual([
      {
        monitorId: id,
        at: new Date(at(1)[0]!).toISOString(),
        receivedAt: expect.stringMatching(/Z$/),
        metrics: ['cpu.usagePercent', 'network.bytesSent{interface="eth0"}'],
        values: [2, 200],
      },
    ]);
    await hub.stop();
    await hub.restart();
    expect(await ask()).toEqual(latest);
    await hub.kill9();
    await hub.restart();
    expect(await ask()).toEqual(latest);
    const some = await admin.ask(
      'query ($ids: [ID!]) { latest(monitorIds: $ids, metrics: ["network.bytesSent"]) { metrics values } }',
      { ids: [id] },
    );
    expect(some.latest).toEqual([{ metrics: ['network.bytesSent{interface="eth0"}'], values: [200] }]);
  }, 60_000);
});
