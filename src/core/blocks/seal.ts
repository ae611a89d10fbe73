import type { Tier } from './tiers.js';
import { rawWindowMs } from './tiers.js';

/** [start, end), epoch milliseconds. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

export interface HotState {
  /** Up to where the monitor is sealed, without; undefined when it never was. */
  readonly sealedUntil: number | undefined;
  /** Instants of its hot reports that are not sealed, ascending. */
  readonly hotAts: ArrayLike<number>;
  readonly intervalMs: number;
  /** No report older than this is still on its way into the hot rows. */
  readonly settledUntil: number;
}

export interface SealPlan {
  /** Windows to seal, in time order; each has at least one hot report. */
  readonly windows: readonly Window[];
  /** The mark once they are sealed; undefined when there is nothing to mark yet. Never below the old one. */
  readonly sealedUntil: number | undefined;
}

/** Which raw blocks are due. A window is due when all of it is settled; windows without reports are passed over. */
export function planSeal({ sealedUntil, hotAts, intervalMs, settledUntil }: HotState): SealPlan {
  const spanMs = rawWindowMs(intervalMs);
  const windows: Window[] = [];
  let mark = sealedUntil ?? -Infinity;
  for (let index = 0; index < hotAts.length; index++) {
    const at = hotAts[index]!;
    if (at < mark) continue;
    const window = windowOf(at, spanMs, mark);
    if (window.end > settledUntil) break;
    windows.push(window);
    mark = window.end;
  }
  // What is empty and settled is sealed too: whatever arrives there later is late.
  const passed = settledUntil - (settledUntil % spanMs);
  const hasBegun = sealedUntil !== undefined || hotAts.length > 0;
  return { windows, sealedUntil: hasBegun ? Math.max(mark, passed) : undefined };
}

/**
 * The window that holds `at`. After a change of interval the first window of the new span may begin later
 * than its alignment says: at the mark, never before it.
 */
function windowOf(at: number, spanMs: number, mark: number): Window {
  const start = at - (at % spanMs);
  return { start: Math.max(start, mark), end: start + spanMs };
}

/** The rollup windows that have become complete: what they are made from is sealed to their end. */
export function planRollups(
  { windowMs }: Tier,
  sealedUntil: number,
  sourceSealedUntil: number,
): readonly Window[] {
  const windows: Window[] = [];
  for (
    let start = sealedUntil - (sealedUntil % windowMs);
    start + windowMs <= sourceSealedUntil;
    start += windowMs
  ) {
    windows.push({ start, end: start + windowMs });
  }
  return windows;
}

/** The rollup windows that a change within [start, end) touches, of those that are sealed. */
export function touchedWindows({ windowMs }: Tier, { start, end }: Window, sealedUntil: number): Window[] {
  const windows: Window[] = [];
  for (let from = start - (start % windowMs); from < end && from < sealedUntil; from += windowMs) {
    windows.push({ start: from, end: from + windowMs });
  }
  return windows;
}
