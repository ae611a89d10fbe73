import { hostname } from 'node:os';
import type { OnModuleInit } from '@nestjs/common';
import { Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, type Repository } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { RESOURCES } from '../core/model/metric-catalog.js';
import { EventBus } from '../events/event-bus.js';
import { MonitorDirectory } from './monitor-directory.js';
import { Monitor } from './monitor.entity.js';

/** Often enough to be worth watching, seldom enough to cost nothing. */
const LOCAL_INTERVAL_SECONDS = 5;

/**
 * The hub watches its own machine from its first start, before anybody has set it up;
 * the first admin then becomes the owner. Deleted by its owner it does not come back.
 */
@Injectable()
export class LocalMonitor implements OnModuleInit {
  private readonly logger = new Logger(LocalMonitor.name);

  constructor(
    @InjectRepository(Monitor) private readonly monitors: Repository<Monitor>,
    private readonly directory: MonitorDirectory,
    private readonly events: EventBus,
    private readonly audit: AuditLog,
  ) {
    events.on('admin.created', ({ userId }) => {
      this.adopt(userId).catch((error: Error) =>
        this.logger.error(`the local monitor did not get its owner: ${error.message}`),
      );
    });
  }

  async onModuleInit(): Promise<void> {
    const [firstUser] = await this.monitors.query<{ id: string }[]>(
      `select id from app_user where role = 'admin' order by created_at limit 1`,
    );
    // An admin made just before a kill left the monitor without its owner.
    if (firstUser) await this.adopt(firstUser.id);
    else if ((await this.monitors.count()) === 0) await this.make();
  }

  private async make(): Promise<void> {
    const { id } = await this.monitors.save({
      name: hostname() || 'this machine',
      kind: 'local' as const,
      intervalSeconds: LOCAL_INTERVAL_SECONDS,
      resources: [...RESOURCES],
    });
    const monitor = await this.monitors.findOneByOrFail({ id });
    this.directory.put(monitor);
    await this.audit.record(
      {
        action: 'monitor.created',
        targetType: 'monitor',
        targetId: id,
        targetName: monitor.name,
        after: monitor,
      },
      'hub',
    );
    this.events.announce('monitor.created', { monitorId: id });
  }

  private async adopt(userId: string): Promise<void> {
    const { affected } = await this.monitors.update({ ownerId: IsNull() }, { ownerId: userId });
    if (!affected) return;
    for (const monitor of await this.monitors.findBy({ ownerId: userId })) this.directory.put(monitor);
  }
}
