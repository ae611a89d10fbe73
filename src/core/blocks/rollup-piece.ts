import { counterIncrease } from '../model/counter-rate.js';
import {
  counterPiece,
  type EdgeReading,
  gaugePiece,
  type PieceSeries,
  type PieceSlots,
  SlotExtremes,
  SlotSums,
} from './chart-piece.js';
import { ratePerSecond } from './combine-series.js';
import type { RollupBlock } from './rollup-block.js';
import type { PieceSpan } from './run-piece.js';

/** Puts the buckets of a rollup block onto the wider steps of a chart; series by series, as they are asked for. */
export class RollupPieceMaker {
  readonly slots: PieceSlots;
  private readonly begin: number;
  private readonly end: number;
  /** For each bucket of the piece its slot. */
  private readonly slotOf: Int32Array;
  private readonly intervalOf: Float64Array;
  /** Of the series that every report has: nearly all of them. */
  private readonly rowCount: Float64Array;
  private readonly fullCount: Float64Array;
  private readonly fullCoveredMs: Float64Array;

  /** @param span its step is a multiple of the block's buckets; it is cut at multiples of them */
  constructor(
    private readonly block: RollupBlock,
    { stepMs, fromAt, untilAt }: PieceSpan,
  ) {
    let [begin, end] = [0, block.starts.length];
    while (begin < end && block.starts[begin]! < fromAt) begin++;
    while (end > begin && block.starts[end - 1]! >= untilAt) end--;
    [this.begin, this.end] = [begin, end];
    const starts: number[] = [];
    this.slotOf = new Int32Array(end - begin);
    for (let bucket = 0; bucket < this.slotOf.length; bucket++) {
      const at = block.starts[begin + bucket]!;
      const start = at - (at % stepMs);
      if (starts.length === 0 || starts[starts.length - 1] !== start) starts.push(start);
      this.slotOf[bucket] = starts.length - 1;
    }
    const intervalsOf = (stat: 'firstOrigin' | 'lastOrigin'): Float64Array =>
      this.cut(block.readRow(stat)).map((origin) => block.origins[origin]!.intervalMs);
    this.intervalOf = intervalsOf('lastOrigin');
    this.slots = this.describeSlots(Float64Array.from(starts), intervalsOf('firstOrigin'));
    this.rowCount = block.readRow('count');
    [this.fullCount, this.fullCoveredMs] = this.addCounts(this.rowCount);
  }

  /** @param index of the block's series */
  make(index: number, hasExtremes: boolean): PieceSeries {
    return this.block.kindOf(index) === 'counter'
      ? this.makeCounter(index, hasExtremes)
      : this.makeGauge(index, hasExtremes);
  }

  private makeGauge(index: number, hasExtremes: boolean): PieceSeries {
    const { block, slotOf } = this;
    const slotCount = this.slots.starts.length;
    const allCounts = block.readStat(index, 'count');
    const isFull = allCounts === this.rowCount;
    const counts = this.cut(allCounts);
    const sums = this.cut(block.readStat(index, 'sum'));
    const totals = new SlotSums(slotCount);
    for (let bucket = 0; bucket < sums.length; bucket++) {
      if (counts[bucket] !== 0) totals.add(slotOf[bucket]!, sums[bucket]!);
    }
    totals.flush();
    const extremes = hasExtremes ? new SlotExtremes(slotCount) : null;
    if (extremes) {
      const [mins, maxes] = [this.cut(block.readStat(index, 'min')), this.cut(block.readStat(index, 'max'))];
      for (let bucket = 0; bucket < sums.length; bucket++) {
        if (counts[bucket] !== 0) extremes.note(slotOf[bucket]!, mins[bucket]!, maxes[bucket]!);
      }
    }
    const [weight, coveredMs] = isFull ? [this.fullCount, this.fullCoveredMs] : this.addCounts(allCounts);
    return gaugePiece(totals.sums, weight, coveredMs, extremes);
  }

  private makeCounter(index: number, hasExtremes: boolean): PieceSeries {
    const slotCount = this.slots.starts.length;
    const [total, weight] = [new Float64Array(slotCount), new Float64Array(slotCount)];
    const extremes = hasExtremes ? new SlotExtremes(slotCount) : null;
    const read = (stat: 'count' | 'increase' | 'coveredMs'): Float64Array =>
      this.cut(this.block.readStat(index, stat));
    const [counts, increases, covered] = [read('count'), read('increase'), read('coveredMs')];
    const edges = new CounterEdges(this.block, index);
    const within = extremes && new RatesWithin(this.block, index);
    let before = -1;
    let firstBucket = -1;
    for (let bucket = 0; bucket < counts.length; bucket++) {
      if (counts[bucket] === 0) continue;
      const slot = this.slotOf[bucket]!;
      if (before < 0) firstBucket = bucket;
      else {
        // What it grew from the bucket before belongs to the later one.
        const growth = edges.growth(this.begin + before, this.begin + bucket);
        if (growth === growth) {
          const elapsedMs = edges.elapsedMs(this.begin + before, this.begin + bucket);
          total[slot]! += growth * 1000;
          weight[slot]! += elapsedMs;
          extremes?.note(slot, (growth * 1000) / elapsedMs, (growth * 1000) / elapsedMs);
        }
      }
      if (covered[bucket]! > 0) {
        total[slot]! += increases[bucket]! * 1000;
        weight[slot]! += covered[bucket]!;
        if (within) extremes!.note(slot, within.least(this.begin + bucket), within.most(this.begin + bucket));
      }
      before = bucket;
    }
    return counterPiece(total, weight, extremes, {
      first: firstBucket < 0 ? null : edges.first(this.begin + firstBucket),
      firstSlot: firstBucket < 0 ? -1 : this.slotOf[firstBucket]!,
      last: before < 0 ? null : edges.last(this.begin + before),
    });
  }

