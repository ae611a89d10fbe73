const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** What is kept of every monitor, from the samples themselves to the coarsest rollup. */
export interface Tier {
  readonly tier: 0 | 1 | 2 | 3;
  /** Width of a bucket; 0 for the samples themselves. */
  readonly bucketMs: number;
  /** What one block spans; 0 where the interval decides. Multiples of it since the epoch, in UTC. */
  readonly windowMs: number;
  /** How long it is kept unless a monitor says otherwise. */
  readonly retentionMs: number;
}

/**
 * A wider window makes smaller blocks (a tenth from 60 to 360 buckets), but what is not sealed yet must be
 * read from the finer tier: at most 6 h of samples, a day of minutes, 10 days of quarters.
 */
export const TIERS: readonly [Tier, Tier, Tier, Tier] = [
  { tier: 0, bucketMs: 0, windowMs: 0, retentionMs: 10 * DAY_MS },
  { tier: 1, bucketMs: MINUTE_MS, windowMs: 6 * HOUR_MS, retentionMs: 30 * DAY_MS },
  { tier: 2, bucketMs: 15 * MINUTE_MS, windowMs: DAY_MS, retentionMs: 365 * DAY_MS },
  { tier: 3, bucketMs: 4 * HOUR_MS, windowMs: 10 * DAY_MS, retentionMs: 5 * 365 * DAY_MS },
];

/** The rollups of a monitor: none is finer than its interval. */
export function rollupTiersOf(intervalMs: number): Tier[] {
  return TIERS.filter(({ bucketMs }) => bucketMs > 0 && bucketMs >= intervalMs);
}

/** Windows are aligned to the day in UTC, so they divide it. */
const RAW_WINDOW_HOURS = [1, 2, 3, 4, 6, 8, 12, 24];
/** A shorter block pays too much for its head and for learning what its columns are like. */
const MIN_REPORTS_PER_BLOCK = 240;

/** What a raw block spans: an hour, or as long as it takes to reach 240 reports, a day at most. */
export function rawWindowMs(intervalMs: number): number {
  const hours = RAW_WINDOW_HOURS.find((count) => count * HOUR_MS >= MIN_REPORTS_PER_BLOCK * intervalMs);
  return (hours ?? 24) * HOUR_MS;
}
