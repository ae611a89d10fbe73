import type { Pool, QueryConfig } from 'pg';
import { type Tier, TIERS } from '../../src/core/blocks/tiers.js';
import type { UserPrincipal } from '../../src/common/principal.js';
import type { StoredReport } from '../../src/core/model/stored-report.js';
import type { MonitorDirectory } from '../../src/monitors/monitor-directory.js';
import type { MonitorsService } from '../../src/monitors/monitors.service.js';
import { ChartBuilder } from '../../src/series/chart-builder.js';
import { SeriesService } from '../../src/series/series.service.js';
import { bucketGrid } from '../../src/series/time-grid.js';
import { HistoryReader } from '../../src/storage/history-reader.js';
import { ReportReader } from '../../src/storage/report-reader.js';
import { chartByRows, type ChartNumbers, listDifferences, toNumber } from '../support/chart-by-rows.js';
import { SampleStore } from '../support/sample-store.js';
import { stopTestPostgres } from '../support/test-database.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let store: SampleStore;
let history: HistoryReader;

beforeAll(async () => {
  store = await SampleStore.open();
  history = new HistoryReader(store.pool, store.layouts);
}, 60_000);
afterAll(async () => {
  await store.close();
  await stopTestPostgres();
}, 60_000);

/** A chart as the series service builds it, of one monitor. */
async function chart(
  monitorId: string,
  [from, to]: readonly [number, number],
  stepMs: number,
  reader = history,
): Promise<Map<string, ChartNumbers>> {
  const tier = TIERS[stepMs % TIERS[2].bucketMs === 0 ? 2 : stepMs % TIERS[1].bucketMs === 0 ? 1 : 0];
  const builder = new ChartBuilder(bucketGrid(from, to, stepMs), true, () => undefined);
  const range = { monitorId, fromAt: from - HOUR, toAt: to, isWanted: () => true };
  await reader.readPieces({ ...range, tier, stepMs, hasExtremes: true }, (piece) => builder.add(piece));
  const list = (values: Float64Array) => Array.from(values, toNumber);
  return new Map(
    builder.finish().map(({ seriesKey, column }) => {
      const [mean, min, max] = [column.mean(), column.min!, column.max!].map(list) as [
        ChartNumbers['mean'],
        ChartNumbers['min'],
        ChartNumbers['max'],
      ];
      return [seriesKey, { mean, min, max, coverage: list(column.coverage(stepMs)) }];
    }),
  );
}

async function expectChart(
  monitorId: string,
  range: readonly [number, number],
  stepMs: number,
  reader = history,
): Promise<void> {
  const found = await chart(monitorId, range, stepMs, reader);
  const reports: StoredReport[] = await store.reader.readRange(monitorId, 0, Date.now());
  const { timestamps } = bucketGrid(...range, stepMs);
  const expected = chartByRows(reports, timestamps[0]!, stepMs, timestamps.length);
  expect(expected.size).toBe(2);
  expect(listDifferences(found, expected)).toEqual([]);
}

