import type { MetricKind } from '../model/metric-catalog.js';
import type { CounterReading } from '../model/counter-rate.js';

/** A counter's value with what it takes to tell how much it grew until the next one. */
export interface EdgeReading extends CounterReading {
  readonly intervalMs: number;
}

/**
 * One series of a piece, a value a slot. A gauge: total ÷ weight = sum of samples ÷ their number; a counter:
 * growth × 1000 ÷ the milliseconds in which it grew, so a rate per second. Weight 0 = nothing is known there.
 */
export interface PieceSeries {
  readonly kind: MetricKind;
  readonly total: Float64Array;
  readonly weight: Float64Array;
  /** How much of each slot's time is known, milliseconds. */
  readonly coveredMs: Float64Array;
  /** Extremes of the samples, or of the rates between two; null where nobody asked for them. NaN where weight is 0. */
  readonly min: Float64Array | null;
  readonly max: Float64Array | null;
  /** A counter's first reading and the slot that it is in, and its last: what it grew between two pieces follows from them. */
  readonly first: EdgeReading | null;
  readonly firstSlot: number;
  readonly last: EdgeReading | null;
}

/** The reports in each slot, of whatever series. */
export interface PieceSlots {
  /** When each slot begins, epoch milliseconds: ascending multiples of the step; a slot without a report is not there. */
  readonly starts: Float64Array;
  readonly firstAt: Float64Array;
  readonly lastAt: Float64Array;
  /** Intervals that the first and the last report kept. */
  readonly firstIntervalMs: Float64Array;
  readonly lastIntervalMs: Float64Array;
}

/** A stretch of one monitor's history on a chart's steps: what a block, or some hot reports, add to a chart. */
export interface ChartPiece {
  readonly slots: PieceSlots;
  readonly series: ReadonlyMap<string, PieceSeries>;
}

/** Adds up slot by slot without the noise that plain adding of decimals leaves (Neumaier's sum). */
export class SlotSums {
  readonly sums: Float64Array;
  private slot = -1;
  private sum = 0;
  private lost = 0;

  constructor(slots: number) {
    this.sums = new Float64Array(slots);
  }

  /** @param slot never smaller than the one before */
  add(slot: number, value: number): void {
    if (slot !== this.slot) {
      this.flush();
      this.slot = slot;
    }
    const sum = this.sum + value;
    this.lost += Math.abs(this.sum) >= Math.abs(value) ? this.sum - sum + value : value - sum + this.sum;
    this.sum = sum;
  }

  flush(): void {
    if (this.slot >= 0) this.sums[this.slot] = this.sum + this.lost;
    this.sum = 0;
    this.lost = 0;
  }
}

/** Least and greatest value a slot, where a chart shows them. */
export class SlotExtremes {
  readonly min: Float64Array;
  readonly max: Float64Array;

  constructor(slots: number) {
    this.min = new Float64Array(slots).fill(NaN);
    this.max = new Float64Array(slots).fill(NaN);
  }

  note(slot: number, min: number, max: number): void {
    if (!(this.min[slot]! <= min)) this.min[slot] = min;
    if (!(this.max[slot]! >= max)) this.max[slot] = max;
  }
}

/** A gauge's series of a piece. @param total sums of samples, finished */
export function gaugePiece(
  total: Float64Array,
  weight: Float64Array,
  coveredMs: Float64Array,
  extremes: SlotExtremes | null,
): PieceSeries {
  return {
    ...{ kind: 'gauge', total, weight, coveredMs },
    ...{ min: extremes?.min ?? null, max: extremes?.max ?? null },
    ...{ first: null, firstSlot: -1, last: null },
  };
}

/** A counter's series of a piece; of its time is known what it grew in. */
export function counterPiece(
  total: Float64Array,
  weight: Float64Array,
  extremes: SlotExtremes | null,
  edges: Pick<PieceSeries, 'first' | 'firstSlot' | 'last'>,
): PieceSeries {
  return {
    ...{ kind: 'counter', total, weight, coveredMs: weight },
    ...{ min: extremes?.min ?? null, max: extremes?.max ?? null },
    ...edges,
  };
}

/** Heap bytes of a piece; arrays that several series share count once. */
export function countPieceBytes({ slots, series }: ChartPiece): number {
  const arrays = new Set<Float64Array>(Object.values(slots) as Float64Array[]);
  for (const { total, weight, coveredMs, min, max } of series.values()) {
    for (const array of [total, weight, coveredMs, min, max]) if (array) arrays.add(array);
  }
  let bytes = SERIES_OVERHEAD_BYTES * series.size;
  for (const array of arrays) bytes += ARRAY_OVERHEAD_BYTES + array.byteLength;
  return bytes;
}

/** An object, its place in the map, a counter's edges. */
const SERIES_OVERHEAD_BYTES = 250;
/** A typed array and its buffer, beside what is in it. */
const ARRAY_OVERHEAD_BYTES = 170;
