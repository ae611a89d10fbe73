const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
const LEAST_MS = 100;

/** What an answer may ask for at most. */
const LONGEST_ASKED_MS = 3_600_000;

/**
 * For how long to wait before the next attempt: anything up to 1 s, 2 s, 4 s … 60 s, so that many who failed together
 * do not come back together.
 * @param failures in a row, at least 1
 * @param random from 0 to 1
 */
export function backoffMs(failures: number, random: number): number {
  const most = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16));
  return Math.max(LEAST_MS, Math.round(random * most));
}

/** What `Retry-After` asks for (seconds or a date), in milliseconds; 0 where it says nothing that can be read. */
export function readRetryAfter(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(LONGEST_ASKED_MS, Math.max(0, ms)) : 0;
}