describe('a chart of history', () => {
  const steps = [10_000, MINUTE, 5 * MINUTE, HOUR];
  let monitorId: string;
  let from: number;
  /** Every tenth report is late, and twenty minutes are missing. */
  let instants: number[];
  const isLate = (index: number): boolean => index % 10 === 3;

  beforeAll(async () => {
    monitorId = await store.createMonitor('charted');
    from = Math.floor((Date.now() - 20 * HOUR) / (6 * HOUR)) * 6 * HOUR;
    instants = Array.from({ length: 8 * 360 }, (_, index) => from + index * 10_000).filter(
      (_, index) => index < 500 || index > 620,
    );
    await keep(monitorId, (index) => !isLate(index));
  });
  /** A load with two decimals, and a counter that begins anew every few hours. */
  const keep = async (id: string, isWanted: (index: number) => boolean): Promise<void> => {
    const kept = instants.filter((_, index) => isWanted(index));
    const rows = kept.map((at) => {
      const tick = (at - from) / 10_000;
      const series = {
        'cpu.usagePercent': ((tick * 7_919) % 10_000) / 100,
        'network.bytesSent{interface="e"}': (tick % 1_000) * 1_500 + (tick % 7),
      };
      return store.makeRow(id, at, series);
    });
    const outcomes = await store.groupCommit.store(await Promise.all(rows));
    expect(outcomes).toEqual(kept.map(() => 'accepted'));
  };
  const everywhere = (): readonly [number, number] => [from, from + 8 * HOUR - 1];

  it('is the same for hot reports, and when part of them is sealed', async () => {
    for (const stepMs of steps) await expectChart(monitorId, everywhere(), stepMs);
    await store.sealer.sealUntil(from + 7 * HOUR);
    for (const stepMs of steps) await expectChart(monitorId, everywhere(), stepMs);
  });

  it('is read from what is remembered the second time, and shows late reports at once all the same', async () => {
    const counted = countStatements(store.pool);
    const reader = new HistoryReader(counted.pool, store.layouts);
    for (const stepMs of steps) await chart(monitorId, everywhere(), stepMs, reader);
    counted.names.length = 0;
    for (const stepMs of steps) await chart(monitorId, everywhere(), stepMs, reader);
    expect(counted.names).not.toContain('read-block-bytes');
    expect(reader.cachedBytes).toBeGreaterThan(10_000);
    // Before they are merged they lie beside the block that their time belongs to.
    await keep(monitorId, isLate);
    const raw = await store.reader.readRange(monitorId, from, from + 8 * HOUR);
    expect(raw).toHaveLength(instants.length);
    for (const stepMs of [10_000, 30_000]) await expectChart(monitorId, everywhere(), stepMs, reader);
    await store.sealer.mergeLate(Date.now() + 1);
    for (const stepMs of steps) await expectChart(monitorId, everywhere(), stepMs, reader);
    for (const stepMs of steps) await expectChart(monitorId, everywhere(), stepMs, reader);
  });

  it('is whole although a block changes between the two statements that read it', async () => {
    const other = await store.createMonitor('changing');
    await keep(other, (index) => !isLate(index));
    await store.sealer.sealUntil(from + 7 * HOUR);
    let isFirst = true;
    const pool = {
      query: async (statement: QueryConfig) => {
        if (statement.name === 'read-block-bytes' && isFirst) {
          isFirst = false;
          await keep(other, isLate);
          await store.sealer.mergeLate(Date.now() + 1);
        }
        return store.pool.query(statement);
      },
    } as unknown as Pool;
    await expectChart(other, everywhere(), 5 * MINUTE, new HistoryReader(pool, store.layouts));
    expect(isFirst).toBe(false);
  });

  it('of another series of a block that is remembered is read then', async () => {
    const reader = new HistoryReader(store.pool, store.layouts);
    const ask = async (wanted: string) => {
      const found: string[][] = [];
      const range = {
        monitorId,
        fromAt: from,
        toAt: from + 2 * HOUR,
        isWanted: (key: string) => key === wanted,
      };
      const request = { ...range, tier: TIERS[1], stepMs: 5 * MINUTE };
      await reader.readPieces({ ...request, hasExtremes: false }, ({ seriesKeys, piece }) =>
        found.push(seriesKeys.filter((key) => piece.series.get(key)!.weight.some((weight) => weight > 0))),
      );
      return [...new Set(found.flat())];
    };
    const keys = ['cpu.usagePercent', 'network.bytesSent{interface="e"}'];
    for (const key of [...keys, ...keys]) expect(await ask(key)).toEqual([key]);
  });
});

