import { DomainError } from '../core/errors.js';
import type { PendingReport, StoreOutcome } from './pending-report.js';

/** What waits beyond this is refused at once: memory stays flat and the sender keeps it. */
const MAX_WAITING_REPORTS = 20_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const MAX_BATCH_REPORTS = 1_000;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

const OVERLOADED_RETRY_SECONDS = 5;

/** The reports of one call of `store`: answered together, when the last of them has its outcome. */
class Request {
  private readonly outcomes: StoreOutcome[];
  private open: number;

  constructor(
    size: number,
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

/** Reports on their way to the disk, in the order of arrival and within limits. */
export class ReportQueue {
  private slots: Slot[] = [];
  private bytes = 0;
  /** How many were ever added, and how many of them are done with. */
  private addedCount = 0;
  private doneCount = 0;
  private drains: { until: number; resolve: () => void }[] = [];

  get size(): number {
    return this.slots.length;
  }

  /** Bytes of the values that wait. */
  get byteSize(): number {
    return this.bytes;
  }

  get isEmpty(): boolean {
    return this.slots.length === 0;
  }

  /**
   * Resolves with one outcome a row.
   * @throws DomainError `overloaded` when too much waits
   */
  add(rows: readonly PendingReport[]): Promise<StoreOutcome[]> {
    if (rows.length === 0) return Promise.resolve([]);
    const bytes = rows.reduce((sum, row) => sum + bytesOf(row), 0);
    if (this.slots.length + rows.length > MAX_WAITING_REPORTS || this.bytes + bytes > MAX_WAITING_BYTES) {
      const message = 'More reports arrive than the disk takes. Send them again later.';
      return Promise.reject(new DomainError('overloaded', message, undefined, OVERLOADED_RETRY_SECONDS));
    }
    this.bytes += bytes;
    this.addedCount += rows.length;
    return new Promise((resolve, reject) => {
      const request = new Request(rows.length, resolve, reject);
      rows.forEach((row, index) => this.slots.push(new Slot(row, request, index)));
    });
  }

  /** The next batch, taken out; whoever takes it says `done` when each of its slots has been answered. */
  take(): Slot[] {
    let count = 0;
    let bytes = 0;
    while (count < this.slots.length && count < MAX_BATCH_REPORTS && bytes < MAX_BATCH_BYTES) {
      bytes += bytesOf(this.slots[count]!.row);
      count++;
    }
    const batch = this.slots.slice(0, count);
    this.slots = count === this.slots.length ? [] : this.slots.slice(count);
    this.bytes -= bytes;
    return batch;
  }

  done(batch: readonly Slot[]): void {
    this.doneCount += batch.length;
    while (this.drains.length > 0 && this.drains[0]!.until <= this.doneCount) this.drains.shift()!.resolve();
  }

  /** Resolves when everything that is here now is done with, whatever arrives meanwhile. */
  drain(): Promise<void> {
    const until = this.addedCount;
    if (this.doneCount === until) return Promise.resolve();
    return new Promise((resolve) => this.drains.push({ until, resolve }));
  }
}

function bytesOf({ report }: PendingReport): number {
  return report.values.byteLength;
}
