/** How many values a mean remembers, by the number that a plan holds. 1 = only the last. */
export const WINDOWS = [1, 2, 4, 8, 16, 64, 255] as const;

/** A product with these is the same on every machine, and quicker than a division. */
const RECIPROCALS = Float64Array.from({ length: 256 }, (_, divisor) => 1 / Math.max(1, divisor));

/**
 * Expects the next integer of a run whose first is 0: the running mean of those before it, or the last one
 * plus the running mean of the growth. Plain IEEE arithmetic in a fixed order, so that the decoder's
 * predictor says what the encoder's said.
 */
export class Predictor {
  private mean: number;
  private last: number;
  private seen = 1;

  /** @param slope 0 when `order` is 0; else the second value, which has been seen then too */
  constructor(
    private readonly order: 0 | 1,
    private readonly window: number,
    slope: number,
  ) {
    this.mean = slope;
    this.last = slope;
  }

  predict(): number {
    return this.order === 0 ? Math.round(this.mean) : this.last + Math.round(this.mean);
  }

  see(value: number): void {
    if (this.seen < this.window) this.seen++;
    const fresh = this.order === 0 ? value : value - this.last;
    this.mean += (fresh - this.mean) * RECIPROCALS[this.seen]!;
    this.last = value;
  }
}
