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
    const latest = await store.reader.readLatest([busy, quiet, silent]);
    expect(latest).toHaveLength(2);
    expect(latest.find(({ monitorId }) => monitorId === busy)).toEqual({
      ...{ monitorId: busy, receivedAt: now + 5 },
      ...{ report: newest.report, previous: before.report },
    });
    expect(latest.find(({ monitorId }) => monitorId === quiet)!.previous).toBeNull();
    expect(await store.reader.readLatest([])).toEqual([]);
    expect(
      (await store.reader.readLastReceived()).map(({ monitorId, at }) => [monitorId, at]).sort(),
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
    const layouts = await store.reader.readLayouts([one, two, silent], now - 20 * 60_000);
    const keysOf = (id: string) =>
      [...new Set(layouts.get(id)!.flatMap((layout) => layout.seriesKeys))].sort();
    expect(keysOf(one)).toEqual(['a.b', 'gone.soon']);
    expect(keysOf(two)).toEqual(['last.words']);
    expect(keysOf(silent)).toEqual([]);
  });

  it('leave with their monitor', async () => {
    const monitorId = await store.createMonitor();
    await store.store(monitorId, now);
    await store.pool.query('delete from monitor');
    expect(await store.reader.readLatest([monitorId])).toEqual([]);
  });
});
