import { jest } from '@jest/globals';
import { TIERS } from '../../src/core/blocks/tiers.js';
import type { StoredReport } from '../../src/core/model/stored-report.js';
import { BlockContent } from '../../src/storage/block-content.js';
import { LayoutRegistry } from '../../src/storage/layout-registry.js';
import { ReportReader } from '../../src/storage/report-reader.js';
import { SampleStore } from '../support/sample-store.js';
import { stopTestPostgres } from '../support/test-database.js';

const HOUR = 3_600_000;

let store: SampleStore;
let monitorId: string;
let now: number;

beforeEach(async () => {
  store = await SampleStore.open();
  monitorId = await store.createMonitor();
  now = Date.now();
}, 60_000);
afterEach(async () => {
  jest.restoreAllMocks();
  await store.close();
});
afterAll(stopTestPostgres, 30_000);

const instantsOf = (reports: readonly StoredReport[]) => reports.map(({ at }) => at);

describe('reading a range', () => {
  it('gives hot and late reports of one monitor in time order, both ends included', async () => {
    const instants = [now - 2 * HOUR, now - HOUR, now - 20_000, now - 10_000, now];
    await store.store(monitorId, ...instants.toReversed());
    await store.store(await store.createMonitor('web-02'), now - 15_000);
    expect(instantsOf(await store.reader.readRange(monitorId, instants[0]!, now))).toEqual(instants);
    expect(instantsOf(await store.reader.readRange(monitorId, instants[0]! + 1, now - 1))).toEqual(
      instants.slice(1, -1),
    );
    expect(await store.reader.readRange(monitorId, now + 1, now + HOUR)).toEqual([]);
  });

  it('keeps an instant once, although the clock was set back in between', async () => {
    const at = now - 31 * 60_000;
    await store.store(monitorId, at);
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now - 5 * 60_000);
    await store.store(monitorId, at);
    clock.mockRestore();
    expect(await store.listInstants(monitorId)).toEqual({ hot: [], late: [at] });
    expect(instantsOf(await store.reader.readRange(monitorId, 0, now))).toEqual([at]);
  });

  it('gives a long one in pages, none of it twice and nothing left out', async () => {
    const instants = Array.from({ length: 5_000 }, (_, index) => now - index * 10_000).toReversed();
    await store.store(monitorId, ...instants);
    const pages: number[][] = [];
    for await (const page of store.reader.readPages(monitorId, 0, now)) pages.push(instantsOf(page));
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flat()).toEqual(instants);
  });

  it('finds the values under their names after a restart, whatever their order was on the wire', async () => {
    const one = { 'b.x': 1, 'a.y': 2, 'c.z': 3 };
    const other = { 'c.z': 30, 'b.x': 10, 'a.y': 20 };
    await store.groupCommit.store([
      await store.makeRow(monitorId, now - 1, one),
      await store.makeRow(monitorId, now, other),
    ]);
    const layouts = new LayoutRegistry(store.pool);
    const reader = new ReportReader(store.pool, layouts, new BlockContent(layouts));
    const [first, second] = await reader.readRange(monitorId, 0, now);
    expect(first!.layout).toBe(second!.layout);
    expect([...first!.values]).toEqual([2, 1, 3]);
    expect(second!.layout.seriesKeys.map((key, index) => [key, second!.values[index]])).toEqual(
      Object.entries(other).sort(),
    );
  });
});

describe('layouts', () => {
  const resolve = async (keys: string[], definitions: Parameters<LayoutRegistry['resolve']>[1] = null) =>
    (await store.layouts.resolve(keys, definitions))!.layout;

  it('are shared by all reports of one shape, also when two learn it at once', async () => {
    const layouts = await Promise.all([resolve(['a', 'b']), resolve(['b', 'a']), resolve(['a', 'b'])]);
    expect(new Set(layouts).size).toBe(1);
    const { rows } = await store.pool.query('select series_keys from layout');
    expect(rows).toEqual([{ series_keys: ['a', 'b'] }]);
    expect((await new LayoutRegistry(store.pool).load([layouts[0]!.id, 4711])).size).toBe(1);
  });

  it('differ where a custom metric means something else', async () => {
    const gauge = await resolve(['jobs'], { jobs: { kind: 'gauge', unit: null } });
    const counter = await resolve(['jobs'], { jobs: { kind: 'counter', unit: 'jobs' } });
    expect(gauge.id).not.toBe(counter.id);
    expect((await new LayoutRegistry(store.pool).load([counter.id])).get(counter.id)!.unitOf('jobs')).toBe(
      'jobs',
    );
  });

  it('have each series once, and may have none', async () => {
    expect(store.layouts.resolve(['a', 'b', 'a'], null)).toBeUndefined();
    expect((await resolve([])).seriesKeys).toEqual([]);
  });

  it('are forgotten when there are too many, and known again', async () => {
    const keys = (shape: number) => Array.from({ length: 2_000 }, (_, index) => `s${shape}.k${index}`);
    const first = await resolve(keys(0));
    for (let shape = 1; shape <= 255; shape++) await resolve(keys(shape));
    const again = await resolve(keys(0));
    expect(again).not.toBe(first);
    expect(again.id).toBe(first.id);
  }, 60_000);
});

describe('the layouts of a monitor', () => {
  it('are those of its recent reports, and with sealed samples also those of blocks and late reports since', async () => {
    const write = async (at: number, name: string): Promise<void> => {
      await store.groupCommit.store([await store.makeRow(monitorId, at, { [`custom.${name}`]: 1 })]);
    };
    // An hour at which the older report and the sealed one are in different blocks of every tier that is made.
    const longest = TIERS[2].blockMs;
    now = Math.floor((now - 16 * HOUR) / longest) * longest + 16 * HOUR;
    jest.spyOn(Date, 'now').mockReturnValue(now);
    await write(now - 11 * HOUR, 'older');
    await write(now - 5 * HOUR, 'sealed');
    await write(now, 'hot');
    await store.sealer.sealUntil(now - 2 * HOUR);
    await write(now - 4 * HOUR, 'late');
    const listNames = async (fromAt: number, hasSealed: boolean): Promise<string[]> => {
      const layouts = await store.reader.readLayouts([monitorId], fromAt, hasSealed);
      return layouts
        .get(monitorId)!
        .flatMap(({ seriesKeys }) => seriesKeys)
        .sort();
    };
    expect(await listNames(now - HOUR, false)).toEqual(['custom.hot']);
    expect(await listNames(now - HOUR, true)).toEqual(['custom.hot']);
    expect(await listNames(now - 6.5 * HOUR, true)).toEqual(['custom.hot', 'custom.late', 'custom.sealed']);
    expect(await listNames(0, true)).toEqual(['custom.hot', 'custom.late', 'custom.older', 'custom.sealed']);
  }, 60_000);
});
