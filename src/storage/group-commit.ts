import type { BeforeApplicationShutdown } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Pool, QueryConfig } from 'pg';
import { Distribution, DURATION_BOUNDS } from '../common/distribution.js';
import { reach } from '../common/step.js';
import { DomainError } from '../core/errors.js';
import { INGEST_POOL } from '../database/database-pools.js';
import { EventBus } from '../events/event-bus.js';
import { CopyReports } from './copy-reports.js';
import { LatestReports } from './latest-reports.js';
import { MaintenanceLock } from './maintenance-lock.js';
import { Partitions } from './partitions.js';
import type { PendingReport, StoreOutcome } from './pending-report.js';
import { ReportQueue, type Slot } from './report-queue.js';
import { SealedReports } from './sealed-reports.js';
import type { RepeatedRow } from './store-statement.js';
import { storeStatement } from './store-statement.js';
import { StorageSpace } from './storage-space.js';
import { StoredAnnouncer } from './stored-announcer.js';

/** Under load a short wait makes a batch several times larger, and a row several times cheaper. It ends when as many wait as last time. */
const LINGER_MS = 2;
const BUSY_BATCH_REPORTS = 4;

/** Far longer than a report is on its way through the hub. */
const KEEP_DELETED_MS = 3_600_000;

const UNIQUE_VIOLATION = '23505';
const NO_PARTITION = '23514';
const DISK_FULL = '53100';

/** How a report comes in: known to be new, young but perhaps known, or late; the last two also into the outbox. */
type Way = 'new' | 'fresh' | 'late' | 'fresh-forwarded' | 'late-forwarded';

interface DatabaseFault {
  readonly code?: string;
  readonly message?: string;
}

/**
 * Requests that arrive together share one statement and one commit; each is answered after its commit.
 * One statement runs at a time, so a report is never on two ways in at once, and under load the batch
 * grows by itself.
 */
@Injectable()
export class GroupCommit implements BeforeApplicationShutdown {
  private readonly logger = new Logger(GroupCommit.name);
  private readonly queue = new ReportQueue();
  /** Seconds that each batch took, and the reports in it. */
  readonly durations = new Distribution(DURATION_BOUNDS);
  readonly batchSizes = new Distribution([1, 2, 5, 10, 25, 50, 100, 250, 500, 1000]);
  private readonly announcer: StoredAnnouncer;
  /** Deleted not long ago, and when, in the process's own time: what still waits of them is refused. */
  private readonly deleted = new Map<string, number>();
  private isRunning = false;
  private lastBatchSize = 0;
  private lingering: NodeJS.Timeout | undefined;

  constructor(
    @Inject(INGEST_POOL) private readonly pool: Pool,
    private readonly partitions: Partitions,
    private readonly sealed: SealedReports,
    private readonly lock: MaintenanceLock,
    private readonly space: StorageSpace,
    private readonly latest: LatestReports,
    events: EventBus,
  ) {
    events.on('monitor.deleted', ({ monitorId }) => this.noteDeleted(monitorId));
    this.announcer = new StoredAnnouncer(events);
  }

  /**
   * Commits reports. Resolves with one outcome a row, after the commit.
   * @throws DomainError `overloaded` when too much waits, `storage_unavailable` or `storage_full` when the
   *   database does not take them; part of a large request may be stored then, and is a duplicate the next time
   */
  store(rows: readonly PendingReport[]): Promise<StoreOutcome[]> {
    const refusal = this.space.refuse();
    if (refusal) return Promise.reject(refusal);
    const outcomes = this.queue.add(rows);
    if (!this.isRunning && !this.queue.isEmpty) {
      this.isRunning = true;
      this.schedule();
    } else if (this.lingering && this.queue.size >= this.lastBatchSize) this.runSoon();
    return outcomes;
  }

  /** What waits for its turn. */
  get waiting(): { readonly reports: number; readonly bytes: number } {
    return { reports: this.queue.size, bytes: this.queue.byteSize };
  }