describe('ranges and points', () => {
  const principal = {} as UserPrincipal;
  let service: SeriesService;
  let ids: string[];

  beforeAll(async () => {
    ids = [
      await store.createMonitor('one'),
      await store.createMonitor('two'),
      await store.createMonitor('three'),
    ];
    for (const id of ids)
      await store.store(id, ...Array.from({ length: 200 }, (_, n) => Date.now() - n * 10_000));
    service = new SeriesService(
      { visibleIds: (_: unknown, given: string[]) => given } as unknown as MonitorsService,
      { find: () => ({ intervalSeconds: 10 }) } as unknown as MonitorDirectory,
      history,
    );
  });

  it.each([MINUTE, HOUR, DAY, 8 * DAY, 90 * DAY, 366 * DAY, 5 * 366 * DAY])(
    'of %d ms are answered with as many points as asked for at most, whatever their number',
    async (spanMs) => {
      const to = new Date();
      const from = new Date(to.getTime() - spanMs);
      for (const maxPoints of [1, 500, 11_000]) {
        for (const monitorIds of [ids.slice(0, 1), ids]) {
          const request = { monitorIds, metrics: ['cpu.usagePercent'], from, to, maxPoints };
          const { timestamps, columns } = await service.query(principal, request);
          expect(timestamps.length).toBeLessThanOrEqual(maxPoints);
          expect(columns.map(({ monitorId }) => monitorId)).toEqual(monitorIds);
          for (const { mean, min, max, coverage } of columns) {
            for (const column of [mean, min, max, coverage]) expect(column).toHaveLength(timestamps.length);
            expect([...mean].some((value) => value !== null && Number.isFinite(value))).toBe(true);
          }
        }
      }
    },
  );

  it.each([
    ['more points', { maxPoints: 11_001 }, /maxPoints must be from 1 to 11000/],
    ['no point', { maxPoints: 0 }, /maxPoints must be from 1 to 11000/],
    ['a longer range', { from: new Date(Date.now() - 5 * 367 * DAY) }, /at most 5 years/],
    [
      'a range that ends before it begins',
      { from: new Date(), to: new Date(0) },
      /`from` must lie before `to`/,
    ],
    [
      'more metrics',
      { metrics: Array.from({ length: 501 }, (_, index) => `m${index}`) },
      /at most 500 metrics/,
    ],
    ['more monitors', { monitorIds: Array.from({ length: 501 }, () => 'x') }, /at most 500 monitors/],
  ])('beyond what is answered are refused: %s', async (_, change, message) => {
    const usual = {
      monitorIds: ids,
      metrics: ['cpu'],
      from: new Date(Date.now() - HOUR),
      to: new Date(),
      maxPoints: 9,
    };
    await expect(service.query(principal, { ...usual, ...change })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(message),
    });
  });

  it('of more than 500 series are refused, of 500 answered', async () => {
    const id = await store.createMonitor('wide');
    const series = Object.fromEntries(
      Array.from({ length: 501 }, (_, n) => [`queue.depth{shard="${n}"}`, n]),
    );
    await store.groupCommit.store([await store.makeRow(id, Date.now(), series)]);
    const ask = (metrics: string[], spanMs: number) =>
      service.query(principal, {
        ...{ monitorIds: [id], metrics, maxPoints: 500 },
        ...{ from: new Date(Date.now() - spanMs), to: new Date() },
      });
    for (const spanMs of [MINUTE, DAY, 60 * DAY]) {
      await expect(ask(['queue.depth'], spanMs)).rejects.toMatchObject({
        message: expect.stringMatching(/at most 500 series\. Ask for fewer/),
      });
      expect((await ask(Object.keys(series).slice(1), spanMs)).columns).toHaveLength(500);
    }
  });
});

