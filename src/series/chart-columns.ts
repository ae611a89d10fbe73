import { rollUp } from '../core/blocks/roll-up.js';
import type { CounterStats, GaugeStats, Rollup, SeriesRollup } from '../core/blocks/rollup.js';
import { counterIncrease } from '../core/model/counter-rate.js';
import { GAP_INTERVALS } from '../core/model/limits.js';
import { Column } from './column.js';

/** A monitor's history in buckets of one width, series by series. */
export interface ChartColumns {
  readonly seriesKeys: readonly string[];
  readonly columns: readonly Column[];
}

/**
 * Puts parts of a history, of whatever tiers, onto a grid of buckets that begin at multiples of `stepMs`.
 * @param parts in time order, not overlapping
 * @param firstStart when the grid's first bucket begins
 */
export function chartColumns(
  parts: readonly Rollup[],
  stepMs: number,
  firstStart: number,
  slots: number,
): ChartColumns {
  const rollup = rollUp(parts, stepMs);
  const slotOf = Int32Array.from(rollup.starts, (start) => {
    const slot = (start - firstStart) / stepMs;
    return slot >= 0 && slot < slots ? slot : -1;
  });
  const intervalOf = Float64Array.from(
    rollup.rows.lastOrigin,
    (origin) => rollup.origins[origin]!.intervalMs,
  );
  const columns = rollup.series.map((series) => makeColumn(series, rollup, slotOf, intervalOf, slots));
  bridgeShortSilences(columns, rollup, slotOf, intervalOf);
  return { seriesKeys: rollup.seriesKeys, columns };
}

function makeColumn(
  series: SeriesRollup,
  rollup: Rollup,
  slotOf: Int32Array,
  intervalOf: Float64Array,
  slots: number,
): Column {
  const column = new Column(slots);
  if (series.kind === 'gauge') addGauge(column, series.stats, slotOf, intervalOf);
  else addCounter(column, series.stats, rollup, slotOf);
  return column;
}

function addGauge(column: Column, stats: GaugeStats, slotOf: Int32Array, intervalOf: Float64Array): void {
  slotOf.forEach((slot, bucket) => {
    const count = stats.count[bucket]!;
    if (slot < 0 || count === 0) return;
    column.addBucket(slot, stats.sum[bucket]!, count, stats.min[bucket]!, stats.max[bucket]!);
    column.cover(slot, count * intervalOf[bucket]!);
  });
}

/** What a counter grew within a bucket, and from the bucket before it: that belongs to the later one. */
function addCounter(column: Column, stats: CounterStats, { origins }: Rollup, slotOf: Int32Array): void {
  let before = -1;
  slotOf.forEach((slot, bucket) => {
    if (stats.count[bucket] === 0) return;
    if (slot >= 0) {
      if (before >= 0) addBorder(column, slot, stats, origins, before, bucket);
      const coveredMs = stats.coveredMs[bucket]!;
      if (coveredMs > 0) {
        const least = rate(stats.minIncrease[bucket]!, stats.minElapsedMs[bucket]!);
        const most = rate(stats.maxIncrease[bucket]!, stats.maxElapsedMs[bucket]!);
        column.addBucket(slot, stats.increase[bucket]! * 1000, coveredMs, least, most);
        column.cover(slot, coveredMs);
      }
    }
    before = bucket;
  });
}

/** Growth 0 is kept with time 0. */
const rate = (increase: number, elapsedMs: number): number =>
  elapsedMs === 0 ? 0 : (increase * 1000) / elapsedMs;

function addBorder(
  column: Column,
  slot: number,
  stats: CounterStats,
  origins: Rollup['origins'],
  before: number,
  bucket: number,
): void {
  const from = origins[stats.lastOrigin[before]!]!;
  const to = origins[stats.firstOrigin[bucket]!]!;
  const [fromAt, toAt] = [stats.lastAt[before]!, stats.firstAt[bucket]!];
  const increase = counterIncrease(
    { at: fromAt, bootId: from.bootId, value: stats.last[before]! },
    { at: toAt, bootId: to.bootId, value: stats.first[bucket]! },
    Math.max(from.intervalMs, to.intervalMs),
  );
  if (!Number.isNaN(increase)) column.addIncrease(slot, increase, toAt - fromAt);
}

/**
 * Reports do not come on the grid's beat, so a narrow bucket may stay empty between two reports that
 * belong together. Up to the length of a gap it shows what the bucket before shows.
 */
function bridgeShortSilences(
  columns: readonly Column[],
  { rows }: Rollup,
  slotOf: Int32Array,
  intervalOf: Float64Array,
): void {
  for (let bucket = 1; bucket < slotOf.length; bucket++) {
    const [from, to] = [slotOf[bucket - 1]!, slotOf[bucket]!];
    if (from < 0 || to - from < 2) continue;
    const silenceMs = rows.firstAt[bucket]! - rows.lastAt[bucket - 1]!;
    if (silenceMs > GAP_INTERVALS * Math.max(intervalOf[bucket - 1]!, intervalOf[bucket]!)) continue;
    for (const column of columns) column.carry(from, to);
  }
}
