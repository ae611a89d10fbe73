import type { OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { Monitor } from './monitor.entity.js';

/** What the report path needs to know of a monitor. */
export type MonitorSettings = Readonly<
  Pick<Monitor, 'id' | 'ownerId' | 'tags' | 'kind' | 'state' | 'intervalSeconds' | 'resources' | 'version'>
>;

/**
 * The settings of every monitor, in memory: no report, live event or health check costs a query.
 * Written by MonitorsService after each commit, read by everybody.
 */
@Injectable()
export class MonitorDirectory implements OnModuleInit {
  private readonly settings = new Map<string, MonitorSettings>();

  constructor(@InjectRepository(Monitor) private readonly monitors: Repository<Monitor>) {}

  async onModuleInit(): Promise<void> {
    for (const monitor of await this.monitors.find()) this.put(monitor);
  }

  find(id: string): MonitorSettings | undefined {
    return this.settings.get(id);
  }

  all(): IterableIterator<MonitorSettings> {
    return this.settings.values();
  }

  /** Keeps what is newer: two changes may be told in another order than they were committed in. */
  put(monitor: Monitor): void {
    const { id, ownerId, tags, kind, state, intervalSeconds, resources, version } = monitor;
    if ((this.settings.get(id)?.version ?? 0) > version) return;
    this.settings.set(id, { id, ownerId, tags, kind, state, intervalSeconds, resources, version });
  }

  remove(id: string): void {
    this.settings.delete(id);
  }
}
