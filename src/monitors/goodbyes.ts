import type { OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Not, type Repository } from 'typeorm';
import { EventBus } from '../events/event-bus.js';
import { Monitor } from './monitor.entity.js';

/** Which agents said goodbye: their silence afterwards is no failure. */
@Injectable()
export class Goodbyes implements OnModuleInit {
  private readonly instants = new Map<string, number>();

  constructor(
    @InjectRepository(Monitor) private readonly monitors: Repository<Monitor>,
    private readonly events: EventBus,
  ) {
    events.on('monitor.deleted', ({ monitorId }) => this.instants.delete(monitorId));
  }

  async onModuleInit(): Promise<void> {
    const rows = await this.monitors.find({
      select: { id: true, lastGoodbyeAt: true },
      where: { lastGoodbyeAt: Not(IsNull()) },
    });
    for (const { id, lastGoodbyeAt } of rows) this.instants.set(id, lastGoodbyeAt!.getTime());
  }

  /** Resolves when it is written: a hub that starts anew calls nobody down who said goodbye. */
  async note(monitorId: string): Promise<void> {
    const now = new Date();
    await this.monitors.update({ id: monitorId }, { lastGoodbyeAt: now });
    this.instants.set(monitorId, now.getTime());
    this.events.announce('monitor.statusChanged', { monitorId });
  }

  /** When it last did, by the hub's clock, epoch milliseconds; null = never. */
  lastOf(monitorId: string): number | null {
    return this.instants.get(monitorId) ?? null;
  }
}
