import type { EventBus } from '../events/event-bus.js';
import type { PendingReport } from './pending-report.js';

/** Tells the rest of the hub what was committed. */
export class StoredAnnouncer {
  /** The newest report of each monitor that was announced here, epoch milliseconds. */
  private readonly newestAt = new Map<string, number>();

  constructor(private readonly events: EventBus) {
    events.on('monitor.deleted', ({ monitorId }) => this.newestAt.delete(monitorId));
  }

  /**
   * @param rows reports of one monitor that one statement stored, at least one
   * @param isLatest whether the newest of them is now the monitor's newest
   */
  announce(rows: readonly PendingReport[], isLatest: boolean): void {
    const { monitorId } = rows[0]!;
    const reports = rows.map((row) => row.report).sort((a, b) => a.at - b.at);
    const receivedAt = Math.max(...rows.map((row) => row.receivedAt));
    this.events.announce('report.stored', { monitorId, receivedAt, reports, isLatest });
    const newestAt = reports.at(-1)!.at;
    // What lies before the report that was the newest until now fills a hole in history. After a start that
    // one is not known: then all but the newest may.
    const knownUntil = isLatest ? (this.newestAt.get(monitorId) ?? newestAt) : Infinity;
    if (isLatest) this.newestAt.set(monitorId, newestAt);
    const backfilled = reports.filter((report) => report.at < knownUntil);
    if (backfilled.length === 0) return;
    this.events.announce('report.backfilled', {
      monitorId,
      fromAt: backfilled[0]!.at,
      toAt: backfilled.at(-1)!.at,
    });
  }
}
