import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { isUUID } from 'class-validator';
import type { DataSource, EntityManager } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import { mayOnMonitor } from '../../auth/rights.js';
import { UserService } from '../../auth/user.service.js';
import { isPlainText } from '../../common/is-plain-text.js';
import type { UserPrincipal } from '../../common/principal.js';
import { DomainError } from '../../core/errors.js';
import { EventBus } from '../../events/event-bus.js';
import { MonitorDirectory } from '../monitor-directory.js';
import { type Asker, MonitorAccess } from './monitor-access.js';
import { MonitorShare, type ShareAccess } from './monitor-share.entity.js';

const MAX_TAG_LENGTH = 50;

/** With whom; null = everybody who can sign in. */
export interface ShareWith {
  readonly userId: string | null;
  readonly access: ShareAccess;
}

/** Gives access to monitors and takes it away. Sharing again with the same user changes the access. */
@Injectable()
export class SharingService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly users: UserService,
    private readonly directory: MonitorDirectory,
    private readonly access: MonitorAccess,
    private readonly events: EventBus,
    private readonly audit: AuditLog,
  ) {}

  /** @throws DomainError `not_found`, `forbidden`; `invalid_input` for a user who is not there */
  async shareMonitor(
    user: UserPrincipal,
    monitorId: string,
    { userId, access }: ShareWith,
  ): Promise<MonitorShare> {
    const monitor = this.access.require(user, 'share', monitorId);
    if (userId !== null && userId === monitor.ownerId) {
      throw new DomainError('invalid_input', 'The monitor is theirs already.', 'userId');
    }
    return this.put(user, { monitorId, tag: null, ownerId: null, userId, access });
  }

  /** Shares all monitors with a tag, those of today and of tomorrow: one's own, or for admins everybody's. */
  async shareTag(
    user: UserPrincipal,
    tag: string,
    ofEveryOwner: boolean,
    { userId, access }: ShareWith,
  ): Promise<MonitorShare> {
    if (!mayOnMonitor(user.role, 'share', ofEveryOwner ? 'none' : 'owner')) {
      throw new DomainError(
        'forbidden',
        ofEveryOwner ? 'Only admins may share the monitors of others.' : 'Viewers share nothing.',
      );
    }
    if (tag === '' || tag.length > MAX_TAG_LENGTH || !isPlainText(tag)) {
      const message = `A tag has 1 to ${MAX_TAG_LENGTH} characters, and no control characters.`;
      throw new DomainError('invalid_input', message, 'tag');
    }
    return this.put(user, {
      monitorId: null,
      tag,
      ownerId: ofEveryOwner ? null : user.userId,
      userId,
      access,
    });
  }

  /** @throws DomainError `not_found`, also for a share that is not the user's to take away */
  async remove(user: UserPrincipal, shareId: string): Promise<string> {
    const shares = this.dataSource.getRepository(MonitorShare);
    const share = isUUID(shareId) ? await shares.findOneBy({ id: shareId }) : null;
    if (!share || !this.mayManage(user, share)) throw new DomainError('not_found', 'There is no such share.');
    await this.dataSource.transaction(async (manager) => {
      await manager.delete(MonitorShare, { id: shareId });
      await this.record('share.removed', user, share, null, manager);
    });
    await this.noteChange(share);
    return shareId;
  }

  /** The shares that give access to a monitor; none for those who may not share it. */
  listOf(user: Asker, monitorId: string): MonitorShare[] {
    const monitor = this.directory.find(monitorId);
    return monitor && this.access.may(user, 'share', monitor) ? this.access.sharesOf(monitor) : [];
  }

  /** The shares by tag that the user may take away, whether or not a monitor has the tag. */
  async listByTag(user: Asker): Promise<MonitorShare[]> {
    const shares = await this.dataSource
      .getRepository(MonitorShare)
      .createQueryBuilder('share')
      .where('share.tag is not null')
      .orderBy('share.tag')
      .addOrderBy('share.createdAt')
      .getMany();
    return shares.filter((share) => this.mayManage(user, share));
  }

  private mayManage(user: Asker, share: MonitorShare): boolean {
    if (share.monitorId === null) {
      const relation = share.ownerId === user.userId ? 'owner' : 'none';
      return mayOnMonitor(user.role, 'share', relation);
    }
    const monitor = this.directory.find(share.monitorId);
    return monitor !== undefined && this.access.may(user, 'share', monitor);
  }

  private async put(
    user: UserPrincipal,
    wanted: Omit<MonitorShare, 'id' | 'createdAt'>,
  ): Promise<MonitorShare> {
    if (wanted.userId !== null && !(await this.users.isEnabled(wanted.userId))) {
      throw new DomainError('invalid_input', 'There is no such user.', 'userId');
    }
    const share = await this.dataSource.transaction(async (manager) => {
      const stored = await upsert(manager, wanted);
      await this.record('share.created', user, null, stored, manager);
      return stored;
    });
    await this.noteChange(share);
    return share;
  }

  private async record(
    action: 'share.created' | 'share.removed',
    user: UserPrincipal,
    before: MonitorShare | null,
    after: MonitorShare | null,
    manager: EntityManager,
  ): Promise<void> {
    const targetId = (after ?? before)!.id;
    await this.audit.record({ action, targetType: 'share', targetId, before, after }, user, manager);
  }

  private async noteChange(share: MonitorShare): Promise<void> {
    await this.access.reload();
    // Whoever sees the monitor from now on hears of it as if it had just come.
    for (const { id } of this.directory.all()) {
      const isMeant = share.monitorId === null ? this.hasTag(id, share) : id === share.monitorId;
      if (isMeant) this.events.announce('monitor.statusChanged', { monitorId: id });
    }
  }

  private hasTag(monitorId: string, { tag, ownerId }: MonitorShare): boolean {
    const monitor = this.directory.find(monitorId)!;
    return monitor.tags.includes(tag!) && (ownerId === null || ownerId === monitor.ownerId);
  }
}

async function upsert(
  manager: EntityManager,
  { monitorId, tag, ownerId, userId, access }: Omit<MonitorShare, 'id' | 'createdAt'>,
): Promise<MonitorShare> {
  const none = `'00000000-0000-0000-0000-000000000000'`;
  const [{ id }] = await manager.query<[{ id: string }]>(
    `insert into monitor_share (monitor_id, tag, owner_id, user_id, access) values ($1, $2, $3, $4, $5)
     on conflict (coalesce(monitor_id, ${none}), coalesce(tag, ''), coalesce(owner_id, ${none}), coalesce(user_id, ${none}))
       do update set access = excluded.access
     returning id`,
    [monitorId, tag, ownerId, userId, access],
  );
  return manager.findOneByOrFail(MonitorShare, { id });
}
