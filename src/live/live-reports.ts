import { Inject, Injectable } from '@nestjs/common';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import type { StoredReport } from '../core/model/stored-report.js';
import { LiveAudience } from '../monitors/live-audience.js';
import { EventBus } from '../events/event-bus.js';
import { LatestReports } from '../storage/latest-reports.js';
import { CoalescingStream } from './coalescing-stream.js';

export interface LiveReport {
  readonly report: StoredReport;
  readonly previous: StoredReport | null;
}

type Stream = CoalescingStream<string, LiveReport>;

/** Hands every newly stored report to those who watch its monitor. A monitor that nobody watches costs nothing. */
@Injectable()
export class LiveReports {
  private readonly streamsByMonitor = new Map<string, Set<Stream>>();
  /** The newest report of each watched monitor, and the one before: the next one's rates need it. */
  private readonly newest = new Map<string, LiveReport>();

  /** Who watches now. */
  subscribers = 0;
  /** Reports that a newer one replaced before a subscriber was told of them, since the start. */
  replaced = 0;

  constructor(
    private readonly latest: LatestReports,
    events: EventBus,
    private readonly audience: LiveAudience,
    @Inject(HUB_CONFIG) private readonly config: Pick<HubConfig, 'liveSpacingMs'>,
  ) {
    events.on('report.stored', ({ monitorId, reports, isLatest }) => {
      if (isLatest) this.hand(monitorId, reports.at(-1)!, reports.at(-2));
    });
    events.on('report.live', ({ monitorId, report }) => {
      const known = this.newest.get(monitorId)?.report.at ?? 0;
      if (report.at > known) this.hand(monitorId, report);
    });
    events.on('monitor.deleted', ({ monitorId }) => this.newest.delete(monitorId));
  }

  /** The newest report of each of these monitors since the last batch, at most one batch in each `liveSpacingMs`. */
  async watch(
    monitorIds: readonly string[],
  ): Promise<AsyncIterableIterator<ReadonlyMap<string, LiveReport>>> {
    const stream: Stream = new CoalescingStream(
      this.config.liveSpacingMs,
      () => this.leave(monitorIds, stream),
      () => this.replaced++,
    );
    this.subscribers++;
    this.audience.enter(monitorIds);
    for (const monitorId of monitorIds) {
      const streams = this.streamsByMonitor.get(monitorId) ?? new Set();
      this.streamsByMonitor.set(monitorId, streams.add(stream));
    }
    try {
      for (const { monitorId, report, previous } of await this.latest.readLatest(monitorIds)) {
        const known = this.newest.get(monitorId);
        const isWatched = this.streamsByMonitor.has(monitorId);
        if (isWatched && (!known || known.report.at < report.at))
          this.newest.set(monitorId, { report, previous });
      }
    } catch (error) {
      await stream.return();
      throw error;
    }
    return stream;
  }

  private hand(monitorId: string, report: StoredReport, besides?: StoredReport): void {
    const streams = this.streamsByMonitor.get(monitorId);
    if (!streams) return;
    const live = { report, previous: this.findPrevious(monitorId, report.at, besides) };
    this.newest.set(monitorId, live);
    for (const stream of streams) stream.note(monitorId, live);
  }

  /** Reports that arrive together may reach back before the one that was the newest until now. */
  private findPrevious(
    monitorId: string,
    at: number,
    besides: StoredReport | undefined,
  ): StoredReport | null {
    const known = this.newest.get(monitorId);
    // A watcher that came just now has read this very report already.
    const candidates = [besides, known?.report, known?.previous].filter((report) => report && report.at < at);
    return candidates.reduce((best, report) => (!best || report!.at > best.at ? report : best), null) ?? null;
  }

  private leave(monitorIds: readonly string[], stream: Stream): void {
    this.audience.leave(monitorIds);
    this.subscribers--;
    for (const monitorId of monitorIds) {
      const streams = this.streamsByMonitor.get(monitorId);
      streams?.delete(stream);
      if (streams?.size === 0) {
        this.streamsByMonitor.delete(monitorId);
        this.newest.delete(monitorId);
      }
    }
  }
}
