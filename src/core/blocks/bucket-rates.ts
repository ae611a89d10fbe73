import { counterIncrease } from '../model/counter-rate.js';
import { ratePerSecond } from './combine-series.js';
import type { RowOrigin } from './report-runs.js';
import type { RollupBlock } from './rollup-block.js';

/** The last sample of a counter before some buckets: what their first growth is measured from. */
export interface CounterEdge extends RowOrigin {
  readonly at: number;
  readonly value: number;
}

/** How a counter grew, bucket by bucket. What it grew between two buckets belongs to the later one. */
export interface BucketRates {
  readonly increase: Float64Array;
  /** For how much time that is known, milliseconds; where it is 0 there is no rate. */
  readonly coveredMs: Float64Array;
  /** Extreme rates a second between two samples; NaN where there is none. */
  readonly minRate: Float64Array;
  readonly maxRate: Float64Array;
  /** The last sample of these buckets, or the edge before where they have none. */
  readonly edge: CounterEdge | undefined;
}

/**
 * Growth and rates of a counter in a block's buckets.
 * @param before the last sample before the block, where it is known: `edge` of what was read before
 */
export function readBucketRates(
  block: RollupBlock,
  series: number,
  before: CounterEdge | undefined,
): BucketRates {
  const [count, first, last] = (['count', 'first', 'last'] as const).map((stat) =>
    block.readStat(series, stat),
  );
  const [firstAt, lastAt] = (['firstAt', 'lastAt'] as const).map((stat) => block.readStat(series, stat));
  const [firstOrigin, lastOrigin] = (['firstOrigin', 'lastOrigin'] as const).map((stat) =>
    block.readStat(series, stat),
  );
  const rates = readWithin(block, series);
  let edge = before;
  for (let bucket = 0; bucket < count!.length; bucket++) {
    if (count![bucket] === 0) continue;
    const origin = block.origins[firstOrigin![bucket]!]!;
    if (edge) addBorder(rates, bucket, edge, { at: firstAt![bucket]!, value: first![bucket]!, ...origin });
    edge = { at: lastAt![bucket]!, value: last![bucket]!, ...block.origins[lastOrigin![bucket]!]! };
  }
  return { ...rates, edge };
}

type Rates = Omit<BucketRates, 'edge'>;

/** Between the samples of each bucket. Copied, because a block's arrays are its own. */
function readWithin(block: RollupBlock, series: number): Rates {
  const coveredMs = block.readStat(series, 'coveredMs').slice();
  const rate = (increase: Float64Array, elapsedMs: Float64Array): Float64Array =>
    increase.map((value, bucket) =>
      coveredMs[bucket] === 0 ? NaN : ratePerSecond(value, elapsedMs[bucket]!),
    );
  return {
    increase: block.readStat(series, 'increase').slice(),
    coveredMs,
    minRate: rate(block.readStat(series, 'minIncrease'), block.readStat(series, 'minElapsedMs')),
    maxRate: rate(block.readStat(series, 'maxIncrease'), block.readStat(series, 'maxElapsedMs')),
  };
}

function addBorder(rates: Rates, bucket: number, before: CounterEdge, first: CounterEdge): void {
  const increase = counterIncrease(before, first, Math.max(before.intervalMs, first.intervalMs));
  if (Number.isNaN(increase)) return;
  const elapsedMs = first.at - before.at;
  const rate = ratePerSecond(increase, elapsedMs);
  rates.increase[bucket]! += increase;
  rates.coveredMs[bucket]! += elapsedMs;
  if (!(rates.minRate[bucket]! <= rate)) rates.minRate[bucket] = rate;
  if (!(rates.maxRate[bucket]! >= rate)) rates.maxRate[bucket] = rate;
}
