import { Injectable, Logger } from '@nestjs/common';
import type { StoredReport } from '../core/model/stored-report.js';
import { EventBus } from '../events/event-bus.js';
import type { PendingReport } from './pending-report.js';
import { ReportReader } from './report-reader.js';

/** What waits to be compared beyond this is not: it is a count for people, no part of what is stored. */
const MAX_WAITING = 5_000;
/** Reports closer together than this are read back in one go. */
const RUN_MS = 600_000;

/**
 * Compares reports that were answered as duplicates with what was stored first. A sender that sends again
 * what was not acknowledged repeats it to the bit; two machines with one key, or a clock that stands still,
 * do not, and then something of theirs is lost. Done behind the answer.
 */
@Injectable()
export class RepeatedReports {
  private readonly logger = new Logger(RepeatedReports.name);
  private readonly waiting = new Map<string, PendingReport[]>();
  private waitingCount = 0;
  private comparing: Promise<void> | undefined;

  constructor(
    private readonly reader: ReportReader,
    private readonly events: EventBus,
  ) {}

  /** @param rows reports that were stored before */
  note(rows: readonly PendingReport[]): void {
    for (const row of rows) {
      if (this.waitingCount >= MAX_WAITING) break;
      this.waitingCount++;
      const ofMonitor = this.waiting.get(row.monitorId);
      if (ofMonitor) ofMonitor.push(row);
      else this.waiting.set(row.monitorId, [row]);
    }
    if (this.waiting.size > 0) this.comparing ??= this.compareAll();
  }

  /** Resolves when everything noted so far has been compared. */
  async settle(): Promise<void> {
    await this.comparing;
  }

  private async compareAll(): Promise<void> {
    // The answer goes out first.
    await new Promise((resolve) => setImmediate(resolve));
    for (const [monitorId, rows] of this.waiting) {
      this.waiting.delete(monitorId);
      try {
        const count = await this.countConflicts(monitorId, rows);
        if (count > 0) this.events.announce('report.conflicted', { monitorId, count });
      } catch (error) {
        this.logger.warn(`repeated reports were not compared: ${(error as Error).message}`);
      }
      this.waitingCount -= rows.length;
    }
    this.comparing = undefined;
  }

  private async countConflicts(monitorId: string, rows: readonly PendingReport[]): Promise<number> {
    const reports = rows.map((row) => row.report).sort((a, b) => a.at - b.at);
    let count = 0;
    for (let first = 0; first < reports.length;) {
      const fromAt = reports[first]!.at;
      let end = first;
      while (end < reports.length && reports[end]!.at <= fromAt + RUN_MS) end++;
      const run = reports.slice(first, end);
      const stored = await this.reader.readRange(monitorId, fromAt, run.at(-1)!.at);
      const byInstant = new Map(stored.map((report) => [report.at, report]));
      for (const report of run) {
        const kept = byInstant.get(report.at);
        if (kept && !isSameReport(kept, report)) count++;
      }
      first = end;
    }
    return count;
  }
}

/** Whether both say the same, whatever layouts they were kept under. */
export function isSameReport(a: StoredReport, b: StoredReport): boolean {
  // Postgres keeps no empty boot id.
  if ((a.bootId || null) !== (b.bootId || null)) return false;
  const keys = a.layout.seriesKeys;
  if (keys.length !== b.layout.seriesKeys.length) return false;
  return keys.every((key, index) => {
    const position = b.layout === a.layout ? index : b.layout.indexOf(key);
    return position >= 0 && Object.is(a.values[index], b.values[position]);
  });
}
