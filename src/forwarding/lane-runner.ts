import { Injectable, Logger } from '@nestjs/common';
import { EventBus } from '../events/event-bus.js';
import { Outbox } from '../storage/outbox.js';
import { backoffMs } from './backoff.js';
import { type Batch, Delivery } from './delivery.js';
import { ForwardingCounts } from './forwarding-counts.js';
import type { Verdict } from './judge-answer.js';
import { type Lane, MAX_BATCH_REPORTS } from './lane.js';
import { MAX_QUEUED_BYTES, MAX_QUEUED_REPORTS } from './limits.js';
import type { ServerGate } from './server-gate.js';

/** Room that a trimmed queue has, so that a full one is not trimmed for every report, nor many at once. */
const TRIM_TO_SHARE = 0.98;
/** Whether a server is back, or well again, is asked with so many reports: all that wait are not read for that. */
const PROBE_REPORTS = 10;

/** Sends a lane's next batch and notes what became of it. */
@Injectable()
export class LaneRunner {
  private readonly logger = new Logger('forwarding');

  constructor(
    private readonly delivery: Delivery,
    private readonly outbox: Outbox,
    private readonly events: EventBus,
    private readonly counts: ForwardingCounts,
  ) {}

  /** Returns for how long the lane rests, in milliseconds. Never rejects. */
  async run(lane: Lane, gate: ServerGate): Promise<number> {
    const stateBefore = describeState(lane);
    try {
      const isProbe = lane.failures > 0 || gate.isSilent;
      const most = isProbe ? Math.min(PROBE_REPORTS, lane.batchReports) : lane.batchReports;
      const batch = await this.delivery.prepare(lane.monitorId, most);
      if (!batch) {
        await this.measure(lane);
        return 0;
      }
      const verdict = await this.delivery.send(lane.endpoint, batch, lane.isHub, lane.abort.signal);
      if (lane.abort.signal.aborted && verdict.way !== 'taken') return 0;
      this.counts.requests.add(verdict.way);
      if (verdict.way === 'retry' && verdict.isUnheard) gate.noteSilence(verdict, Date.now(), Math.random());
      else gate.noteAnswer();
      return await this.conclude(lane, batch, verdict);
    } catch (error) {
      // The database: what waits there waits on.
      lane.failures++;
      this.logger.warn(`reports could not be sent on, they are later: ${(error as Error).message}`);
      return backoffMs(lane.failures, Math.random());
    } finally {
      if (describeState(lane) !== stateBefore)
        this.events.announce('monitor.statusChanged', { monitorId: lane.monitorId });
    }
  }

  /** Counts anew what waits. Never rejects. */
  async measure(lane: Lane): Promise<void> {
    const notedBefore = { ...lane.noted };
    try {
      lane.setSize(await this.outbox.measure(lane.monitorId), notedBefore);
    } catch (error) {
      this.logger.warn(`what waits to be sent on could not be counted: ${(error as Error).message}`);
    }
  }

  /** Lets go what is too much; false when it could not. Never rejects. */
  async trim(lane: Lane): Promise<boolean> {
    try {
      if (lane.isCountOld) {
        const notedBefore = { ...lane.noted };
        lane.setSize(await this.outbox.measure(lane.monitorId), notedBefore);
      }
      const reports = excessOf(lane.queued, MAX_QUEUED_REPORTS);
      const bytes = excessOf(lane.bytes, MAX_QUEUED_BYTES);
      if (reports === 0 && bytes === 0) return true;
      const gone = await this.outbox.trim(lane.monitorId, reports, bytes);
      lane.dropped += gone.count;
      if (gone.count > 0) this.counts.dropped.add('queue_full', gone.count);
      lane.noteGone(gone, gone.newestQueuedAt);
      return true;
    } catch (error) {
      this.logger.warn(`too much waits to be sent on: ${(error as Error).message}`);
      return false;
    }
  }

  private async conclude(lane: Lane, batch: Batch, verdict: Verdict): Promise<number> {
    const now = Date.now();
    if (verdict.way === 'taken') {
      await this.settle(lane, batch, verdict.refused.length, true);
      lane.isHub = verdict.isHub;
      lane.failures = 0;
      lane.lastSentAt = new Date(now);
      lane.batchReports = Math.min(MAX_BATCH_REPORTS, lane.batchReports * 2);
      if (verdict.refused.length === 0) lane.lastError = null;
      else
        lane.noteError(
          'reports_refused',
          `The endpoint refused ${verdict.refused.length} of ${batch.items.length} reports for good.`,
          now,
        );
      return 0;
    }
    lane.noteError(verdict.code, verdict.message, now);
    if (verdict.way === 'refused') {
      lane.isRefused = true;
      return 0;
    }
    if (verdict.way === 'split' && batch.items.length > 1) {
      lane.batchReports = Math.ceil(batch.items.length / 2);
      return 0;
    }
    // One that is not taken alone never will be.
    if (verdict.way === 'split') await this.settle(lane, batch, 1, false);
    lane.failures++;
    const ownMs = backoffMs(lane.failures, Math.random());
    // With no answer at all, when to try again is for the server's gate to say.
    if (verdict.way === 'retry') return verdict.isUnheard ? 1 : Math.max(verdict.afterMs, ownMs);
    return ownMs;
  }

  private async settle(lane: Lane, batch: Batch, dropped: number, isSent: boolean): Promise<void> {
    const ats = batch.items.map(({ report }) => report.at);
    const gone = await this.outbox.settle(lane.monitorId, ats, dropped, isSent);
    lane.dropped += dropped;
    if (dropped > 0) this.counts.dropped.add('refused', dropped);
    this.counts.sent += batch.items.length - dropped;
    lane.noteGone(gone, Math.max(...batch.items.map(({ queuedAt }) => queuedAt)));
  }
}

/** What has to go of a queue that is over its limit. */
const excessOf = (size: number, limit: number): number =>
  size > limit ? size - Math.floor(limit * TRIM_TO_SHARE) : 0;

const describeState = (lane: Lane): string =>
  [lane.isRefused, lane.failures > 0, lane.lastError?.code, lane.dropped > 0].join();
