import { GAP_INTERVALS } from '../core/model/limits.js';
import type { StoredReport } from '../core/model/stored-report.js';

/** The instants that an answer is given for, and which of them a report belongs to. */
export interface TimeGrid {
  /** Epoch milliseconds, ascending: the reports' own instants, or the beginnings of buckets. */
  readonly timestamps: Float64Array;
  readonly isBucketed: boolean;
  /** What one timestamp stands for. */
  readonly stepMs: number;
  /** Position of the slot that holds this instant, or −1. */
  slotOf(at: number): number;
}

/** Widths that people read on a time axis, in seconds. */
const NICE_STEPS = [
  1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 14_400, 21_600, 43_200,
];
const DAY_MS = 86_400_000;

/**
 * The narrowest nice bucket that is no narrower than `atLeastMs` and cuts the range, both ends included,
 * into at most `maxPoints` buckets.
 */
export function pickStepMs(fromAt: number, toAt: number, maxPoints: number, atLeastMs: number): number {
  let stepMs = niceStepMs(Math.max((toAt - fromAt) / maxPoints, atLeastMs));
  while (countSlots(fromAt, toAt, stepMs) > maxPoints) stepMs = niceStepMs(stepMs + 1);
  return stepMs;
}

function niceStepMs(atLeastMs: number): number {
  const nice = NICE_STEPS.find((seconds) => seconds * 1000 >= atLeastMs);
  if (nice !== undefined) return nice * 1000;
  // Beyond a day each step doubles: any range falls into one bucket at last.
  let days = 1;
  while (days * DAY_MS < atLeastMs) days *= 2;
  return days * DAY_MS;
}

function countSlots(fromAt: number, toAt: number, stepMs: number): number {
  return Math.floor(toAt / stepMs) - Math.floor(fromAt / stepMs) + 1;
}

/** Buckets aligned to the epoch in UTC, so that the same instant always falls into the same bucket. */
export function bucketGrid(fromAt: number, toAt: number, stepMs: number): TimeGrid {
  const start = Math.floor(fromAt / stepMs) * stepMs;
  const slots = countSlots(fromAt, toAt, stepMs);
  return {
    timestamps: Float64Array.from({ length: slots }, (_, slot) => start + slot * stepMs),
    isBucketed: true,
    stepMs,
    slotOf: (at) => (at < start || at > toAt ? -1 : Math.floor((at - start) / stepMs)),
  };
}

/**
 * The reports' own instants. Where two are further apart than a gap, an instant without values stands
 * between them, so that no line is drawn across.
 * @param intervalMs what a timestamp stands for where there is no report
 */
export function exactGrid(
  reports: readonly StoredReport[],
  fromAt: number,
  toAt: number,
  intervalMs: number,
): TimeGrid {
  const timestamps: number[] = [];
  const slots = new Map<number, number>();
  let before: StoredReport | undefined;
  let stepMs = intervalMs;
  for (const report of reports) {
    if (report.at < fromAt || report.at > toAt) continue;
    const expectedMs = Math.max(report.intervalMs, before?.intervalMs ?? 0);
    if (before && report.at - before.at > GAP_INTERVALS * expectedMs)
      timestamps.push(before.at + before.intervalMs);
    slots.set(report.at, timestamps.length);
    timestamps.push(report.at);
    before = report;
    stepMs = report.intervalMs;
  }
  return {
    timestamps: Float64Array.from(timestamps),
    isBucketed: false,
    stepMs,
    slotOf: (at) => slots.get(at) ?? -1,
  };
}
