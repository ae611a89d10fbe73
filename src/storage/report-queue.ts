import { DomainError } from '../core/errors.js';
import type { PendingReport, StoreOutcome } from './pending-report.js';

/** What waits beyond this is refused at once: memory stays flat and the sender keeps it. */
const MAX_WAITING_REPORTS = 20_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** Of that, and of each batch, for what belongs to a backlog: the rest stays free for the present. */
const BACKLOG_SHARE = 0.8;
/** What overtakes a backlog, and leaves it this much of each batch. */
const FRESH_SHARE = 0.8;
/** So few reports, the last of them so young, are what a machine measures now; more, or older ones, come from a backlog. */
const MAX_FRESH_REPORTS = 50;
const FRESH_MS = 15 * 60_000;
const MAX_BATCH_REPORTS = 1_000;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

const OVERLOADED_RETRY_SECONDS = 5;

/** The reports of one call of `store`: answered together, when the last of them has its outcome. */
class Request {
  private readonly outcomes: StoreOutcome[];
  private open: number;

  constructor(
    size: number,
    readonly isFresh: boolean,
    private readonly resolve: (outcomes: StoreOutcome[]) => void,
    readonly reject: (error: Error) => void,
  ) {
    this.outcomes = new Array<StoreOutcome>(size);
    this.open = size;
  }

  settle(index: number, outcome: StoreOutcome): void {
    this.outcomes[index] = outcome;
    this.open--;
    if (this.open === 0) this.resolve(this.outcomes);
  }
}

/** One report that waits for its outcome. */
export class Slot {
  private outcome: StoreOutcome | undefined;
  private failure: Error | undefined;

  constructor(
    readonly row: PendingReport,
    private readonly request: Request,
    private readonly index: number,
  ) {}

  /** Whether it overtakes backlogs. */
  get isFresh(): boolean {
    return this.request.isFresh;
  }

  settle(outcome: StoreOutcome): void {
    this.outcome = outcome;
    this.request.settle(this.index, outcome);
  }

  /** Nothing is known of this report: its whole request is told so. */
  fail(error: Error): void {
    this.failure = error;
    this.request.reject(error);
  }

  /** This is the same report as `first`, which has what became of it. */
  follow(first: Slot): void {
    if (first.failure) this.fail(first.failure);
    else this.settle(first.outcome === 'accepted' ? 'duplicate' : first.outcome!);
  }
}

/** Reports that wait in the order of their arrival. */
class Lane {
  private slots: Slot[] = [];
  private waitingBytes = 0;
  /** How many were ever added, and how many of them are done with. */
  private addedCount = 0;
  private doneCount = 0;
  private drains: { until: number; resolve: () => void }[] = [];

  get size(): number {
    return this.slots.length;
  }

  get bytes(): number {
    return this.waitingBytes;
  }

  add(slots: readonly Slot[], bytes: number): void {
    for (const slot of slots) this.slots.push(slot);
    this.waitingBytes += bytes;
    this.addedCount += slots.length;
  }

  /** At most so many, and of so many bytes that the last one may go beyond. */
  take(mostReports: number, mostBytes: number): { taken: Slot[]; bytes: number } {
    let count = 0;
    let bytes = 0;
    while (count < this.slots.length && count < mostReports && bytes < mostBytes) {
      bytes += bytesOf(this.slots[count]!.row);
      count++;
    }
    const taken = this.slots.slice(0, count);
    this.slots = count === this.slots.length ? [] : this.slots.slice(count);
    this.waitingBytes -= bytes;
    return { taken, bytes };
  }

  done(count: number): void {
    this.doneCount += count;
    while (this.drains.length > 0 && this.drains[0]!.until <= this.doneCount) this.drains.shift()!.resolve();
  }

  drain(): Promise<void> {
    const until = this.addedCount;
    if (this.doneCount === until) return Promise.resolve();
    return new Promise((resolve) => this.drains.push({ until, resolve }));
  }
}

/**
 * Reports on their way to the disk, within limits and in the order of arrival; but what machines measure now overtakes
 * what they bring from a time when the hub was away, which takes long when all of them do.
 */
export class ReportQueue {
  private readonly fresh = new Lane();
  private readonly backlog = new Lane();

  get size(): number {
    return this.fresh.size + this.backlog.size;
  }

  /** Bytes of the values that wait. */
  get byteSize(): number {
    return this.fresh.bytes + this.backlog.bytes;
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /**
   * Resolves with one outcome a row.
   * @throws DomainError `overloaded` when too much waits
   */
  add(rows: readonly PendingReport[]): Promise<StoreOutcome[]> {
    if (rows.length === 0) return Promise.resolve([]);
    const bytes = rows.reduce((sum, row) => sum + bytesOf(row), 0);
    const isFresh = areFresh(rows);
    const share = isFresh ? 1 : BACKLOG_SHARE;
    if (
      this.size + rows.length > MAX_WAITING_REPORTS * share ||
      this.byteSize + bytes > MAX_WAITING_BYTES * share
    ) {
      const message = 'More reports arrive than the disk takes. Send them again later.';
      return Promise.reject(new DomainError('overloaded', message, undefined, OVERLOADED_RETRY_SECONDS));
    }
    return new Promise((resolve, reject) => {
      const request = new Request(rows.length, isFresh, resolve, reject);
      const slots = rows.map((row, index) => new Slot(row, request, index));
      (isFresh ? this.fresh : this.backlog).add(slots, bytes);
    });
  }

  /** The next batch, taken out; whoever takes it says `done` when each of its slots has been answered. */
  take(): Slot[] {
    const share = this.backlog.size > 0 ? FRESH_SHARE : 1;
    const fresh = this.fresh.take(MAX_BATCH_REPORTS * share, MAX_BATCH_BYTES * share);
    const backlog = this.backlog.take(MAX_BATCH_REPORTS - fresh.taken.length, MAX_BATCH_BYTES - fresh.bytes);
    return backlog.taken.length === 0 ? fresh.taken : [...fresh.taken, ...backlog.taken];
  }

  done(batch: readonly Slot[]): void {
    const freshCount = batch.reduce((sum, { isFresh }) => sum + Number(isFresh), 0);
    this.fresh.done(freshCount);
    this.backlog.done(batch.length - freshCount);
  }

  /** Resolves when everything that is here now is done with, whatever arrives meanwhile. */
  async drain(): Promise<void> {
    await Promise.all([this.fresh.drain(), this.backlog.drain()]);
  }
}

function areFresh(rows: readonly PendingReport[]): boolean {
  const { report, receivedAt } = rows.at(-1)!;
  return rows.length <= MAX_FRESH_REPORTS && report.at > receivedAt - FRESH_MS;
}

function bytesOf({ report }: PendingReport): number {
  return report.values.byteLength;
}
