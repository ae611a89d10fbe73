import type { BeforeApplicationShutdown } from '@nestjs/common';
import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { EventBus } from '../events/event-bus.js';
import type { MonitorInventory } from './monitor.entity.js';
import { Monitor } from './monitor.entity.js';

const WRITE_EVERY_MS = 2_000;

interface Notes {
  inventory: MonitorInventory;
  lastError: string | null;
}

/** What was noted last, spelled for comparing. */
interface Known {
  /** The instant of the report that the inventory is of. */
  at?: number;
  host?: string;
  agent?: string;
  devices?: string;
  /** The object that was compared last: reports that are read by their shape bring the same one again. */
  inventory?: MonitorInventory;
  lastError?: string | null;
}

/**
 * What a monitor says beside its samples: its inventory, its last error. Both change rarely and come with
 * every report, so they are compared in memory and written behind the report path, latest wins. What its sender says
 * but once is written before the answer, as nobody would say it again after a kill.
 */
@Injectable()
export class MonitorNotes implements BeforeApplicationShutdown {
  private readonly logger = new Logger(MonitorNotes.name);
  private readonly known = new Map<string, Known>();
  private readonly changed = new Map<string, Partial<Notes>>();
  private writing: Promise<void> | undefined;

  constructor(
    @InjectRepository(Monitor) private readonly monitors: Repository<Monitor>,
    private readonly events: EventBus,
  ) {
    events.on('monitor.deleted', ({ monitorId }) => {
      this.known.delete(monitorId);
      this.changed.delete(monitorId);
    });
  }

  /**
   * @param at the instant of the report that says so: what an older one says is history
   * @returns whether it is news that its sender says once and not with every report: see `writeNow`
   */
  noteInventory(monitorId: string, at: number, inventory: MonitorInventory): boolean {
    const known = this.knownOf(monitorId);
    if (known.at !== undefined && at < known.at) return false;
    known.at = at;
    if (known.inventory === inventory) return false;
    known.inventory = inventory;
    let isSaidOnce = false;
    for (const part of ['host', 'agent', 'devices'] as const) {
      const told = inventory[part];
      if (told === undefined) continue;
      const spelling = JSON.stringify(told);
      if (known[part] === spelling) continue;
      known[part] = spelling;
      const change = this.changeOf(monitorId);
      change.inventory = { ...change.inventory, [part]: told };
      if (part !== 'devices') isSaidOnce = true;
    }
    return isSaidOnce;
  }

  /** @param error a sentence for people, or null when all is well again */
  noteError(monitorId: string, error: string | null): void {
    const known = this.knownOf(monitorId);
    if (known.lastError === error) return;
    known.lastError = error;
    this.changeOf(monitorId).lastError = error;
  }

  /** Resolves when what was noted of a monitor is written, or has to wait for the next round. Never rejects. */
  async writeNow(monitorId: string): Promise<void> {
    await this.writing;
    const notes = this.changed.get(monitorId);
    if (!notes) return;
    this.changed.delete(monitorId);
    await this.writeOne(monitorId, notes);
  }

  @Interval(WRITE_EVERY_MS)
  async write(): Promise<void> {
    await this.writing;
    this.writing = this.writeAll();
    await this.writing;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.write();
  }

  private async writeAll(): Promise<void> {
    const changes = [...this.changed];
    this.changed.clear();
    for (const [monitorId, notes] of changes) await this.writeOne(monitorId, notes);
  }

  private async writeOne(monitorId: string, notes: Partial<Notes>): Promise<void> {
    try {
      await this.writeNotes(monitorId, notes);
      this.events.announce('monitor.statusChanged', { monitorId });
    } catch (error) {
      this.keep(monitorId, notes);
      this.logger.warn(`notes of monitor ${monitorId} were not written: ${(error as Error).message}`);
    }
  }

  private async writeNotes(monitorId: string, { inventory, lastError }: Partial<Notes>): Promise<void> {
    await this.monitors
      .createQueryBuilder()
      .update()
      .set({
        ...(inventory && { inventory: () => 'inventory || :inventory::jsonb' }),
        ...(lastError !== undefined && { lastError }),
      })
      .setParameter('inventory', JSON.stringify(inventory ?? {}))
      .where('id = :id', { id: monitorId })
      .execute();
  }

  /** For the next round; what was noted meanwhile is newer. */
  private keep(monitorId: string, notes: Partial<Notes>): void {
    if (!this.known.has(monitorId)) return;
    const newer = this.changed.get(monitorId);
    const inventory = { ...notes.inventory, ...newer?.inventory };
    this.changed.set(monitorId, {
      ...notes,
      ...newer,
      ...(Object.keys(inventory).length > 0 && { inventory }),
    });
  }

  private knownOf(monitorId: string): Known {
    const known: Known = this.known.get(monitorId) ?? {};
    this.known.set(monitorId, known);
    return known;
  }

  private changeOf(monitorId: string): Partial<Notes> {
    const change = this.changed.get(monitorId) ?? {};
    this.changed.set(monitorId, change);
    return change;
  }
}
