import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { applyRetention, type RetentionDays } from '../core/blocks/retention.js';
import { Monitor } from './monitor.entity.js';

/** What the report path needs to know of a monitor. */
export type MonitorSettings = Readonly<
  Pick<Monitor, 'id' | 'ownerId' | 'tags' | 'kind' | 'state' | 'intervalSeconds' | 'resources' | 'version'>
> & {
  /** What holds, after the hub's own. */
  readonly retention?: RetentionDays;
  /** Where its reports go on to, if anywhere. */
  readonly endpointUrl?: string | null;
  readonly hasEndpointApiKey?: boolean;
};

/**
 * The settings of every monitor, in memory: no report, live event or health check costs a query.
 * Written by MonitorsService after each commit, read by everybody.
 */
@Injectable()
export class MonitorDirectory implements OnModuleInit {
  private readonly settings = new Map<string, MonitorSettings>();

  constructor(
    @InjectRepository(Monitor) private readonly monitors: Repository<Monitor>,
    @Inject(HUB_CONFIG) private readonly config: Pick<HubConfig, 'retention'>,
  ) {}

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
    const retention = applyRetention(monitor.retention, this.config.retention);
    this.settings.set(id, {
      ...{ id, ownerId, tags, kind, state, intervalSeconds, resources, version, retention },
      ...{ endpointUrl: monitor.endpointUrl, hasEndpointApiKey: monitor.endpointApiKey !== null },
    });
  }

  remove(id: string): void {
    this.settings.delete(id);
  }
}
