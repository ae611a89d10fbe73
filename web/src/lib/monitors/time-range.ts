import { m } from '../paraglide/messages.js';

export interface TimeRange {
  /** As it stands in the address: `?range=1h`. */
  readonly id: string;
  readonly lengthMs: number;
  readonly label: () => string;
  readonly longLabel: () => string;
}

export const TIME_RANGES: readonly TimeRange[] = [
  { id: '15m', lengthMs: 15 * 60_000, label: m.range_15m, longLabel: m.range_last_15m },
  { id: '1h', lengthMs: 3_600_000, label: m.range_1h, longLabel: m.range_last_1h },
  { id: '24h', lengthMs: 86_400_000, label: m.range_24h, longLabel: m.range_last_24h },
];

export function findTimeRange(id: string | null): TimeRange {
  return TIME_RANGES.find((range) => range.id === id) ?? TIME_RANGES[0]!;
}