  private cut(column: Float64Array): Float64Array {
    return column.subarray(this.begin, this.end);
  }

  private addCounts(allCounts: Float64Array): [count: Float64Array, coveredMs: Float64Array] {
    const counts = this.cut(allCounts);
    const [total, coveredMs] = [
      new Float64Array(this.slots.starts.length),
      new Float64Array(this.slots.starts.length),
    ];
    for (let bucket = 0; bucket < counts.length; bucket++) {
      const slot = this.slotOf[bucket]!;
      total[slot]! += counts[bucket]!;
      coveredMs[slot]! += counts[bucket]! * this.intervalOf[bucket]!;
    }
    return [total, coveredMs];
  }

  private describeSlots(starts: Float64Array, firstIntervals: Float64Array): PieceSlots {
    const { slotOf } = this;
    const make = (): Float64Array => new Float64Array(starts.length);
    const slots = {
      starts,
      firstAt: make(),
      lastAt: make(),
      firstIntervalMs: make(),
      lastIntervalMs: make(),
    };
    const [firstAts, lastAts] = [
      this.cut(this.block.readRow('firstAt')),
      this.cut(this.block.readRow('lastAt')),
    ];
    for (let bucket = 0; bucket < slotOf.length; bucket++) {
      const slot = slotOf[bucket]!;
      if (bucket === 0 || slotOf[bucket - 1] !== slot) {
        slots.firstAt[slot] = firstAts[bucket]!;
        slots.firstIntervalMs[slot] = firstIntervals[bucket]!;
      }
      slots.lastAt[slot] = lastAts[bucket]!;
      slots.lastIntervalMs[slot] = this.intervalOf[bucket]!;
    }
    return slots;
  }
}

/** A counter's first and last reading of each bucket. */
class CounterEdges {
  private readonly firstAts: Float64Array;
  private readonly lastAts: Float64Array;
  private readonly firsts: Float64Array;
  private readonly lasts: Float64Array;
  private readonly firstOrigins: Float64Array;
  private readonly lastOrigins: Float64Array;

  constructor(
    private readonly block: RollupBlock,
    index: number,
  ) {
    this.firstAts = block.readStat(index, 'firstAt');
    this.lastAts = block.readStat(index, 'lastAt');
    this.firsts = block.readStat(index, 'first');
    this.lasts = block.readStat(index, 'last');
    this.firstOrigins = block.readStat(index, 'firstOrigin');
    this.lastOrigins = block.readStat(index, 'lastOrigin');
  }

  first(bucket: number): EdgeReading {
    const origin = this.block.origins[this.firstOrigins[bucket]!]!;
    return { at: this.firstAts[bucket]!, value: this.firsts[bucket]!, ...origin };
  }

  last(bucket: number): EdgeReading {
    const origin = this.block.origins[this.lastOrigins[bucket]!]!;
    return { at: this.lastAts[bucket]!, value: this.lasts[bucket]!, ...origin };
  }

  elapsedMs(before: number, bucket: number): number {
    return this.firstAts[bucket]! - this.lastAts[before]!;
  }

  /** What it grew from the last reading of one bucket to the first of another, or NaN. */
  growth(before: number, bucket: number): number {
    const [from, to] = [this.last(before), this.first(bucket)];
    return counterIncrease(from, to, Math.max(from.intervalMs, to.intervalMs));
  }
}

/** The extreme rates between two samples of a bucket. */
class RatesWithin {
  private readonly minIncreases: Float64Array;
  private readonly minElapsedMs: Float64Array;
  private readonly maxIncreases: Float64Array;
  private readonly maxElapsedMs: Float64Array;

  constructor(block: RollupBlock, index: number) {
    this.minIncreases = block.readStat(index, 'minIncrease');
    this.minElapsedMs = block.readStat(index, 'minElapsedMs');
    this.maxIncreases = block.readStat(index, 'maxIncrease');
    this.maxElapsedMs = block.readStat(index, 'maxElapsedMs');
  }

  least(bucket: number): number {
    return ratePerSecond(this.minIncreases[bucket]!, this.minElapsedMs[bucket]!);
  }

  most(bucket: number): number {
    return ratePerSecond(this.maxIncreases[bucket]!, this.maxElapsedMs[bucket]!);
  }
}
