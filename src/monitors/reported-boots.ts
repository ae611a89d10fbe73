import { Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { EventBus } from '../events/event-bus.js';
import type { StoredReport } from '../core/model/stored-report.js';
import { BootSequence } from './boot-sequence.js';
import { Monitor, type IdentityConflict } from './monitor.entity.js';

/**
 * Which boots of a machine report as a monitor. Boots that take turns are two machines with one key: a clone. The
 * monitor is flagged then, until a user says that it is mended; no report is refused for it.
 */
@Injectable()
export class ReportedBoots {
  private readonly logger = new Logger(ReportedBoots.name);
  private readonly sequences = new Map<string, BootSequence>();

  constructor(
    @InjectRepository(Monitor) private readonly monitors: Repository<Monitor>,
    private readonly events: EventBus,
  ) {
    events.on('monitor.deleted', ({ monitorId }) => this.sequences.delete(monitorId));
  }

  /**
   * Notes a committed report of an agent. Never throws, never waits.
   * @param address from where it came, an IP address; undefined where that is not known
   */
  note(monitorId: string, { bootId, at }: Pick<StoredReport, 'bootId' | 'at'>, address?: string): void {
    if (bootId === null) return;
    let sequence = this.sequences.get(monitorId);
    if (!sequence) this.sequences.set(monitorId, (sequence = new BootSequence()));
    const conflict = sequence.note(bootId, at, address ?? null);
    if (conflict) this.flag(monitorId, { since: new Date().toISOString(), boots: conflict });
  }

  /** The boot that reports at present, as far as this hub has seen one since its start. */
  currentOf(monitorId: string): string | undefined {
    return this.sequences.get(monitorId)?.current;
  }

  /** Forgets what was seen: a conflict that goes on is found again within two reports. */
  forget(monitorId: string): void {
    this.sequences.delete(monitorId);
  }

  private flag(monitorId: string, conflict: IdentityConflict): void {
    this.monitors.update({ id: monitorId }, { identityConflict: conflict }).then(
      () => this.events.announce('monitor.statusChanged', { monitorId }),
      (error: Error) => {
        this.forget(monitorId);
        this.logger.warn(`a conflict of monitor ${monitorId} was not noted: ${error.message}`);
      },
    );
  }
}
