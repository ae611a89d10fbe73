import { countDecimals, MAX_DECIMALS, powerOfTen } from '../codec/scaled-integers.js';
import { counterIncrease } from '../model/counter-rate.js';
import type { RowOrigin } from './report-runs.js';
import type { CounterStats, GaugeStats } from './rollup.js';

/**
 * Adding buckets into wider ones. Both functions take buckets in time order and give, for the same samples,
 * the same numbers however the samples were bucketed before.
 */

/** Rounds to so many decimals: the noise that adding and subtracting 0.1 and its like leaves. */
type Tidy = (value: number) => number;

function makeTidy(...columns: readonly Float64Array[]): Tidy {
  let decimals = 0;
  for (const column of columns) decimals = Math.max(decimals, countDecimals(column) ?? MAX_DECIMALS + 1);
  if (decimals === 0 || decimals > MAX_DECIMALS) return (value) => value;
  const power = powerOfTen(decimals);
  return (value) => Math.round(value * power) / power;
}

/** @param bucketOf target bucket of each source bucket, ascending */
export function combineGauge(target: GaugeStats, source: GaugeStats, bucketOf: Uint32Array): void {
  const tidy = makeTidy(source.sum, target.sum);
  for (let index = 0; index < bucketOf.length; index++) {
    const count = source.count[index]!;
    if (count === 0) continue;
    const bucket = bucketOf[index]!;
    const isFirst = target.count[bucket] === 0;
    const [min, max, sum] = [source.min[index]!, source.max[index]!, source.sum[index]!];
    if (isFirst || min < target.min[bucket]!) target.min[bucket] = min;
    if (isFirst || max > target.max[bucket]!) target.max[bucket] = max;
    target.sum[bucket] = isFirst ? sum : tidy(target.sum[bucket]! + sum);
    target.count[bucket]! += count;
    target.last[bucket] = source.last[index]!;
    target.lastAt[bucket] = source.lastAt[index]!;
  }
}

/** @param originOf target's position of each of the source's origins */
export function combineCounter(
  target: CounterStats,
  source: CounterStats,
  bucketOf: Uint32Array,
  originOf: readonly number[],
  origins: readonly RowOrigin[],
): void {
  const tidy = makeTidy(source.first, source.last, source.increase, target.last, target.increase);
  for (let index = 0; index < bucketOf.length; index++) {
    if (source.count[index] === 0) continue;
    const bucket = bucketOf[index]!;
    const firstOrigin = originOf[source.firstOrigin[index]!]!;
    if (target.count[bucket] === 0) {
      target.first[bucket] = source.first[index]!;
      target.firstAt[bucket] = source.firstAt[index]!;
      target.firstOrigin[bucket] = firstOrigin;
    } else {
      const before = origins[target.lastOrigin[bucket]!]!;
      addBorder(target, bucket, source, index, before, origins[firstOrigin]!, tidy);
    }
    addWithin(target, bucket, source, index, tidy);
    target.count[bucket]! += source.count[index]!;
    target.last[bucket] = source.last[index]!;
    target.lastAt[bucket] = source.lastAt[index]!;
    target.lastOrigin[bucket] = originOf[source.lastOrigin[index]!]!;
  }
}

/** What the counter grew between the last sample so far and the first of the source's bucket. */
function addBorder(
  target: CounterStats,
  bucket: number,
  source: CounterStats,
  index: number,
  before: RowOrigin,
  after: RowOrigin,
  tidy: Tidy,
): void {
  const [fromAt, toAt] = [target.lastAt[bucket]!, source.firstAt[index]!];
  const increase = counterIncrease(
    { at: fromAt, bootId: before.bootId, value: target.last[bucket]! },
    { at: toAt, bootId: after.bootId, value: source.first[index]! },
    Math.max(before.intervalMs, after.intervalMs),
  );
  if (Number.isNaN(increase)) return;
  noteExtremes(target, bucket, tidy(increase), toAt - fromAt, tidy(increase), toAt - fromAt);
  target.increase[bucket] = tidy(target.increase[bucket]! + tidy(increase));
  target.coveredMs[bucket]! += toAt - fromAt;
}

/** What the counter grew within the source's bucket. */
function addWithin(
  target: CounterStats,
  bucket: number,
  source: CounterStats,
  index: number,
  tidy: Tidy,
): void {
  const coveredMs = source.coveredMs[index]!;
  if (coveredMs === 0) return;
  const [minIncrease, minElapsedMs] = [source.minIncrease[index]!, source.minElapsedMs[index]!];
  noteExtremes(
    target,
    bucket,
    minIncrease,
    minElapsedMs,
    source.maxIncrease[index]!,
    source.maxElapsedMs[index]!,
  );
  target.increase[bucket] = tidy(target.increase[bucket]! + source.increase[index]!);
  target.coveredMs[bucket]! += coveredMs;
}

/** To be called before `coveredMs` grows: while it is 0 there are no extremes yet. Of equal rates the first stays. */
function noteExtremes(
  target: CounterStats,
  bucket: number,
  minIncrease: number,
  minElapsedMs: number,
  maxIncrease: number,
  maxElapsedMs: number,
): void {
  const isFirst = target.coveredMs[bucket] === 0;
  const { minIncrease: mins, minElapsedMs: minTimes, maxIncrease: maxes, maxElapsedMs: maxTimes } = target;
  if (isFirst || ratePerSecond(minIncrease, minElapsedMs) < ratePerSecond(mins[bucket]!, minTimes[bucket]!)) {
    mins[bucket] = minIncrease;
    minTimes[bucket] = minIncrease === 0 ? 0 : minElapsedMs;
  }
  if (
    isFirst ||
    ratePerSecond(maxIncrease, maxElapsedMs) > ratePerSecond(maxes[bucket]!, maxTimes[bucket]!)
  ) {
    maxes[bucket] = maxIncrease;
    maxTimes[bucket] = maxIncrease === 0 ? 0 : maxElapsedMs;
  }
}

/** As `counterRate` gives it; growth 0 is kept with time 0. */
export function ratePerSecond(increase: number, elapsedMs: number): number {
  return increase === 0 ? 0 : (increase * 1000) / elapsedMs;
}
