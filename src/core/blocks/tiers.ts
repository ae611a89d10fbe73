import { DEFAULT_RETENTION, retentionMsOf } from './retention.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A resolution in which history is kept. */
export interface Tier {
  /** 0 = the reports themselves; each is made from the one before. */
  readonly tier: 0 | 1 | 2 | 3;
  /** Width of a bucket; 0 = each report stands for itself. */
  readonly bucketMs: number;
  /** No block spans more than this. Rollup blocks span exactly this, aligned to the epoch. */
  readonly blockMs: number;
  /** Where nothing else is set. */
  readonly retentionMs: number;
  /** Blocks are dropped in lots of this much time. */
  readonly partitionMs: number;
}

/** Raw reports are kept two days longer than the oldest that is accepted, so that a late one never finds its rollup without them. */
export const TIERS: readonly [Tier, Tier, Tier, Tier] = [
  { tier: 0, bucketMs: 0, blockMs: DAY_MS, retentionMs: 10 * DAY_MS, partitionMs: 2 * DAY_MS },
  { tier: 1, bucketMs: MINUTE_MS, blockMs: 6 * HOUR_MS, retentionMs: 30 * DAY_MS, partitionMs: 6 * DAY_MS },
  {
    tier: 2,
    bucketMs: 15 * MINUTE_MS,
    blockMs: 2 * DAY_MS,
    retentionMs: 366 * DAY_MS,
    partitionMs: 60 * DAY_MS,
  },
  {
    tier: 3,
    bucketMs: 4 * HOUR_MS,
    blockMs: 16 * DAY_MS,
    retentionMs: 5 * 366 * DAY_MS,
    partitionMs: 360 * DAY_MS,
  },
];

/** The coarsest tier whose buckets make up steps of this width exactly. */
export function tierForStep(stepMs: number): Tier {
  return TIERS.findLast(({ bucketMs }) => bucketMs === 0 || stepMs % bucketMs === 0)!;
}

/** The window of a rollup tier that holds this instant: one block. */
export function rollupWindow({ blockMs }: Tier, at: number): { start: number; until: number } {
  const start = Math.floor(at / blockMs) * blockMs;
  return { start, until: start + blockMs };
}

/** Width of the finest buckets that are still kept of an instant; 0 = the reports themselves. */
export function finestKeptBucketMs(at: number, now: number, retention = DEFAULT_RETENTION): number {
  const tier = TIERS.find((candidate) => at >= now - retentionMsOf(retention, candidate.tier)) ?? TIERS[3];
  return tier.bucketMs;
}
