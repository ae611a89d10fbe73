/** What counters did between two readings. */
export interface CounterDeltas {
  readonly elapsedMs: number;
  readonly deltas: readonly number[];
}

/**
 * A probe's own baseline of counters, by device: gives what they grew by since the reading before.
 * Times are of the monotonic clock, in ms: a wall clock that is set would stretch or turn the window.
 */
export class CounterWindow {
  private before = new Map<string, { readonly at: number; readonly counters: readonly number[] }>();
  private now = new Map<string, { readonly at: number; readonly counters: readonly number[] }>();

  constructor(private readonly clock: () => number = () => performance.now()) {}

  /**
   * @returns undefined without a baseline, when no time passed, and when a counter fell: it began anew or
   * wrapped, and nobody can tell what happened in between.
   */
  advance(device: string, counters: readonly number[]): CounterDeltas | undefined {
    const at = this.clock();
    const before = this.before.get(device);
    this.now.set(device, { at, counters });
    if (!before || at <= before.at) return undefined;
    const deltas = counters.map((value, index) => value - before.counters[index]!);
    return deltas.every((delta) => delta >= 0) ? { elapsedMs: at - before.at, deltas } : undefined;
  }

  /** Ends a reading: devices that were not in it are forgotten. */
  turn(): void {
    this.before = this.now;
    this.now = new Map();
  }

  forget(): void {
    this.before.clear();
    this.now.clear();
  }
}
