import { hostname } from 'node:os';
import type { OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, IsNull, type Repository } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { FirstAdmin } from '../auth/first-admin.js';
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
  constructor(
    @InjectRepository(Monitor) private readonly monitors: Repository<Monitor>,
    private readonly directory: MonitorDirectory,
    private readonly events: EventBus,
    private readonly audit: AuditLog,
    firstAdmin: FirstAdmin,
  ) {
    firstAdmin.register((manager, userId) => this.adopt(manager, userId));
  }

  async onModuleInit(): Promise<void> {
    const [firstUser] = await this.monitors.query<{ id: string }[]>(
      `select id from app_user where role = 'admin' order by created_at limit 1`,
    );
    // An admin made while another hub made the monitor left it without its owner.
    if (firstUser) (await this.adopt(this.monitors.manager, firstUser.id))();
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

  /** The returned function makes the new owner known here, once the change is committed. */
  private async adopt(manager: EntityManager, userId: string): Promise<() => void> {
    const { affected } = await manager.update(Monitor, { ownerId: IsNull() }, { ownerId: userId });
    const owned = affected ? await manager.findBy(Monitor, { ownerId: userId }) : [];
    return () => {
      for (const monitor of owned) this.directory.put(monitor);
    };
  }
}
