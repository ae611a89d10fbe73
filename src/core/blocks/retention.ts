import { MAX_REPORT_AGE_MS } from '../model/limits.js';
import { DAY_MS, rollupTiersOf, TIERS } from './tiers.js';

/** How long each tier of a monitor is kept, milliseconds; the default where it is not said. */
export type Retention = Readonly<Partial<Record<0 | 1 | 2 | 3, number>>>;

/** A late report must find the samples around it, or its rollup could not be made anew. */
export const MIN_RAW_RETENTION_MS = MAX_REPORT_AGE_MS + 2 * DAY_MS;

/** @returns how long the tier is kept, never shorter than late reports allow */
export function retentionMsOf(tier: 0 | 1 | 2 | 3, retention: Retention = {}): number {
  const wanted = retention[tier] ?? TIERS[tier].retentionMs;
  return tier === 0 ? Math.max(wanted, MIN_RAW_RETENTION_MS) : wanted;
}

/** A block of the tier may go when all of it lies before this instant, epoch milliseconds. */
export function expiresBefore(tier: 0 | 1 | 2 | 3, now: number, retention: Retention = {}): number {
  return now - retentionMsOf(tier, retention);
}

/** Bytes of a sample, and of a series' bucket in tiers 1 to 3, as bench/codec.ts measures them, with the table's own. */
const BYTES_PER_VALUE = [0.6, 3.5, 4.7, 7] as const;

/**
 * About how many bytes a monitor will take once every tier is full.
 * @param seriesCount series in each of its reports
 */
export function estimateBytes(seriesCount: number, intervalMs: number, retention: Retention = {}): number {
  const raw = (retentionMsOf(0, retention) / intervalMs) * BYTES_PER_VALUE[0];
  const rollups = rollupTiersOf(intervalMs).reduce(
    (sum, { tier, bucketMs }) => sum + (retentionMsOf(tier, retention) / bucketMs) * BYTES_PER_VALUE[tier],
    0,
  );
  return Math.round(seriesCount * (raw + rollups));
}
