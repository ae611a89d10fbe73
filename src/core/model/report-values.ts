/** How single values are taken out of a report on the wire; shared by the readers of its parts. */
import { MAX_IGNORED_NAMED } from './limits.js';
import type { MetricKind } from './metric-catalog.js';
import type { ParsedReport, RejectCode } from './parsed-report.js';
import { readText } from './report-text.js';

/** Thrown by the readers of a report's parts and caught by `parseReport`: a refusal may come from any depth. */
export class Refusal extends Error {
  constructor(
    readonly code: RejectCode,
    /** JSON pointer; made of known names and positions only, never of what the sender wrote. */
    readonly path: string,
  ) {
    super(code);
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Notes a part or key that this hub does not know, once, while there is room; an unreadable name is not repeated. */
export function ignore(parsed: ParsedReport, path: string): void {
  if (parsed.ignored.length >= MAX_IGNORED_NAMED) return;
  const checked = readText(path);
  if ('text' in checked && !parsed.ignored.includes(checked.text)) parsed.ignored.push(checked.text);
}

export function takeText(value: unknown, path: string): string {
  const checked = readText(value);
  if ('fault' in checked) throw new Refusal(checked.fault, path);
  return checked.text;
}

/** The greatest number that `takeNumber` takes. */
export const greatest = (kind: MetricKind): number =>
  kind === 'counter' ? Number.MAX_SAFE_INTEGER : Number.MAX_VALUE;

export function takeNumber(value: unknown, kind: MetricKind, path: string): number {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Refusal('not_finite', path);
    // As a number it may have lost digits before anybody looked: the sender can do better.
    if (kind === 'counter' && value > Number.MAX_SAFE_INTEGER) throw new Refusal('unsafe_integer', path);
    return value;
  }
  if (kind === 'counter' && typeof value === 'string') return readCounterText(value, path);
  throw new Refusal('wrong_type', path);
}

const MAX_UINT64 = '18446744073709551615';

/** A counter beyond 2^53 travels as a string; the nearest double is kept. */
function readCounterText(digits: string, path: string): number {
  if (!/^\d{1,20}$/.test(digits)) throw new Refusal('wrong_type', path);
  if (digits.length === MAX_UINT64.length && digits > MAX_UINT64) throw new Refusal('out_of_range', path);
  return Number(digits);
}
