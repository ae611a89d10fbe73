import { Injectable } from '@nestjs/common';
import type { TopProcess } from '../core/model/report.js';
import { EventBus } from '../events/event-bus.js';

/** Who was busy on a machine, when it last said so. */
export interface TopProcessList {
  /** Epoch milliseconds, on the machine's clock. */
  readonly at: number;
  readonly processes: readonly TopProcess[];
}

/**
 * The newest list of busy processes of each monitor. Kept in memory only: it is of the moment, comes twice a
 * minute, and after a restart of the hub with the next of them. As history its names would be series without end.
 */
@Injectable()
export class TopProcesses {
  private readonly lists = new Map<string, TopProcessList>();

  constructor(events: EventBus) {
    events.on('monitor.deleted', ({ monitorId }) => this.lists.delete(monitorId));
  }

  note(monitorId: string, at: number, processes: readonly TopProcess[]): void {
    if (at >= (this.lists.get(monitorId)?.at ?? 0)) this.lists.set(monitorId, { at, processes });
  }

  find(monitorId: string): TopProcessList | undefined {
    return this.lists.get(monitorId);
  }
}
