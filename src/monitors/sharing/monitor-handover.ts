import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, In, type Repository } from 'typeorm';
import { Departures } from '../../auth/users/departures.js';
import { EventBus } from '../../events/event-bus.js';
import { MonitorDirectory } from '../monitor-directory.js';
import { Monitor } from '../monitor.entity.js';
import { MonitorAccess } from './monitor-access.js';

/**
 * Gives the monitors of a deleted user to the admin who deletes them. Whom they were shared with, by tag too, keeps
 * what they had: a share by tag becomes one of each monitor, as the new owner's own monitors are not meant by it.
 */
@Injectable()
export class MonitorHandover {
  constructor(
    @InjectRepository(Monitor) private readonly monitors: Repository<Monitor>,
    private readonly directory: MonitorDirectory,
    private readonly access: MonitorAccess,
    private readonly events: EventBus,
    departures: Departures,
  ) {
    departures.register((manager, fromUserId, toUserId) => this.handOver(manager, fromUserId, toUserId));
  }

  private async handOver(
    manager: EntityManager,
    fromUserId: string,
    toUserId: string,
  ): Promise<{ names: string[]; afterCommit: () => Promise<void> }> {
    await manager.query(TAG_SHARES_TO_SHARES, [fromUserId, toUserId]);
    const [moved] = await manager.query<[{ id: string; name: string }[], number]>(
      `update monitor set owner_id = $2, version = version + 1, updated_at = now() where owner_id = $1
        returning id, name`,
      [fromUserId, toUserId],
    );
    const ids = moved.map(({ id }) => id);
    await manager.query('delete from monitor_share where user_id = $2 and monitor_id = any($1)', [
      ids,
      toUserId,
    ]);
    return { names: moved.map(({ name }) => name), afterCommit: () => this.tell(ids) };
  }

  private async tell(monitorIds: readonly string[]): Promise<void> {
    for (const monitor of await this.monitors.findBy({ id: In([...monitorIds]) }))
      this.directory.put(monitor);
    await this.access.reload();
    for (const monitorId of monitorIds) this.events.announce('monitor.changed', { monitorId });
  }
}

const NOBODY = `'00000000-0000-0000-0000-000000000000'`;
/** `min`: of two accesses by two tags the better one, edit before view. $1: the leaving owner, $2: the next one. */
const TAG_SHARES_TO_SHARES = `
  insert into monitor_share (monitor_id, user_id, access)
  select m.id, s.user_id, min(s.access)
    from monitor m join monitor_share s on s.owner_id = $1 and s.tag = any(m.tags)
   where m.owner_id = $1 and (s.user_id is null or s.user_id not in ($1, $2))
   group by m.id, s.user_id
  on conflict (coalesce(monitor_id, ${NOBODY}), coalesce(tag, ''), coalesce(owner_id, ${NOBODY}), coalesce(user_id, ${NOBODY}))
    do update set access = least(monitor_share.access, excluded.access)`;
