import { describeReports, rollUp } from '../../src/core/blocks/roll-up.js';
import { sliceRollup } from '../../src/core/blocks/rollup.js';
import { runsOfReports } from '../../src/core/blocks/sample-run.js';
import { TIERS } from '../../src/core/blocks/tiers.js';
import { ChartBuilder } from '../../src/series/chart-builder.js';
import { bucketGrid } from '../../src/series/time-grid.js';
import { HistoryReader } from '../../src/storage/history-reader.js';
import type { StoredReport } from '../../src/core/model/stored-report.js';
import { SampleStore } from '../support/sample-store.js';
import { stopTestPostgres } from '../support/test-database.js';

const HOUR = 3_600_000;
const STEP = 10_000;

let store: SampleStore;
let monitorId: string;
/** The beginning of the hour four hours ago. */
let base: number;

beforeEach(async () => {
  store = await SampleStore.open();
  monitorId = await store.createMonitor();
  base = Math.floor((Date.now() - 4 * HOUR) / HOUR) * HOUR;
}, 60_000);
afterEach(() => store.close());
afterAll(stopTestPostgres, 30_000);

const steps = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index * STEP);
const readAll = () => store.reader.readRange(monitorId, 0, Date.now());
const plain = (reports: readonly StoredReport[]) =>
  reports.map(({ at, bootId, intervalMs, layout, values }) => ({
    at,
    bootId,
    intervalMs,
    keys: layout.seriesKeys,
    values: [...values],
  }));

async function countRows(table: string): Promise<number> {
  const { rows } = await store.pool.query<{ count: string }>(
    `select count(*) from ${table} where monitor_id = $1`,
    [monitorId],
  );
  return Number(rows[0]!.count);
}

async function countBlocks(): Promise<number> {
  const blocks = await store.blocks.readCovering(monitorId, TIERS[0], 0, Date.now());
  return blocks.length;
}

/** As if these reports had come when they were fresh: into the hot partitions. */
async function storeHot(instants: readonly number[]): Promise<void> {
  await store.partitions.ensure(instants[0]!, instants.at(-1)!);
  await store.store(monitorId, ...instants);
  await store.pool.query(
    `with moved as (delete from late_report returning *)
     insert into report (monitor_id, at, layout_id, boot_id, interval_ms, "values")
     select monitor_id, at, layout_id, boot_id, interval_ms, "values" from moved`,
  );
}

describe('sealing', () => {
  it('changes nothing that is read, and takes a fraction of the room', async () => {
    await storeHot(steps(base + 60_000, 900));
    const before = plain(await readAll());
    await store.sealer.sealUntil(base + 2 * HOUR);
    expect(plain(await readAll())).toEqual(before);
    expect(await countBlocks()).toBe(2);
    await store.partitions.dropSealed(Date.now());
    expect(plain(await readAll())).toEqual(before);
    const { rows } = await store.pool.query<{ bytes: string }>(
      'select sum(length(bytes)) as bytes from block where tier = 0',
    );
    expect(Number(rows[0]!.bytes)).toBeLessThan(2 * 700 * 2);
  });

  it('is the same a second time', async () => {
    await storeHot(steps(base, 720));
    await store.sealer.sealUntil(base + 2 * HOUR);
    const { rows: first } = await store.pool.query('select * from block where tier = 0 order by start');
    await store.sealer.sealUntil(base + 2 * HOUR);
    const { rows: second } = await store.pool.query('select * from block where tier = 0 order by start');
    expect(second).toEqual(first);
  });

  it('keeps hot partitions that hold anything unsealed', async () => {
    await storeHot(steps(base, 720));
    await store.sealer.sealUntil(base + HOUR);
    const before = await store.partitions.list();
    await store.partitions.dropSealed(Date.now());
    const holding = Math.floor((base + HOUR) / (6 * HOUR)) * 6 * HOUR;
    expect(await store.partitions.list()).toContain(holding);
    expect(before).toContain(holding);
    expect((await readAll()).length).toBe(720);
  });

  it('takes back a window whole when it is interrupted, and seals it the next time', async () => {
    await storeHot(steps(base, 360));
    const before = plain(await readAll());
    // The mark is written last: what stands before it must not stay when it fails.
    await store.pool.query('alter table seal_mark add constraint broken check (raw_until < 0)');
    await store.sealer.sealUntil(base + HOUR);
    expect(await countBlocks()).toBe(0);
    expect(plain(await readAll())).toEqual(before);
    await store.pool.query('alter table seal_mark drop constraint broken');
    await store.sealer.sealUntil(base + HOUR);
    expect(await countBlocks()).toBe(1);
    expect(plain(await readAll())).toEqual(before);
  });

  it('jumps over the time in which nothing came', async () => {
    await storeHot([...steps(base, 10), ...steps(base + 2 * HOUR, 10)]);
    await store.sealer.sealUntil(base + 3 * HOUR);
    expect(await countBlocks()).toBe(2);
    expect((await readAll()).length).toBe(20);
  });
});

