import { Injectable } from '@nestjs/common';
import type { StoredReport } from '../core/model/stored-report.js';
import { EventBus } from '../events/event-bus.js';

/** Who looks at more machines than these at once looks at none of them closely. */
const MAX_CLOSELY_WATCHED = 5;

/** Which monitors somebody looks at closely right now: these are measured each second, by their agents or here. */
@Injectable()
export class LiveAudience {
  private readonly counts = new Map<string, number>();

  constructor(private readonly events: EventBus) {}

  enter(monitorIds: readonly string[]): void {
    this.count(monitorIds, 1);
  }

  leave(monitorIds: readonly string[]): void {
    this.count(monitorIds, -1);
  }

  isWatching(monitorId: string): boolean {
    return this.counts.has(monitorId);
  }

  /** Hands them a report that is not stored. */
  show(monitorId: string, report: StoredReport): void {
    this.events.announce('report.live', { monitorId, report });
  }

  private count(monitorIds: readonly string[], step: 1 | -1): void {
    if (monitorIds.length > MAX_CLOSELY_WATCHED) return;
    for (const id of monitorIds) {
      const before = this.counts.get(id) ?? 0;
      const count = before + step;
      if (count > 0) this.counts.set(id, count);
      else this.counts.delete(id);
      if (count === 0 || before === 0) this.events.announce('audience.changed', { monitorId: id });
    }
  }
}
