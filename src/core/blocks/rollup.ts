import type { RowOrigin } from './report-runs.js';

/**
 * What a rollup keeps of a gauge in a bucket. Instants are epoch milliseconds.
 * mean = sum ÷ count; sums of integers and decimals are exact as long as they have at most 53 bits.
 */
export const GAUGE_STATS = ['sum', 'count', 'min', 'max', 'last', 'lastAt'] as const;

/**
 * What it keeps of a counter. `increase` and `coveredMs` are what it grew, and for how long that is known,
 * between the bucket's own samples; what lies between two buckets follows from `last` of the one and
 * `first` of the other, and so a bucket depends on no sample but its own. The extreme rates between two
 * samples are kept as growth and time; growth 0 has time 0. With coveredMs 0 there is none.
 */
export const COUNTER_STATS = [
  'last',
  'first',
  'increase',
  'coveredMs',
  'count',
  'firstAt',
  'lastAt',
  'firstOrigin',
  'lastOrigin',
  'minIncrease',
  'minElapsedMs',
  'maxIncrease',
  'maxElapsedMs',
] as const;

/** What it keeps of the reports themselves. Origins are positions in the rollup's list. */
export const ROW_STATS = ['count', 'firstAt', 'lastAt', 'firstOrigin', 'lastOrigin'] as const;

export type GaugeStat = (typeof GAUGE_STATS)[number];
export type CounterStat = (typeof COUNTER_STATS)[number];
export type RowStat = (typeof ROW_STATS)[number];
export type Stat = GaugeStat | CounterStat;

/** One array a statistic, one value a bucket. Where count is 0 the series has no sample and all are 0. */
export type GaugeStats = Readonly<Record<GaugeStat, Float64Array>>;
export type CounterStats = Readonly<Record<CounterStat, Float64Array>>;
export type RowStats = Readonly<Record<RowStat, Float64Array>>;

export type SeriesRollup =
  | { readonly kind: 'gauge'; readonly stats: GaugeStats }
  | { readonly kind: 'counter'; readonly stats: CounterStats };

/** Buckets of one monitor, in time order; a bucket without a report is not there. */
export interface Rollup {
  /** 0 where each report is a bucket of its own. */
  readonly bucketMs: number;
  /** When each bucket begins: multiples of bucketMs. */
  readonly starts: Float64Array;
  readonly rows: RowStats;
  /** Boots and intervals that `firstOrigin` and `lastOrigin` point at. */
  readonly origins: readonly RowOrigin[];
  /** Sorted. */
  readonly seriesKeys: readonly string[];
  readonly series: readonly SeriesRollup[];
}

export function statsOf(kind: SeriesRollup['kind']): readonly Stat[] {
  return kind === 'gauge' ? GAUGE_STATS : COUNTER_STATS;
}

/** Arrays of zeros for each statistic. */
export function makeStats<Name extends string>(
  names: readonly Name[],
  length: number,
): Record<Name, Float64Array> {
  return Object.fromEntries(names.map((name) => [name, new Float64Array(length)])) as Record<
    Name,
    Float64Array
  >;
}

/** The buckets that begin within [from, to). */
export function sliceRollup(rollup: Rollup, from: number, to: number): Rollup {
  const { starts } = rollup;
  let begin = 0;
  while (begin < starts.length && starts[begin]! < from) begin++;
  let end = begin;
  while (end < starts.length && starts[end]! < to) end++;
  const cut = <Stats extends Readonly<Record<string, Float64Array>>>(stats: Stats): Stats =>
    Object.fromEntries(
      Object.entries(stats).map(([name, values]) => [name, values.subarray(begin, end)]),
    ) as Stats;
  return {
    ...rollup,
    starts: starts.subarray(begin, end),
    rows: cut(rollup.rows),
    series: rollup.series.map((one) => ({ ...one, stats: cut(one.stats) }) as SeriesRollup),
  };
}