describe('a late report', () => {
  it('that is sealed already is a duplicate, with the first one kept', async () => {
    await storeHot(steps(base, 360));
    await store.sealer.sealUntil(base + HOUR);
    await store.partitions.dropSealed(Date.now());
    const before = plain(await readAll());
    const again = await store.makeRow(monitorId, base + 5 * STEP, { 'cpu.usagePercent': 99 });
    expect(await store.groupCommit.store([again])).toEqual(['duplicate']);
    expect(plain(await readAll())).toEqual(before);
  });

  it('is read at once, merged into its block later, and a duplicate from then on', async () => {
    const instants = steps(base, 360);
    await storeHot(instants.filter((_, index) => index % 7 !== 3));
    await store.sealer.sealUntil(base + HOUR);
    const late = instants.filter((_, index) => index % 7 === 3);
    expect(new Set(await store.store(monitorId, ...late))).toEqual(new Set(['accepted']));
    expect((await readAll()).map(({ at }) => at)).toEqual(instants);
    const before = plain(await readAll());
    await store.sealer.mergeLate(Date.now() + 1);
    expect(await countRows('late_report')).toBe(0);
    expect(await countBlocks()).toBe(1);
    expect(plain(await readAll())).toEqual(before);
    expect(new Set(await store.store(monitorId, ...late))).toEqual(new Set(['duplicate']));
  });

  it('of a time before and between all blocks gets one of its own', async () => {
    await storeHot([...steps(base, 100), ...steps(base + 2 * HOUR, 100)]);
    await store.sealer.sealUntil(base + 3 * HOUR);
    const early = base - 50 * HOUR;
    await store.store(monitorId, early, base + HOUR + 1, base + HOUR - 1);
    await store.sealer.mergeLate(Date.now() + 1);
    expect(await countRows('late_report')).toBe(0);
    expect((await readAll()).length).toBe(203);
    const { rows } = await store.pool.query<{ start: string; until: string }>(
      'select start, until from block where tier = 0 order by start',
    );
    rows.forEach((row, index) => {
      if (index > 0) expect(Number(row.start)).toBeGreaterThanOrEqual(Number(rows[index - 1]!.until));
    });
  });

  it('leaves no room behind, unless another one waits among them', async () => {
    await storeHot(steps(base, 360));
    await store.sealer.sealUntil(base + HOUR);
    const readSize = async (): Promise<number> => {
      const { rows } = await store.pool.query<{ bytes: string }>(
        `select pg_total_relation_size('late_report') as bytes`,
      );
      return Number(rows[0]!.bytes);
    };
    const wide = Object.fromEntries(
      Array.from({ length: 800 }, (_, index) => [`custom.load{part="${index}"}`, Math.random()]),
    );
    const importMany = async (offset: number): Promise<void> => {
      const rows = await Promise.all(
        steps(base + offset, 200).map((at) => store.makeRow(monitorId, at, wide)),
      );
      await store.groupCommit.store(rows);
      expect(await readSize()).toBeGreaterThan(2 ** 20);
    };
    await importMany(1);
    const open = base + 2 * HOUR;
    await store.store(monitorId, open);
    await store.sealer.mergeLate(Date.now() + 1);
    expect(await countRows('late_report')).toBe(1);
    expect((await readAll()).map(({ at }) => at)).toContain(open);
    await store.sealer.sealUntil(open + HOUR);
    await importMany(2);
    await store.sealer.mergeLate(Date.now() + 1);
    expect(await readSize()).toBeLessThan(2 ** 18);
    expect((await readAll()).length).toBe(360 + 2 * 200 + 1);
  });

  it('waits while others of its monitor still arrive', async () => {
    await storeHot(steps(base, 360));
    await store.sealer.sealUntil(base + HOUR);
    await store.store(monitorId, base + 1);
    await store.sealer.mergeLate(Date.now() - 60_000);
    expect(await countRows('late_report')).toBe(1);
  });

  it('does not wait for ever where every report of its monitor is late', async () => {
    await storeHot(steps(base, 360));
    await store.sealer.sealUntil(base + HOUR);
    await store.store(monitorId, base + 1, base + 2);
    await store.pool.query('update late_report set received_at = received_at - 660000 where at = $1', [
      base + 1,
    ]);
    await store.sealer.mergeLate(Date.now() - 60_000 + 1_000);
    expect(await countRows('late_report')).toBe(0);
    expect((await readAll()).length).toBe(362);
  });
});

it('a shuffled, repeated and late history reads like the ordered one', async () => {
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const other = await store.createMonitor('ordered');
  const instants = steps(base, 700);
  const shuffled = [...instants, ...instants.filter(() => random() < 0.2)]
    .map((at) => ({ at, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ at }) => at);
  await store.store(other, ...instants);
  let accepted = 0;
  for (let from = 0; from < shuffled.length; from += 50) {
    const outcomes = await store.store(monitorId, ...shuffled.slice(from, from + 50));
    accepted += outcomes.filter((outcome) => outcome === 'accepted').length;
    if (random() < 0.3) await store.sealer.sealUntil(base + Math.floor(random() * 2) * HOUR);
    if (random() < 0.3) await store.sealer.mergeLate(Date.now() + 1);
  }
  expect(accepted).toBe(instants.length);
  await store.sealer.sealUntil(base + 3 * HOUR);
  await store.sealer.mergeLate(Date.now() + 1);
  const ordered = await store.reader.readRange(other, 0, Date.now());
  expect(plain(await readAll())).toEqual(plain(ordered));
});

