/** What may wait of one monitor: beyond it the oldest go, and are counted. */
export const MAX_QUEUED_REPORTS = 10_000;
/** Of the values, which are nearly all of it. */
export const MAX_QUEUED_BYTES = 64 * 1024 * 1024;
