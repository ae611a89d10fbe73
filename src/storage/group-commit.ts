import type { BeforeApplicationShutdown } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import { DomainError } from '../core/errors.js';
import { INGEST_POOL } from '../database/database-pools.js';
import { EventBus } from '../events/event-bus.js';
import { LATE_AFTER_MS } from './hot-window.js';
import { Partitions } from './partitions.js';
import type { PendingReport, StoreOutcome } from './pending-report.js';
import type { StoredRow } from './store-statement.js';
import { storeStatement } from './store-statement.js';

/** Reports that wait beyond this are refused at once: memory stays flat and the sender keeps them. */
const MAX_WAITING_REPORTS = 20_000;
const MAX_BATCH_REPORTS = 1_000;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
/** Under load a short wait makes a batch several times larger, and a row several times cheaper. */
const LINGER_MS = 2;
const BUSY_BATCH_REPORTS = 4;

const FOREIGN_KEY_VIOLATION = '23503';
const NO_PARTITION = '23514';

interface Waiting {
  readonly rows: readonly PendingReport[];
  readonly outcomes: StoreOutcome[];
  open: number;
  readonly resolve: (outcomes: StoreOutcome[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Slot {
  readonly row: PendingReport;
  readonly waiting: Waiting;
  readonly index: number;
}

/**
 * Requests that arrive together share one statement and one commit; each is answered after its commit.
 * One statement runs at a time, so a report is never on two ways in at once, and under load the batch
 * grows by itself.
 */
@Injectable()
export class GroupCommit implements BeforeApplicationShutdown {
  private readonly logger = new Logger(GroupCommit.name);
  private queue: Slot[] = [];
  private isRunning = false;
  private lastBatchSize = 0;
  private whenIdle: (() => void)[] = [];
  /** The newest report of each monitor that went through here, epoch milliseconds. */
  private readonly newestAt = new Map<string, number>();

  constructor(
    @Inject(INGEST_POOL) private readonly pool: Pool,
    private readonly partitions: Partitions,
    private readonly events: EventBus,
  ) {
    events.on('monitor.deleted', ({ monitorId }) => this.newestAt.delete(monitorId));
  }

  /**
   * Commits reports. Resolves with one outcome a row, after the commit.
   * @throws DomainError `overloaded` when too much waits, `storage_unavailable` when the database does not answer
   */
  store(rows: readonly PendingReport[]): Promise<StoreOutcome[]> {
    if (this.queue.length + rows.length > MAX_WAITING_REPORTS) {
      return Promise.reject(
        new DomainError(
          'overloaded',
          'More reports arrive than the disk takes. Send them again later.',
          undefined,
          5,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { rows, outcomes: new Array(rows.length), open: rows.length, resolve, reject };
      rows.forEach((row, index) => this.queue.push({ row, waiting, index }));
      if (!this.isRunning) {
        this.isRunning = true;
        this.schedule();
      }
    });
  }

  /** Resolves when everything that waits now has been stored or refused. */
  drain(): Promise<void> {
    return this.isRunning ? new Promise((resolve) => this.whenIdle.push(resolve)) : Promise.resolve();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.drain();
  }

  private schedule(): void {
    if (this.lastBatchSize >= BUSY_BATCH_REPORTS) setTimeout(() => void this.run(), LINGER_MS);
    else setImmediate(() => void this.run());
  }

  private async run(): Promise<void> {
    const batch = this.takeBatch();
    this.lastBatchSize = batch.length;
    await this.commit(batch);
    if (this.queue.length > 0) {
      this.schedule();
      return;
    }
    this.isRunning = false;
    for (const notify of this.whenIdle.splice(0)) notify();
  }

  private takeBatch(): Slot[] {
    let count = 0;
    let bytes = 0;
    while (count < this.queue.length && count < MAX_BATCH_REPORTS && bytes < MAX_BATCH_BYTES) {
      bytes += this.queue[count]!.row.report.values.byteLength;
      count++;
    }
    const batch = this.queue.slice(0, count);
    this.queue = count === this.queue.length ? [] : this.queue.slice(count);
    return batch;
  }

  private async commit(batch: Slot[]): Promise<void> {
    const lateBefore = Date.now() - LATE_AFTER_MS;
    const fresh: Slot[] = [];
    const late: Slot[] = [];
    const repeated: [Slot, Slot][] = [];
    const firstByIdentity = new Map<string, Slot>();
    for (const slot of batch) {
      const identity = `${slot.row.monitorId}${slot.row.report.at}`;
      const first = firstByIdentity.get(identity);
      if (first) {
        repeated.push([slot, first]);
        continue;
      }
      firstByIdentity.set(identity, slot);
      (slot.row.report.at >= lateBefore ? fresh : late).push(slot);
    }
    if (fresh.length > 0) await this.execute(fresh, false);
    if (late.length > 0) await this.execute(late, true);
    for (const [slot, first] of repeated) {
      const outcome = first.waiting.outcomes[first.index];
      if (outcome === undefined) continue;
      this.settle(slot, outcome === 'accepted' ? 'duplicate' : outcome);
    }
  }

  private async execute(slots: Slot[], isLate: boolean, isRetry = false): Promise<void> {
    const rows = slots.map((slot) => slot.row);
    try {
      const { rows: stored } = await this.pool.query<StoredRow>(storeStatement(rows, isLate));
      this.conclude(slots, stored);
    } catch (error) {
      await this.recover(slots, isLate, isRetry, error as { code?: string; message?: string });
    }
  }

  /** A statement that fails is halved until the culprit is alone, and only that one is refused. */
  private async recover(
    slots: Slot[],
    isLate: boolean,
    isRetry: boolean,
    error: { code?: string; message?: string },
  ): Promise<void> {
    if (error.code === NO_PARTITION && !isRetry) {
      const instants = slots.map((slot) => slot.row.report.at);
      try {
        await this.partitions.ensure(Math.min(...instants), Math.max(...instants));
      } catch (cause) {
        return this.failAll(slots, cause as Error);
      }
      return this.execute(slots, isLate, true);
    }
    // SQLSTATE class 22 (data) and 23 (integrity) blame a row; everything else blames the database.
    if (!/^2[23]/.test(error.code ?? '')) return this.failAll(slots, error);
    if (slots.length === 1) {
      if (error.code === FOREIGN_KEY_VIOLATION) return this.settle(slots[0]!, 'monitor_deleted');
      return this.failAll(slots, error);
    }
    const middle = slots.length >> 1;
    await this.execute(slots.slice(0, middle), isLate, isRetry);
    await this.execute(slots.slice(middle), isLate, isRetry);
  }

  private failAll(slots: readonly Slot[], cause: { code?: string; message?: string }): void {
    this.logger.error(
      `storing ${slots.length} reports failed: ${cause.code ?? ''} ${cause.message ?? ''}`.trim(),
    );
    const error = new DomainError(
      'storage_unavailable',
      'The reports could not be stored. Nothing of this request that was not stored before is lost on your side: send it again.',
      undefined,
      2,
    );
    for (const slot of slots) slot.waiting.reject(error);
  }

  private conclude(slots: readonly Slot[], stored: readonly StoredRow[]): void {
    const rowBySlot = new Map<number, StoredRow>();
    for (const row of stored) rowBySlot.set(Number(row.ord) - 1, row);
    const acceptedByMonitor = new Map<string, { slots: Slot[]; row: StoredRow }>();
    slots.forEach((slot, index) => {
      const row = rowBySlot.get(index);
      if (!row) return this.settle(slot, 'duplicate');
      const accepted = acceptedByMonitor.get(slot.row.monitorId);
      if (accepted) accepted.slots.push(slot);
      else acceptedByMonitor.set(slot.row.monitorId, { slots: [slot], row });
      this.settle(slot, 'accepted');
    });
    for (const [monitorId, accepted] of acceptedByMonitor)
      this.announce(monitorId, accepted.slots, accepted.row);
  }

  private announce(monitorId: string, slots: readonly Slot[], row: StoredRow): void {
    const reports = slots.map((slot) => slot.row.report).sort((a, b) => a.at - b.at);
    const receivedAt = Math.max(...slots.map((slot) => slot.row.receivedAt));
    this.events.announce('report.stored', { monitorId, receivedAt, reports, isLatest: row.is_latest });
    const knownUntil = row.is_latest ? (this.newestAt.get(monitorId) ?? -Infinity) : Infinity;
    if (row.is_latest) this.newestAt.set(monitorId, reports.at(-1)!.at);
    // What lies before the report that was the newest until now fills a hole in history.
    const backfilled = reports.filter((report) => report.at < knownUntil);
    if (backfilled.length === 0) return;
    this.events.announce('report.backfilled', {
      monitorId,
      fromAt: backfilled[0]!.at,
      toAt: backfilled.at(-1)!.at,
    });
  }

  private settle(slot: Slot, outcome: StoreOutcome): void {
    const { waiting } = slot;
    waiting.outcomes[slot.index] = outcome;
    waiting.open--;
    if (waiting.open === 0) waiting.resolve(waiting.outcomes);
  }
}
