/** Counts values by size, cheaply enough for every request: the hub's own metrics read it when they are asked for. */
export class Distribution {
  /** counts[i] = values at most bounds[i] and above the bound before; the last = values above all bounds. */
  readonly counts: Float64Array;
  sum = 0;

  /** @param bounds ascending */
  constructor(readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let index = 0;
    while (index < this.bounds.length && value > this.bounds[index]!) index++;
    this.counts[index]!++;
    this.sum += value;
  }
}

/** For durations in seconds, from half a millisecond to the longest that a request may take. */
export const DURATION_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
