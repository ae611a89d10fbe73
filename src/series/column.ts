/** One series on a grid: what fell into each slot. A slot that nothing fell into stays NaN. */
export class Column {
  readonly min: Float64Array;
  readonly max: Float64Array;
  private readonly total: Float64Array;
  private readonly weight: Float64Array;
  private readonly coveredMs: Float64Array;

  constructor(slots: number) {
    this.min = new Float64Array(slots).fill(NaN);
    this.max = new Float64Array(slots).fill(NaN);
    this.total = new Float64Array(slots);
    this.weight = new Float64Array(slots);
    this.coveredMs = new Float64Array(slots);
  }

  /** @param intervalMs the time that this sample stands for */
  addSample(slot: number, value: number, intervalMs: number): void {
    this.note(slot, value);
    this.total[slot]! += value;
    this.weight[slot]! += 1;
    this.coveredMs[slot]! += intervalMs;
  }

  /** A bucket's samples at once: their sum, what it weighs (samples, or milliseconds), and the extremes. */
  addBucket(slot: number, total: number, weight: number, min: number, max: number): void {
    this.note(slot, min);
    this.note(slot, max);
    this.total[slot]! += total;
    this.weight[slot]! += weight;
  }

  /** That much time of the slot is known. */
  cover(slot: number, coveredMs: number): void {
    this.coveredMs[slot]! += coveredMs;
  }

  /** A counter grew by `increase` in `elapsedMs`: as a rate per second, weighted by the time it held. */
  addIncrease(slot: number, increase: number, elapsedMs: number): void {
    this.note(slot, (increase * 1000) / elapsedMs);
    this.total[slot]! += increase * 1000;
    this.weight[slot]! += elapsedMs;
    this.coveredMs[slot]! += elapsedMs;
  }

  /** Shows the value of slot `from` in the empty slots before `to`. They count as not covered. */
  carry(from: number, to: number): void {
    for (let slot = from + 1; slot < to; slot++) {
      if (this.weight[slot] !== 0) continue;
      this.min[slot] = this.min[from]!;
      this.max[slot] = this.max[from]!;
      this.total[slot] = this.total[from]!;
      this.weight[slot] = this.weight[from]!;
    }
  }

  /** Whether no sample fell into any slot. */
  get isEmpty(): boolean {
    return this.weight.every((weight) => weight === 0);
  }

  mean(): Float64Array {
    return this.total.map((total, slot) => (this.weight[slot] === 0 ? NaN : total / this.weight[slot]!));
  }

  /** @param slotMs what one slot spans */
  coverage(slotMs: number): Float64Array {
    return this.coveredMs.map((covered) => Math.min(1, covered / slotMs));
  }

  /** 1 where something fell into the slot: of samples at their own instants none is partly there. */
  presence(): Float64Array {
    return this.weight.map((weight) => (weight === 0 ? 0 : 1));
  }

  private note(slot: number, value: number): void {
    if (!(this.min[slot]! <= value)) this.min[slot] = value;
    if (!(this.max[slot]! >= value)) this.max[slot] = value;
  }
}
