import type { MetricKind } from '../model/metric-catalog.js';
import { combineCounter, combineGauge } from './combine-series.js';
import type { RawBlock } from './raw-block.js';
import type { RowOrigin } from './report-runs.js';
import {
  COUNTER_STATS,
  GAUGE_STATS,
  makeStats,
  ROW_STATS,
  type CounterStats,
  type Rollup,
  type RowStats,
  type SeriesRollup,
} from './rollup.js';

/** Reports as columns, wherever they are kept. */
export type ReportColumns = Pick<RawBlock, 'ats' | 'seriesKeys' | 'readColumn' | 'bootIdAt' | 'intervalMsAt'>;

/** Reports as buckets of one report each: what rollups are made from. */
export function describeReports(block: ReportColumns, kindOf: (seriesKey: string) => MetricKind): Rollup {
  const { ats, seriesKeys } = block;
  const { origins, originOf } = listOrigins(block);
  const count = new Float64Array(ats.length).fill(1);
  const rows = { count, firstAt: ats, lastAt: ats, firstOrigin: originOf, lastOrigin: originOf };
  const series = seriesKeys.map((key, column) =>
    describeSamples(block.readColumn(column), kindOf(key), rows),
  );
  return { bucketMs: 0, starts: ats, rows, origins, seriesKeys, series };
}

function listOrigins(block: ReportColumns): { origins: RowOrigin[]; originOf: Float64Array } {
  const origins: RowOrigin[] = [];
  const originOf = new Float64Array(block.ats.length);
  for (let row = 0; row < originOf.length; row++) {
    const origin = { bootId: block.bootIdAt(row), intervalMs: block.intervalMsAt(row) };
    originOf[row] = placeOrigin(origins, origin);
  }
  return { origins, originOf };
}

/** Position of an origin in the list, which it joins if need be. */
function placeOrigin(origins: RowOrigin[], { bootId, intervalMs }: RowOrigin): number {
  const known = origins.findIndex((one) => one.bootId === bootId && one.intervalMs === intervalMs);
  return known >= 0 ? known : origins.push({ bootId, intervalMs }) - 1;
}

function describeSamples(samples: Float64Array, kind: MetricKind, rows: RowStats): SeriesRollup {
  const isComplete = !hasNaN(samples);
  const present = isComplete ? rows.count : samples.map((value) => (Number.isNaN(value) ? 0 : 1));
  const values = isComplete ? samples : samples.map((value) => (Number.isNaN(value) ? 0 : value));
  const shared = { count: present, last: values, lastAt: rows.lastAt };
  if (kind === 'gauge') return { kind, stats: { ...shared, sum: values, min: values, max: values } };
  const zeros = new Float64Array(values.length);
  const stats: CounterStats = {
    ...rows,
    ...shared,
    first: values,
    increase: zeros,
    coveredMs: zeros,
    minIncrease: zeros,
    minElapsedMs: zeros,
    maxIncrease: zeros,
    maxElapsedMs: zeros,
  };
  return { kind, stats };
}

function hasNaN(samples: Float64Array): boolean {
  for (let index = 0; index < samples.length; index++) if (Number.isNaN(samples[index])) return true;
  return false;
}

/**
 * Puts buckets together into wider ones, or joins rollups of the same width.
 * A rollup of rollups is the rollup of their samples, number for number.
 * @param parts in time order; a bucket that two of them share is put together
 * @param bucketMs a multiple of each part's
 */
export function rollUp(parts: readonly Rollup[], bucketMs: number): Rollup {
  const starts = listStarts(parts, bucketMs);
  const kindByKey = new Map<string, MetricKind>();
  // A custom metric that became another kind is from then on what it is now.
  for (const part of parts) part.seriesKeys.forEach((key, at) => kindByKey.set(key, part.series[at]!.kind));
  const seriesKeys = [...kindByKey.keys()].sort();
  const series = seriesKeys.map((key) => makeSeries(kindByKey.get(key)!, starts.length));
  const columnByKey = new Map(seriesKeys.map((key, column) => [key, column]));
  const rows = makeStats(ROW_STATS, starts.length);
  const origins: RowOrigin[] = [];
  for (const part of parts) {
    const bucketOf = findBuckets(part.starts, starts, bucketMs);
    const originOf = part.origins.map((origin) => placeOrigin(origins, origin));
    combineRows(rows, part.rows, bucketOf, originOf);
    part.seriesKeys.forEach((key, position) => {
      const target = series[columnByKey.get(key)!]!;
      const source = part.series[position]!;
      if (target.kind === 'gauge' && source.kind === 'gauge') {
        combineGauge(target.stats, source.stats, bucketOf);
      } else if (target.kind === 'counter' && source.kind === 'counter') {
        combineCounter(target.stats, source.stats, bucketOf, originOf, origins);
      }
    });
  }
  return keepUsedOrigins({ bucketMs, starts, rows, origins, seriesKeys, series });
}

function makeSeries(kind: MetricKind, length: number): SeriesRollup {
  return kind === 'gauge'
    ? { kind, stats: makeStats(GAUGE_STATS, length) }
    : { kind, stats: makeStats(COUNTER_STATS, length) };
}

function listStarts(parts: readonly Rollup[], bucketMs: number): Float64Array {
  const starts: number[] = [];
  for (const part of parts) {
    for (const at of part.starts) {
      const start = at - (at % bucketMs);
      if (starts.at(-1) !== start) starts.push(start);
    }
  }
  return Float64Array.from(starts);
}

/** Position among `starts` of the bucket that each source bucket falls into. */
function findBuckets(sources: Float64Array, starts: Float64Array, bucketMs: number): Uint32Array {
  const buckets = new Uint32Array(sources.length);
  let bucket = 0;
  for (let index = 0; index < sources.length; index++) {
    while (starts[bucket]! + bucketMs <= sources[index]!) bucket++;
    buckets[index] = bucket;
  }
  return buckets;
}

function combineRows(
  target: RowStats,
  source: RowStats,
  bucketOf: Uint32Array,
  originOf: readonly number[],
): void {
  bucketOf.forEach((bucket, index) => {
    if (target.count[bucket] === 0) {
      target.firstAt[bucket] = source.firstAt[index]!;
      target.firstOrigin[bucket] = originOf[source.firstOrigin[index]!]!;
    }
    target.count[bucket]! += source.count[index]!;
    target.lastAt[bucket] = source.lastAt[index]!;
    target.lastOrigin[bucket] = originOf[source.lastOrigin[index]!]!;
  });
}

/** Boots that came and went within a bucket leave no trace; the others are numbered as they appear. */
function keepUsedOrigins(rollup: Rollup): Rollup {
  const origins: RowOrigin[] = [];
  const placed = rollup.origins.map(() => -1);
  const renumber = ({
    count,
    firstOrigin,
    lastOrigin,
  }: Pick<RowStats, 'count' | 'firstOrigin' | 'lastOrigin'>): void => {
    count.forEach((samples, index) => {
      if (samples === 0) return;
      for (const column of [firstOrigin, lastOrigin]) {
        const origin = column[index]!;
        if (placed[origin] === -1) placed[origin] = origins.push(rollup.origins[origin]!) - 1;
        column[index] = placed[origin]!;
      }
    });
  };
  renumber(rollup.rows);
  for (const one of rollup.series) if (one.kind === 'counter') renumber(one.stats);
  return { ...rollup, origins };
}
