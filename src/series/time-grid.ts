import type { SampleRun } from '../core/blocks/sample-run.js';
import { GAP_INTERVALS } from '../core/model/limits.js';

/** Buckets of one width, as many as a range has. */
export interface TimeGrid {
  /** When each begins, epoch milliseconds, ascending. */
  readonly timestamps: Float64Array;
  /** Width of a bucket. */
  readonly stepMs: number;
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
    stepMs,
  };
}

/** The reports of one run that lie within a range, and the slot of each on the grid. */
export interface ExactRows {
  readonly begin: number;
  readonly slotOf: Int32Array;
}

/** The reports' own instants as a grid. */
export interface ExactGrid {
  readonly timestamps: Float64Array;
  /** Of the newest report: what a timestamp stands for. */
  readonly stepMs: number;
  /** For each run, in their order. */
  readonly rows: readonly ExactRows[];
}

/**
 * The reports' own instants from `fromAt` to `toAt`, both included. Where two are further apart than a gap, an
 * instant without values stands between them, so that no line is drawn across.
 * @param runs in time order
 * @param intervalMs what a timestamp stands for where there is no report
 */
export function exactGrid(
  runs: readonly Pick<SampleRun, 'ats' | 'intervalMsAt'>[],
  fromAt: number,
  toAt: number,
  intervalMs: number,
): ExactGrid {
  const timestamps: number[] = [];
  let before: { at: number; intervalMs: number } | undefined;
  const rows = runs.map(({ ats, intervalMsAt }): ExactRows => {
    let [begin, end] = [0, ats.length];
    while (begin < end && ats[begin]! < fromAt) begin++;
    while (end > begin && ats[end - 1]! > toAt) end--;
    const slotOf = new Int32Array(end - begin);
    for (let row = begin; row < end; row++) {
      const report = { at: ats[row]!, intervalMs: intervalMsAt(row) };
      const expectedMs = Math.max(report.intervalMs, before?.intervalMs ?? 0);
      if (before && report.at - before.at > GAP_INTERVALS * expectedMs)
        timestamps.push(before.at + before.intervalMs);
      slotOf[row - begin] = timestamps.length;
      timestamps.push(report.at);
      before = report;
    }
    return { begin, slotOf };
  });
  return { timestamps: Float64Array.from(timestamps), stepMs: before?.intervalMs ?? intervalMs, rows };
}
