import type { PieceSeries } from '../core/blocks/chart-piece.js';

/** One series on a grid: what fell into each slot. A slot that nothing fell into stays NaN. */
export class Column {
  private readonly total: Float64Array;
  private readonly weight: Float64Array;
  private readonly coveredMs: Float64Array;
  /** null where nobody asked for extremes. */
  readonly min: Float64Array | null;
  readonly max: Float64Array | null;

  constructor(slots: number, hasExtremes: boolean) {
    this.total = new Float64Array(slots);
    this.weight = new Float64Array(slots);
    this.coveredMs = new Float64Array(slots);
    this.min = hasExtremes ? new Float64Array(slots).fill(NaN) : null;
    this.max = hasExtremes ? new Float64Array(slots).fill(NaN) : null;
  }

  /** @param slotOf for each slot of the piece the grid's, or −1 */
  addPiece(series: PieceSeries, slotOf: Int32Array): void {
    const { total, weight, coveredMs } = this;
    for (let index = 0; index < slotOf.length; index++) {
      const slot = slotOf[index]!;
      if (slot < 0) continue;
      total[slot]! += series.total[index]!;
      weight[slot]! += series.weight[index]!;
      coveredMs[slot]! += series.coveredMs[index]!;
    }
    if (!this.min || !series.min || !series.max) return;
    for (let index = 0; index < slotOf.length; index++) {
      // What no sample fell into is NaN, and notes nothing.
      if (slotOf[index]! >= 0) this.note(slotOf[index]!, series.min[index]!, series.max[index]!);
    }
  }

  /** A counter grew by `increase` in `elapsedMs`: as a rate per second, weighted by the time it held. */
  addIncrease(slot: number, increase: number, elapsedMs: number): void {
    const rate = (increase * 1000) / elapsedMs;
    this.note(slot, rate, rate);
    this.total[slot]! += increase * 1000;
    this.weight[slot]! += elapsedMs;
    this.coveredMs[slot]! += elapsedMs;
  }

  /** Shows the value of slot `from` in the empty slots before `to`. They count as not covered. */
  carry(from: number, to: number): void {
    for (let slot = from + 1; slot < to; slot++) {
      if (this.weight[slot] !== 0) continue;
      this.total[slot] = this.total[from]!;
      this.weight[slot] = this.weight[from]!;
      if (!this.min || !this.max) continue;
      this.min[slot] = this.min[from]!;
      this.max[slot] = this.max[from]!;
    }
  }

  /** Whether no sample fell into any slot. */
  get isEmpty(): boolean {
    return this.weight.every((weight) => weight === 0);
  }

  /** Nine significant digits or more; what was meant to be whole is. */
  mean(): Float64Array {
    const { total, weight } = this;
    const mean = new Float64Array(total.length);
    // 0 ÷ 0 is NaN, as it should be.
    for (let slot = 0; slot < mean.length; slot++) mean[slot] = tidy(total[slot]! / weight[slot]!);
    return mean;
  }

  /** @param slotMs what one slot spans */
  coverage(slotMs: number): Float64Array {
    return this.coveredMs.map((covered) => Math.min(1, covered / slotMs));
  }

  private note(slot: number, min: number, max: number): void {
    if (!this.min || !this.max || min !== min) return;
    if (!(this.min[slot]! <= min)) this.min[slot] = min;
    if (!(this.max[slot]! >= max)) this.max[slot] = max;
  }
}

/**
 * Digits beyond the ninth are noise of adding and dividing, change when samples are sealed, and take a third of
 * an answer's bytes and of the time to write and read it.
 */
function tidy(value: number): number {
  const size = Math.abs(value);
  if (size >= 1e3) return size >= 1e6 ? roundTo(value, 1e2) : roundTo(value, 1e5);
  if (size >= 1e-3) return size >= 1 ? roundTo(value, 1e8) : roundTo(value, 1e11);
  return value;
}

function roundTo(value: number, power: number): number {
  const scaled = value * power;
  // Beyond 2^53 there are no digits to round.
  return Math.abs(scaled) < Number.MAX_SAFE_INTEGER ? Math.round(scaled) / power : value;
}