describe('the plans of what pages ask', () => {
  const MONITORS = 100;
  let monitorId: string;
  let now: number;

  beforeAll(async () => {
    now = Date.now();
    monitorId = await store.createMonitor('planned');
    await fillTables(monitorId, now);
  }, 60_000);

  /** Rows enough that a plan which reads a table as a whole would be seen to cost more. */
  async function fillTables(id: string, at: number): Promise<void> {
    const { pool } = store;
    await pool.query(
      `insert into monitor (name, kind, interval_seconds, resources)
       select 'crowd-' || n, 'agent', 10, '{cpu}' from generate_series(1, $1::int) n`,
      [MONITORS],
    );
    const { layout } = await store.makeReport(at);
    await store.partitions.ensure(at - 2 * DAY, at);
    for (const tier of TIERS) {
      const span = Math.min(tier.retentionMs, 6 * tier.partitionMs);
      for (let start = at - span; start <= at; start += tier.partitionMs)
        await store.blocks.ensurePartition(tier, start);
      const blockMs = tier.tier === 0 ? HOUR : tier.blockMs;
      await pool.query(
        `insert into block (monitor_id, tier, start, until, layout_id, row_count, bytes)
         select id, $1, s, s + $2::bigint, $3, 1, '\\x00' from monitor,
           generate_series($4::bigint / $2 * $2, $5::bigint / $2 * $2 - $2, $2::bigint) s
         where name like 'crowd-%' or id = $6`,
        [tier.tier, blockMs, layout.id, at - span + tier.partitionMs, at - 2 * blockMs, id],
      );
    }
    await pool.query(
      `insert into seal_mark (monitor_id, raw_until, tier1_until, tier2_until, tier3_until)
       select id, $1, $2, $3, $4 from monitor where name like 'crowd-%' or id = $5`,
      [...TIERS.map((tier) => sealedUntil(tier, at)), id],
    );
    await pool.query(
      `insert into report (monitor_id, at, layout_id, boot_id, interval_ms, "values")
       select id, s, $1, 'b', 10000, decode(repeat('00', 16), 'hex') from monitor,
         generate_series($2::bigint, $3::bigint, 600000) s
       where name like 'crowd-%' or id = $4`,
      [layout.id, at - 2 * DAY, at, id],
    );
    await pool.query('analyze');
  }

  interface PlanNode {
    readonly 'Node Type': string;
    readonly 'Relation Name'?: string;
    readonly 'Actual Loops': number;
    readonly Plans?: readonly PlanNode[];
  }

  /** The scans that were carried out when `work` asked its statements, as `type table`. */
  async function scansOf(work: (pool: Pool) => Promise<unknown>): Promise<string[]> {
    const client = await store.pool.connect();
    const scans: string[] = [];
    const collect = (node: PlanNode): void => {
      const table = node['Relation Name'];
      if (table && node['Actual Loops'] > 0) scans.push(`${node['Node Type']} ${table}`);
      node.Plans?.forEach(collect);
    };
    const pool = {
      query: async ({ text, values = [] }: QueryConfig) => {
        // As a prepared statement has it after some calls: a plan for whatever values.
        for (const mode of ['force_generic_plan', 'force_custom_plan']) {
          await client.query(`set plan_cache_mode = ${mode}`);
          const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>({
            text: `explain (analyze, format json) ${text}`,
            values: [...values],
          });
          collect(rows[0]!['QUERY PLAN'][0].Plan);
        }
        return { rows: [] };
      },
    } as unknown as Pool;
    try {
      // A partition that has just begun holds so few rows that reading it whole is quicker, rightly. What has to
      // hold at every hour is that an index serves the question: without one it is read whole all the same.
      await client.query('set enable_seqscan = off');
      await work(pool);
    } finally {
      await client.query('reset plan_cache_mode');
      await client.query('reset enable_seqscan');
      client.release();
    }
    return [...new Set(scans)];
  }

  it.each([
    ['an hour of reports', 0, HOUR, 10_000],
    ['a day', 1, DAY, 5 * MINUTE],
    ['a week', 1, 7 * DAY, 20 * MINUTE],
    ['ninety days', 2, 90 * DAY, 6 * HOUR],
    ['a year', 3, 365 * DAY, DAY],
  ] as const)('read by index, and only the partitions of the range: %s', async (_, tier, spanMs, stepMs) => {
    const range = { monitorId, fromAt: now - spanMs, toAt: now, isWanted: () => true };
    const scans = await scansOf((pool) =>
      new HistoryReader(pool, store.layouts).readPieces(
        { ...range, tier: TIERS[tier], stepMs, hasExtremes: true },
        () => undefined,
      ),
    );
    const tables = scans.map((scan) => scan.split(' ').at(-1)!);
    expect(scans.filter((scan) => isSeqScan(scan))).toEqual([]);
    expect(tables.some((table) => table.startsWith('report_'))).toBe(true);
    const reachesFrom = (name: string): number => {
      const [, kind, start] = /^(report|block_\d)_(\d+)$/.exec(name)!;
      const [span, blockMs] =
        kind === 'report'
          ? [6 * HOUR, 0]
          : [TIERS[Number(kind!.at(-1))]!.partitionMs, TIERS[Number(kind!.at(-1))]!.blockMs];
      return Number(start) + span + blockMs;
    };
    const partitions = tables.filter((table) => /_\d+$/.test(table));
    expect(partitions.filter((name) => reachesFrom(name) < now - spanMs)).toEqual([]);
    expect(partitions.filter((name) => Number(/^block_(\d)/.exec(name)?.[1] ?? 0) > tier)).toEqual([]);
    // Where the coarser tier holds the past, the finer one is read for what is newer alone.
    const finest = partitions.filter((name) => name.startsWith('block_0_'));
    if (tier > 0) expect(finest.length).toBeLessThanOrEqual(2);
  });

  it('read reports themselves by index', async () => {
    const range = await scansOf((pool) =>
      new ReportReader(pool, store.layouts, store.content).readRange(monitorId, now - HOUR, now),
    );
    expect(range.filter((scan) => isSeqScan(scan))).toEqual([]);
  });
});

/** The marks are a row a monitor, and Postgres may well prefer to read a few hundred of them as a whole. */
const isSeqScan = (scan: string): boolean => scan.startsWith('Seq Scan') && !scan.endsWith(' seal_mark');

const sealedUntil = ({ tier, blockMs }: Tier, now: number): number => {
  const span = tier === 0 ? HOUR : blockMs;
  return Math.floor((now - 2 * span) / span) * span;
};

function countStatements(pool: Pool): { pool: Pool; names: (string | undefined)[] } {
  const names: (string | undefined)[] = [];
  const query = (statement: QueryConfig) => {
    names.push(statement.name);
    return pool.query(statement);
  };
  return { pool: { query } as unknown as Pool, names };
}
