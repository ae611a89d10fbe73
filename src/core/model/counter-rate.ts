import { GAP_INTERVALS } from './limits.js';

const WRAP_AT = 2 ** 32;
/** A decrease is a wrap of a 32-bit counter only when it was nearly full … */
const WRAP_FROM = 0.9 * WRAP_AT;
/** … and what it would mean is believable: 10 Gbit/s, in bytes a second; more than any 32-bit counter saw. */
const MAX_WRAPPED_RATE = 1.25e9;

export interface CounterReading {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly bootId: string | null;
  readonly value: number;
}

/**
 * How much a counter grew between two readings of one series, or NaN where that cannot be known:
 * after a reboot, after an implausible decrease, across a gap, or when time did not advance.
 * Never negative.
 * @param intervalMs what the sender keeps between reports
 */
export function counterIncrease(
  previous: CounterReading,
  current: CounterReading,
  intervalMs: number,
): number {
  const elapsedMs = current.at - previous.at;
  if (elapsedMs <= 0 || elapsedMs > GAP_INTERVALS * intervalMs) return NaN;
  if (previous.bootId !== current.bootId) return NaN;
  const increase = current.value - previous.value;
  if (increase >= 0) return increase;
  if (previous.value <= WRAP_FROM || previous.value >= WRAP_AT) return NaN;
  const wrapped = increase + WRAP_AT;
  return (wrapped * 1000) / elapsedMs <= MAX_WRAPPED_RATE ? wrapped : NaN;
}

/** The same as a rate per second. */
export function counterRate(previous: CounterReading, current: CounterReading, intervalMs: number): number {
  return (counterIncrease(previous, current, intervalMs) * 1000) / (current.at - previous.at);
}
