import type { UserPrincipal } from '../common/principal.js';
import { Layout } from '../core/model/layout.js';
import { RunPieceMaker } from '../core/blocks/run-piece.js';
import { runsOfReports } from '../core/blocks/sample-run.js';
import type { StoredReport } from '../core/model/stored-report.js';
import type { MonitorDirectory } from '../monitors/monitor-directory.js';
import type { MonitorsService } from '../monitors/monitors.service.js';
import type { HistoryPiece, HistoryReader, HistoryRequest, PieceRequest } from '../storage/history-reader.js';
import { SeriesService } from './series.service.js';
import { bucketGrid, exactGrid, pickStepMs } from './time-grid.js';

const START = Date.UTC(2026, 10, 22, 12);
const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const cpu = new Layout(1, ['cpu.usagePercent']);
const both = new Layout(2, ['cpu.usagePercent', 'network.bytesSent{interface="e"}']);

const make = (second: number, values: number[], changes: Partial<StoredReport> = {}): StoredReport => ({
  ...{ at: START + second * SECOND, bootId: 'a', intervalMs: 10_000 },
  ...{ layout: values.length === 1 ? cpu : both, values: Float64Array.from(values), ...changes },
});

describe('the width of buckets', () => {
  it.each([
    [HOUR, 500, 0, 10],
    [HOUR, 500, 30_000, 30],
    [HOUR, 500, 31_000, 60],
    [DAY, 500, 0, 300],
    [30 * DAY, 500, 0, 7_200],
    [365 * DAY, 500, 0, 86_400],
    [5 * 365 * DAY, 500, 0, 4 * 86_400],
    [60 * SECOND, 60, 0, 2],
    [59 * SECOND, 60, 0, 1],
  ])('of %d ms in %d points, at least %d ms, is %d s', (range, points, atLeast, seconds) => {
    expect(pickStepMs(START, START + range, points, atLeast)).toBe(seconds * SECOND);
  });

  it('never gives more points than were asked for, wherever the range begins', () => {
    let seed = 99;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    for (let round = 0; round < 2_000; round++) {
      const from = Math.floor(START - random() * 400 * DAY);
      const to = from + 1 + Math.floor(random() ** 6 * 1_800 * DAY);
      const points = 1 + Math.floor(random() * 50);
      const grid = bucketGrid(from, to, pickStepMs(from, to, points, 0));
      expect(grid.timestamps.length).toBeLessThanOrEqual(points);
      expect(grid.timestamps[0]!).toBeLessThanOrEqual(from);
      expect(grid.timestamps.at(-1)!).toBeLessThanOrEqual(to);
      expect(grid.timestamps.at(-1)! + grid.stepMs).toBeGreaterThan(to);
      expect(grid.timestamps[0]! % grid.stepMs).toBe(0);
    }
  });
});

describe('the reports’ own instants', () => {
  const instants = (reports: StoredReport[], from = 0, to = 1_000) =>
    [...exactGrid(runsOfReports(reports), START + from * SECOND, START + to * SECOND, 5_000).timestamps].map(
      (at) => (at - START) / SECOND,
    );

  it('have one more where a gap begins', () => {
    expect(instants([make(0, [1]), make(25, [1]), make(51, [1])])).toEqual([0, 25, 35, 51]);
    // The longer interval of the two says what a gap is.
    expect(instants([make(0, [1], { intervalMs: 60_000 }), make(100, [1])])).toEqual([0, 100]);
  });

  it('are those of the range; what one stands for is the interval', () => {
    const reports = [make(0, [1]), make(10, [1]), make(20, [1])];
    expect(instants(reports, 10, 10)).toEqual([10]);
    expect(exactGrid(runsOfReports(reports), START, START + HOUR, 5_000).stepMs).toBe(10_000);
    expect(exactGrid([], START, START + HOUR, 5_000).stepMs).toBe(5_000);
  });
});

