const HOUR_MS = 3_600_000;
/** A block shorter than this many reports pays more for its head than for its samples. */
const WANTED_REPORTS = 240;
/** Spans that divide a day, so that windows stay aligned to UTC. */
const SPANS_HOURS = [1, 2, 3, 4, 6, 8, 12, 24] as const;

/** A span of time that becomes one block. Epoch milliseconds, `until` exclusive. */
export interface SealWindow {
  readonly start: number;
  readonly until: number;
}

/** An hour, or as long as it takes to reach 240 reports, a day at most. */
export function blockSpanMs(intervalMs: number): number {
  const hours = (WANTED_REPORTS * intervalMs) / HOUR_MS;
  return (SPANS_HOURS.find((span) => span >= hours) ?? 24) * HOUR_MS;
}

/**
 * The aligned window that holds the first report that is not sealed yet.
 * @param sealedUntil what is sealed already: the interval may have changed, and windows with it
 */
export function nextWindow(firstAt: number, sealedUntil: number | null, intervalMs: number): SealWindow {
  const span = blockSpanMs(intervalMs);
  const aligned = Math.floor(firstAt / span) * span;
  return { start: Math.max(aligned, sealedUntil ?? -Infinity), until: aligned + span };
}

/** The aligned hour around `at`, cut so that it overlaps none of the blocks beside it. */
export function windowAround(at: number, neighbours: readonly SealWindow[]): SealWindow {
  let start = Math.floor(at / HOUR_MS) * HOUR_MS;
  let until = start + HOUR_MS;
  for (const block of neighbours) {
    if (block.until <= at) start = Math.max(start, block.until);
    else if (block.start > at) until = Math.min(until, block.start);
  }
  return { start, until };
}
