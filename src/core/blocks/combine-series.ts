import { countDecimals, MAX_DECIMALS, powerOfTen } from '../codec/scaled-integers.js';
import { counterIncrease } from '../model/counter-rate.js';
import type { RowOrigin } from './report-runs.js';
import type { CounterStats, GaugeStats } from './rollup.js';

/**
 * Adding buckets into wider ones. Both functions take buckets in time order and give, for the same samples,
 * the same numbers however the samples were bucketed before.
 */

/** The power of ten by which sums are tidied, 0 where they stay as they are: integers, and what is too fine. */
function findTidyPower(...columns: readonly Float64Array[]): number {
  let decimals = 0;
  for (const column of columns) decimals = Math.max(decimals, countDecimals(column) ?? MAX_DECIMALS + 1);
  return decimals === 0 || decimals > MAX_DECIMALS ? 0 : powerOfTen(decimals);
}

/** Rounds to so many decimals: the noise that adding and subtracting 0.1 and its like leaves. */
function tidy(value: number, power: number): number {
  return power === 0 ? value : Math.round(value * power) / power;
}

/** @param bucketOf target bucket of each source bucket, ascending */
export function combineGauge(target: GaugeStats, source: GaugeStats, bucketOf: Uint32Array): void {
  const power = findTidyPower(source.sum, target.sum);
  const { sum: sums, count: counts, min: mins, max: maxes, last, lastAt } = target;
  for (let index = 0; index < bucketOf.length; index++) {
    const count = source.count[index]!;
    if (count === 0) continue;
    const bucket = bucketOf[index]!;
    const min = source.min[index]!;
    const max = source.max[index]!;
    const sum = source.sum[index]!;
    const isFirst = counts[bucket] === 0;
    if (isFirst || min < mins[bucket]!) mins[bucket] = min;
    if (isFirst || max > maxes[bucket]!) maxes[bucket] = max;
    sums[bucket] = isFirst ? sum : tidy(sums[bucket]! + sum, power);
    counts[bucket]! += count;
    last[bucket] = source.last[index]!;
    lastAt[bucket] = source.lastAt[index]!;
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
  const power = findTidyPower(source.first, source.last, source.increase, target.last, target.increase);
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
      addBorder(target, bucket, source, index, before, origins[firstOrigin]!, power);
    }
    addWithin(target, bucket, source, index, power);
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
  power: number,
): void {
  const [fromAt, toAt] = [target.lastAt[bucket]!, source.firstAt[index]!];
  const grown = counterIncrease(
    { at: fromAt, bootId: before.bootId, value: target.last[bucket]! },
    { at: toAt, bootId: after.bootId, value: source.first[index]! },
    Math.max(before.intervalMs, after.intervalMs),
  );
  if (Number.isNaN(grown)) return;
  const increase = tidy(grown, power);
  noteExtremes(target, bucket, increase, toAt - fromAt, increase, toAt - fromAt);
  target.increase[bucket] = tidy(target.increase[bucket]! + increase, power);
  target.coveredMs[bucket]! += toAt - fromAt;
}

/** What the counter grew within the source's bucket. */
function addWithin(
  target: CounterStats,
  bucket: number,
  source: CounterStats,
  index: number,
  power: number,
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
  target.increase[bucket] = tidy(target.increase[bucket]! + source.increase[index]!, power);
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