  /** Resolves when everything that waits now has been stored or refused. */
  drain(): Promise<void> {
    return this.queue.drain();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.drain();
  }

  private noteDeleted(monitorId: string): void {
    const now = performance.now();
    // In the order of their going, so the oldest come first.
    for (const [id, deletedAt] of this.deleted) {
      if (now - deletedAt < KEEP_DELETED_MS) break;
      this.deleted.delete(id);
    }
    this.deleted.set(monitorId, now);
  }

  private schedule(): void {
    const isEnough = this.lastBatchSize < BUSY_BATCH_REPORTS || this.queue.size >= this.lastBatchSize;
    if (isEnough) this.runSoon();
    else this.lingering = setTimeout(() => this.runSoon(), LINGER_MS);
  }

  /** What has arrived in this turn of the event loop comes along. */
  private runSoon(): void {
    clearTimeout(this.lingering);
    this.lingering = undefined;
    setImmediate(() => void this.run());
  }

  private async run(): Promise<void> {
    const batch = this.queue.take();
    this.lastBatchSize = batch.length;
    const begunAt = performance.now();
    await this.commit(batch);
    this.durations.observe((performance.now() - begunAt) / 1000);
    this.batchSizes.observe(batch.length);
    this.queue.done(batch);
    this.isRunning = !this.queue.isEmpty;
    if (this.isRunning) this.schedule();
  }

  private async commit(batch: readonly Slot[]): Promise<void> {
    reach('commit.taken');
    const lateBefore = this.sealed.lateBefore(Date.now());
    const slots: Record<Way, Slot[]> = {
      ...{ new: [], fresh: [], late: [], 'fresh-forwarded': [], 'late-forwarded': [] },
    };
    const repeated: [Slot, Slot][] = [];
    const firstByIdentity = new Map<string, Slot>();
    for (const slot of batch) {
      const { monitorId, report } = slot.row;
      if (this.deleted.has(monitorId)) {
        slot.settle('monitor_deleted');
        continue;
      }
      const identity = `${monitorId}${report.at}`;
      const first = firstByIdentity.get(identity);
      if (first) {
        repeated.push([slot, first]);
        continue;
      }
      firstByIdentity.set(identity, slot);
      slots[this.findWay(slot.row, lateBefore)].push(slot);
    }
    for (const way of ['new', 'fresh', 'fresh-forwarded'] as const) {
      if (slots[way].length > 0) await this.execute(slots[way], way);
    }
    reach('commit.half-done');
    for (const way of ['late', 'late-forwarded'] as const) {
      if (slots[way].length > 0) await this.lock.run(() => this.commitLate(slots[way], way));
    }
    for (const [slot, first] of repeated) slot.follow(first);
  }

  private findWay({ monitorId, report, forwardVia }: PendingReport, lateBefore: number): Way {
    const isForwarded = forwardVia !== undefined;
    if (report.at < lateBefore) return isForwarded ? 'late-forwarded' : 'late';
    if (isForwarded) return 'fresh-forwarded';
    return this.latest.isNewer(monitorId, report.at) ? 'new' : 'fresh';
  }

  /** A report that is in a block already is a duplicate, and no table row says so. */
  private async commitLate(slots: readonly Slot[], way: 'late' | 'late-forwarded'): Promise<void> {
    let sealed: ReadonlySet<PendingReport>;
    try {
      sealed = await this.sealed.find(slots.map((slot) => slot.row));
    } catch (error) {
      this.failAll(slots, error as DatabaseFault);
      return;
    }
    const unknown = slots.filter((slot) => !sealed.has(slot.row));
    for (const slot of slots) if (sealed.has(slot.row)) slot.settle('duplicate');
    if (unknown.length > 0) await this.execute(unknown, way);
  }