it('a deleted monitor leaves no sample behind', async () => {
  await storeHot(steps(base, 400));
  await store.sealer.sealUntil(base + HOUR);
  await store.store(monitorId, base + 1);
  await store.pool.query('delete from monitor where id = $1', [monitorId]);
  await store.eraser.erase(monitorId);
  for (const table of ['report', 'late_report', 'block', 'seal_mark']) expect(await countRows(table)).toBe(0);
});

it('blocks leave when their tier’s time is over', async () => {
  await store.store(monitorId, ...steps(base, 10));
  await store.sealer.sealUntil(base + HOUR);
  await store.blocks.dropExpired(base + 10 * 24 * HOUR);
  expect((await readAll()).length).toBe(10);
  await store.blocks.dropExpired(base + 14 * 24 * HOUR);
  expect((await readAll()).length).toBe(0);
});

describe('rollups', () => {
  const DAY = 24 * HOUR;

  async function readTier(tier: 1 | 2 | 3) {
    const blocks = await store.blocks.readCovering(monitorId, TIERS[tier], 0, Date.now());
    const open = await store.content.openRollups(monitorId, blocks);
    return rollUp(
      open.map(({ content }) => content.toRollup()),
      TIERS[tier].bucketMs,
    );
  }

  async function expectedTier(tier: 1 | 2 | 3) {
    const reports = await store.reader.readRange(monitorId, 0, Date.now());
    const parts = runsOfReports(reports).map((run) =>
      describeReports({ ...run, seriesKeys: run.layout.seriesKeys }, (key) => run.layout.kindOf(key)),
    );
    const all = rollUp(parts, TIERS[tier].bucketMs);
    const { rows } = await store.pool.query<{ until: string }>(
      `select tier${tier}_until as until from seal_mark where monitor_id = $1`,
      [monitorId],
    );
    return sliceRollup(all, 0, Number(rows[0]!.until));
  }

  it('are the rollup of the samples in every tier, also after late reports changed them', async () => {
    const from = Math.floor((Date.now() - 5 * DAY) / (2 * DAY)) * 2 * DAY;
    const instants = Array.from({ length: 5_000 }, (_, index) => from + index * 60_000);
    const isLate = (index: number) => index % 500 < 7;
    const early = instants.filter((_, index) => !isLate(index));
    for (let at = 0; at < early.length; at += 1_000) {
      await store.store(monitorId, ...early.slice(at, at + 1_000));
    }
    await store.sealer.sealUntil(Date.now() - HOUR);
    expect((await readTier(1)).starts.length).toBeGreaterThan(1_000);
    expect(await readTier(1)).toEqual(await expectedTier(1));
    expect(await readTier(2)).toEqual(await expectedTier(2));
    await store.store(monitorId, ...instants.filter((_, index) => isLate(index)));
    await store.sealer.mergeLate(Date.now() + 1);
    expect(await countRows('rollup_due')).toBe(0);
    expect((await readTier(2)).starts.length).toBeGreaterThan(100);
    expect(await readTier(1)).toEqual(await expectedTier(1));
    expect(await readTier(2)).toEqual(await expectedTier(2));
  });

  it('give a chart what the samples give, wherever sealing has got to', async () => {
    const history = new HistoryReader(store.pool, store.layouts);
    const from = Math.floor((Date.now() - 5 * DAY) / (2 * DAY)) * 2 * DAY + 7 * HOUR;
    const until = from + 3 * DAY;
    const instants = Array.from({ length: 3 * 24 * 60 }, (_, index) => from + index * 60_000).filter(
      (_, index) => index % 400 > 20,
    );
    for (let at = 0; at < instants.length; at += 1_000) {
      await store.store(monitorId, ...instants.slice(at, at + 1_000));
    }
    const chart = async (tier: 0 | 1 | 2, stepMs: number) => {
      const builder = new ChartBuilder(bucketGrid(from, until, stepMs), true, () => undefined);
      const range = { monitorId, fromAt: from, toAt: until, isWanted: () => true };
      await history.readPieces({ ...range, tier: TIERS[tier], stepMs, hasExtremes: true }, (piece) =>
        builder.add(piece),
      );
      return builder
        .finish()
        .map(({ seriesKey, column }) => [
          seriesKey,
          ...[column.mean(), column.min!, column.max!].map((values) => [...values]),
        ]);
    };
    const before = [await chart(1, 5 * 60_000), await chart(2, HOUR)];
    for (const limit of [from + 8 * HOUR, from + 40 * HOUR, Date.now() - HOUR]) {
      await store.sealer.sealUntil(limit);
      expect(await chart(1, 5 * 60_000)).toEqual(before[0]);
      expect(await chart(2, HOUR)).toEqual(before[1]);
      expect(await chart(0, HOUR)).toEqual(before[1]);
    }
  });
});
