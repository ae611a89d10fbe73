import { EventBus } from '../../src/events/event-bus.js';
import { LatestReports } from '../../src/storage/latest-reports.js';
import { LayoutRegistry } from '../../src/storage/layout-registry.js';
import { SampleStore } from '../support/sample-store.js';
import { stopTestPostgres } from '../support/test-database.js';

const HOUR = 3_600_000;

let store: SampleStore;
let now: number;

beforeEach(async () => {
  store = await SampleStore.open();
  now = Date.now();
}, 60_000);
afterEach(() => store.close());
afterAll(stopTestPostgres, 30_000);

describe('the latest reports', () => {
  it('are one row a monitor: the newest, the one before it, and when it came', async () => {
    const [busy, quiet, silent] = [
      await store.createMonitor('busy'),
      await store.createMonitor('quiet'),
      await store.createMonitor('silent'),
    ];
    const before = await store.makeRow(busy, now - 10_000, { 'a.b': 1 });
    const newest = await store.makeRow(busy, now, { 'a.b': 2, 'c.d': 3 }, { bootId: 'boot-2' });
    await store.groupCommit.store([before]);
    await store.groupCommit.store([{ ...newest, receivedAt: now + 5 }]);
    await store.store(quiet, now - HOUR);
    const latest = await store.latest.readLatest([busy, quiet, silent]);
    expect(latest).toHaveLength(2);
    expect(latest.find(({ monitorId }) => monitorId === busy)).toEqual({
      ...{ monitorId: busy, receivedAt: now + 5 },
      ...{ report: newest.report, previous: before.report },
    });
    expect(latest.find(({ monitorId }) => monitorId === quiet)!.previous).toBeNull();
    expect(await store.latest.readLatest([])).toEqual([]);
    expect(
      (await store.latest.readLastReceived()).map(({ monitorId, at }) => [monitorId, at]).sort(),
    ).toEqual(
      [
        [busy, now],
        [quiet, now - HOUR],
      ].sort(),
    );
  });

  it('tell which series each monitor has had of late', async () => {
    const [one, two, silent] = [
      await store.createMonitor(),
      await store.createMonitor(),
      await store.createMonitor(),
    ];
    await store.groupCommit.store([
      await store.makeRow(one, now, { 'a.b': 1 }),
      await store.makeRow(one, now - 10 * 60_000, { 'a.b': 1, 'gone.soon': 1 }),
      await store.makeRow(one, now - 25 * 60_000, { 'gone.long': 1 }),
      await store.makeRow(two, now - 5 * HOUR, { 'last.words': 1 }),
    ]);
    await store.latest.write();
    const layouts = await store.reader.readLayouts([one, two, silent], now - 20 * 60_000);
    const keysOf = (id: string) =>
      [...new Set(layouts.get(id)!.flatMap((layout) => layout.seriesKeys))].sort();
    expect(keysOf(one)).toEqual(['a.b', 'gone.soon']);
    expect(keysOf(two)).toEqual(['last.words']);
    expect(keysOf(silent)).toEqual([]);
  });

  it('are all there after a kill at any moment, although they are written behind the reports', async () => {
    const [one, late, both] = [
      await store.createMonitor(),
      await store.createMonitor(),
      await store.createMonitor(),
    ];
    const reopen = async () => {
      const events = new EventBus();
      const latest = new LatestReports(store.pool, new LayoutRegistry(store.pool), events);
      await latest.onModuleInit();
      return latest;
    };
    const instants = async (latest: LatestReports) =>
      Object.fromEntries(
        (await latest.readLatest([one, late, both])).map(({ monitorId, report, previous }) => [
          monitorId,
          [report.at, previous?.at ?? null],
        ]),
      );
    const expectKept = async () => {
      const reopened = await reopen();
      expect(await instants(reopened)).toEqual(await instants(store.latest));
      const [first] = await reopened.readLatest([one]);
      const [kept] = await store.latest.readLatest([one]);
      expect([...first!.report.values]).toEqual([...kept!.report.values]);
      expect(first!.report.layout.seriesKeys).toEqual(kept!.report.layout.seriesKeys);
      expect(Math.abs(first!.receivedAt - now)).toBeLessThan(60_000);
    };
    await store.store(one, now - 30_000, now - 20_000, now - 10_000);
    await store.store(late, now - 3 * HOUR, now - 2 * HOUR);
    await expectKept();
    await store.latest.write();
    await expectKept();
    await store.store(one, now - 15_000);
    await store.store(both, now - 2 * HOUR);
    await expectKept();
    await store.store(one, now);
    await store.store(both, now - 1_000);
    await expectKept();
    await store.latest.write();
    await expectKept();
    const { rows } = await store.pool.query<{ at: string; previous_at: string }>(
      'select at, previous_at from monitor_latest where monitor_id = $1',
      [both],
    );
    expect(rows).toEqual([{ at: String(now - 1_000), previous_at: String(now - 2 * HOUR) }]);
  });

  it('leave with their monitor', async () => {
    const monitorId = await store.createMonitor();
    await store.store(monitorId, now);
    await store.pool.query('delete from monitor');
    store.events.announce('monitor.deleted', { monitorId });
    expect(await store.latest.readLatest([monitorId])).toEqual([]);
  });
});
