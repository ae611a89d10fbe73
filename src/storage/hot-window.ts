/** A report older than this takes the late way in: its hot partition may be sealed under it. */
export const LATE_AFTER_MS = 30 * 60_000;

/** Hot reports are partitioned by time, aligned to the epoch; whole partitions leave by `drop`. */
export const PARTITION_SPAN_MS = 6 * 3_600_000;
