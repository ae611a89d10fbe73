import { HUB } from '../targets/hub.target.js';
import { PROMETHEUS } from '../targets/prometheus.target.js';
import type { AnsweringTarget, PageAnswer, PageRequest, TargetKind } from '../targets/target.js';
import { VICTORIA_METRICS } from '../targets/victoria-metrics.target.js';
import { CHARTS } from '../targets/page-charts.js';
import { loadHistory } from './load-history.js';
import {
  chooseTargets,
  medianOf,
  percentileOf,
  roundTo,
  type Part,
  type PartResult,
  type ResultRow,
  type RunOptions,
} from './part.js';

const HOUR_MS = 3_600_000;
const SERIES = CHARTS.reduce((sum, { series }) => sum + series, 0);
/** How far apart two answers to the same question may lie: their buckets begin half a step apart. */
const TOLERANCE = 0.05;

interface Range {
  readonly name: string;
  readonly spanMs: number;
  readonly stepMs: number;
  /** Against VictoriaMetrics. */
  readonly gate: number;
  /** Asked of these machines alone; all of them by default. */
  readonly machines?: number;
}

/** Steps are those that the hub picks for a chart of 500 points. */
const RANGES: readonly Range[] = [
  { name: '1 h', spanMs: HOUR_MS, stepMs: 10_000, gate: 1.0 },
  { name: '24 h', spanMs: 24 * HOUR_MS, stepMs: 300_000, gate: 1.0 },
  { name: '7 d', spanMs: 7 * 24 * HOUR_MS, stepMs: 1_200_000, gate: 0.35 },
];

const LONG_DAYS = 366;
const LONG_MACHINES = 4;
/** Only where old history can be made quickly; the gate is against the own 24 h. */
const LONG_RANGES: readonly Range[] = [
  { name: '90 d', spanMs: 90 * 24 * HOUR_MS, stepMs: 21_600_000, gate: 2, machines: LONG_MACHINES },
  { name: '1 year', spanMs: 365 * 24 * HOUR_MS, stepMs: 86_400_000, gate: 2, machines: LONG_MACHINES },
];

interface Sizes {
  readonly machines: number;
  readonly spanMs: number;
  readonly requests: number;
}

const FULL: Sizes = { machines: 10, spanMs: 7 * 24 * HOUR_MS, requests: 100 };
/** Questions before the clock starts: so many to each machine. */
const WARM_UP_TURNS = 5;
const QUICK: Sizes = { machines: 4, spanMs: 24 * HOUR_MS, requests: 10 };

/** How long a person waits for a monitor's page. */
export const QUERY: Part = {
  id: 'query',
  title: `Open a monitor's page: ${CHARTS.length} charts, ${SERIES} series, mean per step`,
  async run(options: RunOptions): Promise<PartResult> {
    const sizes = options.isQuick ? QUICK : FULL;
    const kinds: TargetKind<AnsweringTarget>[] = [HUB, VICTORIA_METRICS, PROMETHEUS];
    const rows: ResultRow[] = [];
    const facts: Record<string, Record<string, string>> = {};
    const endAt = Math.floor(Date.now() / 1_800_000) * 1_800_000;
    for (const kind of chooseTargets(kinds, options)) {
      const target = await kind.start({ machines: sizes.machines, shape: 'grouped' });
      try {
        facts[kind.name] = { ...target.facts };
        await loadHistory(target, { machines: sizes.machines, spanMs: sizes.spanMs, endAt });
        await target.settle(!options.isQuick);
        for (const range of RANGES.filter(({ spanMs }) => spanMs <= sizes.spanMs)) {
          for (const way of target.ways)
            rows.push(await measureWay(kind.name, target, way, range, sizes, endAt));
          console.log(`  ${kind.name}, ${range.name}: ${quickest(rows, kind.name, range, isAnyWay)} ms`);
        }
        if (!target.extendHistory || options.isQuick) continue;
        await target.extendHistory(LONG_MACHINES, LONG_DAYS);
        for (const range of LONG_RANGES)
          rows.push(await measureWay(kind.name, target, target.ways[0]!, range, sizes, endAt));
      } finally {
        await target.stop();
      }
    }
    return {
      part: 'query',
      facts,
      rows,
      ratios: [...compare(rows), ...compareLong(rows)],
      notes: [...describe(sizes), ...findDisagreements(rows)],
    };
  },
};

async function measureWay(
  name: string,
  target: AnsweringTarget,
  way: string,
  range: Range,
  sizes: Sizes,
  endAt: number,
): Promise<ResultRow> {
  const firstMs: number[] = [];
  const machines = range.machines ?? sizes.machines;
  for (let turn = 0; turn < WARM_UP_TURNS * machines; turn++) {
    const startedAt = performance.now();
    await target.openPage(makeRequest(turn, range, sizes, endAt), way);
    if (turn < machines) firstMs.push(performance.now() - startedAt);
  }
  const latenciesMs: number[] = [];
  let last: PageAnswer | undefined;
  const before = { cpuSeconds: target.readCpuSeconds(), bytes: target.receivedBytes() };
  for (let turn = 0; turn < sizes.requests; turn++) {
    const startedAt = performance.now();
    const answer = await target.openPage(makeRequest(sizes.requests - turn, range, sizes, endAt), way);
    latenciesMs.push(performance.now() - startedAt);
    if (answer.series !== SERIES) throw new Error(`${name} answered ${answer.series} of ${SERIES} series`);
    last = answer;
  }
  latenciesMs.sort((a, b) => a - b);
  const cpuMs = (target.readCpuSeconds() - before.cpuSeconds) * 1000;
  return {
    target: name,
    case: `${range.name}, ${way}`,
    values: {
      'first ms': roundTo(medianOf(firstMs), 2),
      'p50 ms': roundTo(percentileOf(latenciesMs, 0.5), 2),
      'p95 ms': roundTo(percentileOf(latenciesMs, 0.95), 2),
      'CPU ms': roundTo(cpuMs / sizes.requests, 2),
      'KiB/answer': Math.round((target.receivedBytes() - before.bytes) / sizes.requests / 1024),
      points: last!.points,
      'mean CPU %': roundTo(last!.meanCpuPercent, 2),
    },
  };
}