  private async execute(slots: readonly Slot[], way: Way, isRetry = false): Promise<void> {
    const rows = slots.map((slot) => slot.row);
    let repeated: RepeatedRow[];
    try {
      repeated = await this.write(rows, way);
    } catch (error) {
      await this.recover(slots, way, isRetry, error as DatabaseFault);
      return;
    }
    reach('commit.done');
    this.conclude(slots, repeated);
  }

  /** @returns those that were there before */
  private async write(rows: readonly PendingReport[], way: Way): Promise<RepeatedRow[]> {
    if (way === 'new') {
      await this.pool.query<RepeatedRow>(new CopyReports(rows) as unknown as QueryConfig);
      return [];
    }
    const statement = storeStatement(rows, way.startsWith('late'), way.endsWith('-forwarded'));
    const { rows: repeated } = await this.pool.query<RepeatedRow>(statement);
    // As in CopyReports: what the driver keeps of a query that is done should be small.
    statement.values!.length = 0;
    return repeated;
  }

  /** A statement that fails is halved until the culprit is alone, and only that one is refused. */
  private async recover(
    slots: readonly Slot[],
    way: Way,
    isRetry: boolean,
    error: DatabaseFault,
  ): Promise<void> {
    if (error.code === NO_PARTITION && !isRetry) {
      const instants = slots.map((slot) => slot.row.report.at);
      try {
        await this.partitions.ensure(Math.min(...instants), Math.max(...instants));
      } catch (cause) {
        return this.failAll(slots, cause as DatabaseFault);
      }
      return this.execute(slots, way, true);
    }
    if (error.code === UNIQUE_VIOLATION && way === 'new') return this.executeKnown(slots, isRetry);
    // SQLSTATE class 22 (data) and 23 (integrity) blame a row; everything else blames the database.
    if (!/^2[23]/.test(error.code ?? '')) return this.failAll(slots, error);
    if (slots.length === 1) return this.failAll(slots, error);
    const middle = slots.length >> 1;
    await this.execute(slots.slice(0, middle), way, isRetry);
    await this.execute(slots.slice(middle), way, isRetry);
  }

  /** What was taken for new is there: a statement that was given up went through, or another hub held the database. */
  private async executeKnown(slots: readonly Slot[], isRetry: boolean): Promise<void> {
    try {
      await this.latest.catchUp();
    } catch (error) {
      return this.failAll(slots, error as DatabaseFault);
    }
    return this.execute(slots, 'fresh', isRetry);
  }

  private failAll(slots: readonly Slot[], cause: DatabaseFault): void {
    this.logger.error(
      `storing ${slots.length} reports failed: ${cause.code ?? ''} ${cause.message ?? ''}`.trim(),
    );
    if (cause.code === DISK_FULL) this.space.noteRefusal();
    const error = new DomainError(
      cause.code === DISK_FULL ? 'storage_full' : 'storage_unavailable',
      'The reports could not be stored. Keep them and send them again.',
      undefined,
      2,
    );
    for (const slot of slots) slot.fail(error);
  }

  private conclude(slots: readonly Slot[], repeated: readonly RepeatedRow[]): void {
    const before = new Set(repeated.map(({ ord }) => ord - 1));
    const acceptedByMonitor = new Map<string, { rows: PendingReport[]; isLatest: boolean }>();
    slots.forEach((slot, index) => {
      if (before.has(index)) return slot.settle('duplicate');
      const { monitorId, report, receivedAt } = slot.row;
      let accepted = acceptedByMonitor.get(monitorId);
      if (!accepted) acceptedByMonitor.set(monitorId, (accepted = { rows: [], isLatest: false }));
      accepted.rows.push(slot.row);
      // Deleted while the statement ran: the eraser comes next.
      if (!this.deleted.has(monitorId) && this.latest.note(monitorId, report, receivedAt))
        accepted.isLatest = true;
      slot.settle('accepted');
    });
    for (const { rows, isLatest } of acceptedByMonitor.values()) this.announcer.announce(rows, isLatest);
  }
}
