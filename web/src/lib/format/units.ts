import { nameInText } from './names.ts';
import { pickLocale } from './locale.ts';

/** What stands in a number's place when there is none. */
export const NO_VALUE = '–';

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
const NO_BREAK_SPACE = '\u00a0';

const formatters = new Map<number, Intl.NumberFormat>();

/** Three significant digits at least, whole numbers in full, in a stable width. */
function formatDigits(value: number): string {
  const size = Math.abs(value);
  const decimals = size >= 100 || value === 0 ? 0 : size >= 10 ? 1 : 2;
  let formatter = formatters.get(decimals);
  if (!formatter) {
    formatter = new Intl.NumberFormat(pickLocale(), {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    formatters.set(decimals, formatter);
  }
  return formatter.format(value);
}

export function formatPercent(value: number | null | undefined): string {
  if (value === null || value === undefined) return NO_VALUE;
  const decimals = Math.abs(value) < 10 && value !== 0 ? 1 : 0;
  return `${new Intl.NumberFormat(pickLocale(), { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value)}${NO_BREAK_SPACE}%`;
}

/** IEC: 1 KiB = 1,024 B. */
export function formatBytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return NO_VALUE;
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 1000 && unit < BYTE_UNITS.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  const digits = unit === 0 ? String(Math.round(scaled)) : formatDigits(scaled);
  return `${digits}${NO_BREAK_SPACE}${BYTE_UNITS[unit]}`;
}

export function formatBytesPerSecond(value: number | null | undefined): string {
  return value === null || value === undefined ? NO_VALUE : `${formatBytes(value)}/s`;
}

export function formatLoad(value: number | null | undefined): string {
  return value === null || value === undefined ? NO_VALUE : formatDigits(value);
}

export function formatCount(value: number): string {
  return new Intl.NumberFormat(pickLocale()).format(value);
}

/** A number of things; a mean over time may have decimals. */
export function formatAmount(value: number | null | undefined): string {
  if (value === null || value === undefined) return NO_VALUE;
  return Number.isInteger(value) ? formatCount(value) : formatDigits(value);
}

export function formatCelsius(value: number | null | undefined): string {
  return value === null || value === undefined ? NO_VALUE : `${formatTenths(value)}${NO_BREAK_SPACE}°C`;
}

export function formatMilliseconds(value: number | null | undefined): string {
  return value === null || value === undefined ? NO_VALUE : `${formatDigits(value)}${NO_BREAK_SPACE}ms`;
}

function formatTenths(value: number): string {
  return new Intl.NumberFormat(pickLocale(), { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(
    value,
  );
}

/** For the marks of an axis, which are round: `16 GiB`, not `16.0 GiB`. */
export function formatMark(unit: ChartUnit, value: number): string {
  // Whole from a thousand on, where a comma would be taken for the mark of decimals.
  if (unit === 'count') return formatCount(value);
  if (!isNamedUnit(unit)) return formatPlain(value);
  return formatByUnit(unit, value).replace(/([.,]\d*?)0+(?=\D|$)/, (_, decimals: string) =>
    decimals.length > 1 ? decimals : '',
  );
}

/** Seconds in the unit that fits: `250 µs`, `1.20 s`, `3.5 h`. */
export function formatSeconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return NO_VALUE;
  const size = Math.abs(value);
  const { seconds, name } = SECOND_UNITS.find(({ from }) => size >= from || from === 0)!;
  return `${formatDigits(value / seconds)}${NO_BREAK_SPACE}${name}`;
}

/** Each from where it reads better than the next smaller one; zero is in seconds. */
const SECOND_UNITS = [
  { from: 172_800, seconds: 86_400, name: 'd' },
  { from: 7_200, seconds: 3_600, name: 'h' },
  { from: 120, seconds: 60, name: 'min' },
  { from: 1, seconds: 1, name: 's' },
  { from: 1e-3, seconds: 1e-3, name: 'ms' },
  { from: Number.MIN_VALUE, seconds: 1e-6, name: 'µs' },
  { from: 0, seconds: 1, name: 's' },
];

export type NamedUnit =
  'percent' | 'bytes' | 'bytesPerSecond' | 'count' | 'celsius' | 'milliseconds' | 'seconds';

/** What a chart counts: one of ours, or with `number:` what a sender calls it (`number:jobs`, `number:`). */
export type ChartUnit = NamedUnit | `number:${string}`;

const BY_UNIT: Record<NamedUnit, (value: number | null | undefined) => string> = {
  percent: formatPercent,
  bytes: formatBytes,
  bytesPerSecond: formatBytesPerSecond,
  count: formatAmount,
  celsius: formatCelsius,
  milliseconds: formatMilliseconds,
  seconds: formatSeconds,
};

export const isNamedUnit = (unit: ChartUnit): unit is NamedUnit => unit in BY_UNIT;

export function formatByUnit(unit: ChartUnit, value: number | null | undefined): string {
  if (isNamedUnit(unit)) return BY_UNIT[unit](value);
  // The sender's own word.
  const suffix = nameInText(unit.slice('number:'.length));
  const number = formatPlain(value);
  if (number === NO_VALUE || suffix === '') return number;
  return suffix.startsWith('/') ? `${number}${suffix}` : `${number}${NO_BREAK_SPACE}${suffix}`;
}

/** Any number whatever: three digits that count, and short where it is far from one. */
function formatPlain(value: number | null | undefined): string {
  if (value === null || value === undefined) return NO_VALUE;
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 0.001)) {
    return new Intl.NumberFormat(pickLocale(), {
      notation: size >= 1e15 || size < 1 ? 'scientific' : 'compact',
      maximumSignificantDigits: 3,
    }).format(value);
  }
  if (Number.isInteger(value)) return formatCount(value);
  return size < 1
    ? new Intl.NumberFormat(pickLocale(), { maximumSignificantDigits: 3 }).format(value)
    : formatDigits(value);
}