/** Another machine and a window moved by whole steps each time: nobody asks exactly the same twice in a row. */
function makeRequest(
  turn: number,
  { spanMs, stepMs, machines }: Range,
  sizes: Sizes,
  endAt: number,
): PageRequest {
  const toAt = Math.floor(endAt / stepMs) * stepMs - ((turn * 7) % 5) * stepMs;
  return { machine: turn % (machines ?? sizes.machines), fromAt: toAt - spanMs + 5 * stepMs, toAt, stepMs };
}

/** The smallest figure of one column among the ways of a target. */
function quickest(
  rows: readonly ResultRow[],
  name: string,
  range: Range,
  isWanted: (row: ResultRow) => boolean,
  column = 'p50 ms',
): number {
  const figures = rows
    .filter((row) => row.target === name && row.case.startsWith(`${range.name}, `) && isWanted(row))
    .map((row) => Number(row.values[column]));
  return figures.length === 0 ? NaN : Math.min(...figures);
}

const isAnyWay = (): boolean => true;
const isUncached = (row: ResultRow): boolean => row.case.includes('nocache');
const isCached = (row: ResultRow): boolean => !isUncached(row);

function compare(rows: readonly ResultRow[]): ResultRow[] {
  const measured = RANGES.filter(({ name }) => rows.some((row) => row.case.startsWith(`${name}, `)));
  return measured.flatMap((range) => {
    const divide = (name: string, isWanted: (row: ResultRow) => boolean, column: string): number =>
      quickest(rows, HUB.name, range, isAnyWay, column) / quickest(rows, name, range, isWanted, column);
    const ratio = (name: string, label: string, isWanted: (row: ResultRow) => boolean): ResultRow => ({
      target: `${HUB.name} ÷ ${label}`,
      case: range.name,
      values: {
        'p50 ratio': roundTo(divide(name, isWanted, 'p50 ms'), 3),
        'CPU ratio': roundTo(divide(name, isWanted, 'CPU ms'), 3),
        gate: name === VICTORIA_METRICS.name ? range.gate : null,
      },
    });
    return [
      ratio(VICTORIA_METRICS.name, `${VICTORIA_METRICS.name}, its answer cache on`, isCached),
      ratio(VICTORIA_METRICS.name, `${VICTORIA_METRICS.name}, nocache=1`, isUncached),
      ratio(PROMETHEUS.name, PROMETHEUS.name, isCached),
    ];
  });
}

/** Longer ranges are drawn from coarser tiers, so they should cost hardly more. */
function compareLong(rows: readonly ResultRow[]): ResultRow[] {
  const day = RANGES.find(({ name }) => name === '24 h')!;
  return LONG_RANGES.filter(({ name }) => rows.some((row) => row.case.startsWith(`${name}, `))).map(
    (range) => {
      const ratio = (column: string): number =>
        quickest(rows, HUB.name, range, isAnyWay, column) / quickest(rows, HUB.name, day, isAnyWay, column);
      return {
        target: `${HUB.name}: ${range.name} ÷ 24 h`,
        case: range.name,
        values: {
          'p50 ratio': roundTo(ratio('p50 ms'), 3),
          'CPU ratio': roundTo(ratio('CPU ms'), 3),
          gate: range.gate,
        },
      };
    },
  );
}

function describe(sizes: Sizes): string[] {
  return [
    `${sizes.machines} machines, ${sizes.spanMs / HOUR_MS} h of reports every 10 s, ${sizes.requests} requests one after the other, after ${WARM_UP_TURNS} to each machine`,
    'time from the request to numbers in arrays, client and parsing included; ratios take the quickest way of each',
    'everything was loaded minutes before: page cache warm, no caches dropped; first ms: the median of the first question of each machine, later ones find what answers left in the target’s caches',
    `90 d and 1 year: ${LONG_MACHINES} machines whose older history is written as blocks of the 15-minute and 4-hour tiers by the hub’s own encoder, of a report each 5 minutes`,
  ];
}

/** All answered the same question when the means of a chart agree. */
function findDisagreements(rows: readonly ResultRow[]): string[] {
  return RANGES.flatMap(({ name }) => {
    const means = rows
      .filter((row) => row.case.startsWith(`${name}, `))
      .map((row) => Number(row.values['mean CPU %']));
    const spread = (Math.max(...means) - Math.min(...means)) / Math.max(...means);
    const points = new Set(
      rows.filter((row) => row.case.startsWith(`${name}, `)).map((row) => row.values['points']),
    );
    if (points.size > 1)
      return [`! the answers over ${name} have different numbers of points: ${[...points].join(', ')}`];
    return spread > TOLERANCE ? [`! the answers over ${name} differ by ${Math.round(spread * 100)} %`] : [];
  });
}
