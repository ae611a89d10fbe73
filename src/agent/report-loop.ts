import { crc32 } from './spool/checksum.js';

/** CPU shares need two readings; this is how far apart the first two are. */
const BASELINE_MS = 1_000;

export interface ReportLoopOptions {
  /** Takes the baseline. */
  prime: () => void;
  /** Measures once; never rejects. */
  collect: () => Promise<void>;
  /** Asked before each wait: it may change while the loop runs. */
  intervalMs: () => number;
  /** This loop's place within the interval, from 0 to 1; see `hashToShare`. */
  phaseShare: number;
}

/**
 * Measures at fixed instants of the clock, one interval apart: a slow reading moves none of the later
 * ones, and an instant that comes while a reading is under way is passed over, never made up for.
 */
export class ReportLoop {
  private timer: NodeJS.Timeout | undefined;
  private isRunning = false;
  private isFirst = false;
  private lastTickAt: number | undefined;

  constructor(private readonly options: ReportLoopOptions) {}

  /** The first report comes after a second, so that nobody waits an interval for it. */
  start(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.isFirst = true;
    this.options.prime();
    this.timer = setTimeout(() => void this.tick(), BASELINE_MS);
  }

  stop(): void {
    this.isRunning = false;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Call it when the interval changed, so that a long wait does not run to its end. */
  reschedule(): void {
    // The first report, a second after the start, waits for no interval.
    if (!this.timer || this.isFirst) return;
    // The instant that was waited for has not come yet.
    this.lastTickAt = undefined;
    this.schedule();
  }

  private async tick(): Promise<void> {
    this.timer = undefined;
    this.isFirst = false;
    await this.options.collect();
    if (this.isRunning && !this.timer) this.schedule();
  }

  private schedule(): void {
    clearTimeout(this.timer);
    const now = Date.now();
    const intervalMs = this.options.intervalMs();
    const tickAt = computeNextTickAt(now, intervalMs, this.options.phaseShare, this.lastTickAt);
    this.lastTickAt = tickAt;
    this.timer = setTimeout(() => void this.tick(), tickAt - now);
  }
}

/**
 * The next instant (epoch ms) after `now` that lies `phaseShare` into an interval counted from the epoch.
 * A timer may fire a millisecond early: the instant that it was for (`lastTickAt`) is not given twice.
 */
export function computeNextTickAt(
  now: number,
  intervalMs: number,
  phaseShare: number,
  lastTickAt?: number,
): number {
  const phaseMs = Math.floor(phaseShare * intervalMs);
  const next = (Math.floor((now - phaseMs) / intervalMs) + 1) * intervalMs + phaseMs;
  return next === lastTickAt && next - now < intervalMs / 2 ? next + intervalMs : next;
}

/** A number from 0 to 1 that is always the same for the same text and spread evenly over texts. */
export function hashToShare(text: string): number {
  return crc32(Buffer.from(text)) / 2 ** 32;
}
