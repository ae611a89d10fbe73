import { MAX_REPORT_AGE_MS, MAX_REPORT_LEAD_MS } from './limits.js';

export type TimeFault = 'bad_timestamp' | 'timestamp_out_of_range';

const DAY_SECONDS = 86_400;
const RFC_3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * Reads `at`: epoch milliseconds or RFC 3339. Units are never guessed: seconds or microseconds
 * are simply out of range.
 * @param now the hub's clock, epoch milliseconds
 */
export function readReportTime(value: unknown, now: number): number | TimeFault {
  const at = typeof value === 'string' ? parseRfc3339(value) : value;
  if (typeof at !== 'number' || !Number.isSafeInteger(at)) return 'bad_timestamp';
  // On a hub whose clock says 1970 the window would reach below zero, where no partition is.
  if (at < 0 || at < now - MAX_REPORT_AGE_MS || at > now + MAX_REPORT_LEAD_MS)
    return 'timestamp_out_of_range';
  return at;
}

function parseRfc3339(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  // Date.parse turns 30 February into 2 March.
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  // Date.parse takes 24:00 for the midnight after; RFC 3339 has no such hour.
  if (match[4] === '24') return undefined;
  // A POSIX clock has no leap second: it is shown as the second before it.
  const isLeapSecond = match[6] === '60';
  const seconds = isLeapSecond ? '59' : match[6]!;
  const fraction = (match[7] ?? '').slice(0, 4);
  const at = Date.parse(
    `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${seconds}${fraction}${match[8]!.toUpperCase()}`,
  );
  if (Number.isNaN(at) || (isLeapSecond && Math.floor(at / 1000) % DAY_SECONDS !== DAY_SECONDS - 1))
    return undefined;
  return at;
}