describe('an answer', () => {
  const principal = {} as UserPrincipal;
  /** Reports by monitor. The reader gives them as the database does. */
  let kept: Record<string, StoredReport[]>;

  const readRuns = async ({ monitorId, fromAt, toAt }: HistoryRequest, maxReports = Infinity) => {
    const reports = kept[monitorId]!.filter(({ at }) => at >= fromAt && at <= toAt);
    return reports.length > maxReports + 10 ? undefined : runsOfReports(reports);
  };
  const readPieces = async (request: PieceRequest, take: (piece: HistoryPiece) => void) => {
    for (const run of (await readRuns(request))!) {
      const maker = new RunPieceMaker(run, { ...request, fromAt: -Infinity, untilAt: Infinity });
      const seriesKeys = run.layout.seriesKeys.filter(request.isWanted);
      const make = (key: string) => maker.make(run.layout.indexOf(key), request.hasExtremes);
      const series = new Map(seriesKeys.map((key) => [key, make(key)]));
      take({ piece: { slots: maker.slots, series }, seriesKeys, layout: run.layout });
    }
  };

  const ask = (
    metrics: string[],
    toSecond: number,
    maxPoints = 500,
    ids = Object.keys(kept),
    fromSecond = 0,
  ) => {
    const service = new SeriesService(
      {
        visibleIds: (_: unknown, given: string[]) => given.filter((id) => kept[id]),
      } as unknown as MonitorsService,
      { find: () => ({ intervalSeconds: 10 }) } as unknown as MonitorDirectory,
      { readRuns, readPieces } as unknown as HistoryReader,
    );
    const [from, to] = [fromSecond, toSecond].map((second) => new Date(START + second * SECOND)) as [
      Date,
      Date,
    ];
    const now = START + HOUR;
    return service.query(principal, { monitorIds: ids, metrics, from, to, maxPoints }, undefined, now);
  };
  const numbers = (column: unknown) => [...(column as Float64Array)];

  it('gives samples themselves where they are few, whole ones', async () => {
    kept = {
      a: [
        make(-10, [9, 50]),
        make(0, [1, 100]),
        make(10, [2, 200], { intervalMs: 1_000 }),
        make(20, [3, 150]),
      ],
    };
    const { columns, timestamps, resolutionSeconds } = await ask(
      ['cpu.usagePercent', 'network.bytesSent'],
      60,
    );
    expect(numbers(timestamps)).toEqual([0, 10, 20].map((second) => START + second * SECOND));
    expect(resolutionSeconds).toBe(10);
    const [usage, sent] = columns;
    expect([usage!.metric, usage!.unit, usage!.labels]).toEqual(['cpu.usagePercent', 'percent', {}]);
    expect([numbers(usage!.mean), numbers(usage!.coverage)]).toEqual([
      [1, 2, 3],
      [1, 1, 1],
    ]);
    expect([numbers(sent!.mean), numbers(sent!.coverage), sent!.labels]).toEqual([
      [5, 10, NaN],
      [1, 1, 0],
      { interface: 'e' },
    ]);
  });

  it('gives mean, extremes and coverage of buckets where samples are many; the first bucket is whole', async () => {
    kept = { a: Array.from({ length: 60 }, (_, index) => make(index * 10, [index, index * 1_000])) };
    const { columns, timestamps, resolutionSeconds } = await ask(
      ['cpu', 'cpu.usagePercent', 'network.bytesSent'],
      599,
      10,
      ['a'],
      30,
    );
    expect(numbers(timestamps)).toEqual(
      Array.from({ length: 10 }, (_, index) => START + index * 60 * SECOND),
    );
    expect(resolutionSeconds).toBe(60);
    const [usage, sent] = columns;
    expect(numbers(usage!.mean).slice(0, 2)).toEqual([2.5, 8.5]);
    expect([usage!.min, usage!.max].map((column) => numbers(column)[1])).toEqual([6, 11]);
    expect(numbers(usage!.coverage)).toEqual(Array(10).fill(1));
    expect(numbers(sent!.mean)).toEqual(Array(10).fill(100));
  });

  it('shows a short silence as going on, a gap as a gap', async () => {
    kept = {
      slow: [
        make(0, [1], { intervalMs: 30_000 }),
        make(30, [2], { intervalMs: 30_000 }),
        make(130, [3], { intervalMs: 30_000 }),
      ],
      fast: [make(0, [5])],
    };
    const { columns, timestamps } = await ask(['cpu.usagePercent'], 130);
    expect(timestamps).toHaveLength(14);
    const slow = columns.find(({ monitorId }) => monitorId === 'slow')!;
    expect(numbers(slow.mean)).toEqual([1, 1, 1, 2, ...Array(9).fill(NaN), 3]);
    expect(numbers(slow.coverage).slice(0, 4)).toEqual([1, 0, 0, 1]);
  });

  it('goes on where the shape of the reports changed within the range', async () => {
    kept = { a: [make(0, [1, 100]), make(10, [2]), make(20, [3, 400]), make(30, [4, 500])] };
    const { columns } = await ask(['cpu.usagePercent', 'network.bytesSent'], 60);
    expect(columns.map(({ mean }) => numbers(mean))).toEqual([
      [1, 2, 3, 4],
      [NaN, NaN, 15, 10],
    ]);
  });

  it('weighs rates by the time for which they held', async () => {
    kept = { a: [make(0, [0, 0]), make(5, [0, 500]), make(20, [0, 800])], b: [] };
    const { columns } = await ask(['network.bytesSent'], 119, 2);
    expect([columns[0]!.mean, columns[0]!.min, columns[0]!.max].map((column) => numbers(column)[0])).toEqual([
      40, 20, 100,
    ]);
  });

  it('leaves out monitors that are not to be seen, and is empty for none', async () => {
    kept = { a: [make(0, [1])] };
    expect((await ask(['cpu.usagePercent'], 60, 500, ['a', 'foreign'])).columns).toHaveLength(1);
    expect((await ask(['cpu.usagePercent'], 60, 500, [])).columns).toEqual([]);
    expect((await ask(['cpu.usagePercent'], 60, 500, ['a'], 30)).resolutionSeconds).toBe(10);
  });

  it('refuses too many series before it holds them', async () => {
    const keys = Array.from(
      { length: 501 },
      (_, index) => `queue.depth{shard="${String(index).padStart(3, '0')}"}`,
    );
    const layout = new Layout(9, keys);
    kept = { a: [make(0, [], { layout, values: new Float64Array(501) })] };
    await expect(ask(['queue.depth'], 60)).rejects.toMatchObject({ code: 'invalid_input', path: 'metrics' });
    expect((await ask(keys.slice(0, 500), 60)).columns).toHaveLength(500);
  });
});
