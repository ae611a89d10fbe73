/** Keys whose requests are due no more are looked for when this many are remembered. */
const SWEEP_AT_KEYS = 20_000;

/**
 * How much each key may take: so much a second, and so much at once after a rest.
 *
 * The generic cell rate algorithm: a key is remembered by the one instant at which its bucket will be full
 * again. No timer, no promise, one look into a map.
 */
export class Allowances {
  /** Milliseconds that one unit costs. */
  private readonly costMs: number;
  /** How far a bucket may be from full. */
  private readonly depthMs: number;
  private readonly fullAt = new Map<string, number>();
  private sweepAtKeys = SWEEP_AT_KEYS;

  constructor({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }) {
    this.costMs = 1000 / perSecond;
    this.depthMs = this.costMs * burst;
  }

  /**
   * Takes `amount` off a key's allowance.
   * @param now monotonic, milliseconds
   * @returns seconds until so much is allowed where it is not now, and nothing was taken; 0 = go on
   */
  take(key: string, now: number, amount = 1): number {
    const waitSeconds = this.waitFor(key, now, amount);
    // What is refused costs nothing: who waits as told is served.
    if (waitSeconds > 0) return waitSeconds;
    this.fullAt.set(key, Math.max(this.fullAt.get(key) ?? 0, now) + this.costMs * amount);
    if (this.fullAt.size > this.sweepAtKeys) this.sweep(now);
    return 0;
  }

  /** What `take` would answer, without taking. */
  waitFor(key: string, now: number, amount = 1): number {
    const fullAt = Math.max(this.fullAt.get(key) ?? 0, now) + this.costMs * amount;
    return Math.max(0, fullAt - now - this.depthMs) / 1000;
  }

  forget(key: string): void {
    this.fullAt.delete(key);
  }

  private sweep(now: number): void {
    for (const [key, fullAt] of this.fullAt) if (fullAt <= now) this.fullAt.delete(key);
    this.sweepAtKeys = Math.max(SWEEP_AT_KEYS, this.fullAt.size * 2);
  }
}
