import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import type { Role, UserPrincipal } from '../../common/principal.js';
import { DomainError } from '../../core/errors.js';
import { EventBus } from '../../events/event-bus.js';
import { assertMayOnHub } from '../assert-right.js';
import { UserEntity } from '../user.entity.js';
import { Departures } from './departures.js';
import { Expulsions } from './expulsions.js';

const REFUSAL = 'Only admins may manage users.';

/** What admins do with the users of the hub. It never leaves the hub without an admin who can sign in. */
@Injectable()
export class UserAdminService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly expulsions: Expulsions,
    private readonly departures: Departures,
    private readonly events: EventBus,
    private readonly audit: AuditLog,
  ) {}

  async list(admin: UserPrincipal): Promise<UserEntity[]> {
    assertMayOnHub(admin, 'manageUsers', REFUSAL);
    return this.dataSource.manager.find(UserEntity, { order: { createdAt: 'ASC', id: 'ASC' } });
  }

  /** A new role ends the user's sessions: they sign in anew, with the new rights. */
  async update(
    admin: UserPrincipal,
    userId: string,
    { name, role }: { name?: string | null; role?: Role },
  ): Promise<UserEntity> {
    return this.change(admin, userId, 'user.changed', (user) => {
      if (name !== undefined) user.name = name;
      if (role !== undefined) user.role = role;
    });
  }

  /**
   * A disabled user is out within a second, and stays out: enabled again they sign in anew, and their personal tokens
   * stay revoked. What they own and share stays.
   */
  async setDisabled(admin: UserPrincipal, userId: string, isDisabled: boolean): Promise<UserEntity> {
    if (isDisabled) refuseOneself(admin, userId, 'disable');
    return this.change(admin, userId, isDisabled ? 'user.disabled' : 'user.enabled', (user) => {
      user.isDisabled = isDisabled;
    });
  }

  /** What the user owned belongs to the admin from then on. */
  async delete(admin: UserPrincipal, userId: string): Promise<string> {
    assertMayOnHub(admin, 'manageUsers', REFUSAL);
    refuseOneself(admin, userId, 'delete');
    const { close, afterCommit } = await this.dataSource.transaction(async (manager) => {
      const admins = await lockAdmins(manager);
      const user = await lockUser(manager, userId);
      if (user.role === 'admin') assertOtherAdmin(user, admins);
      const { names, afterCommit } = await this.departures.handOver(manager, userId, admin.userId);
      await this.audit.record(
        {
          action: 'user.deleted',
          targetType: 'user',
          targetId: userId,
          targetName: user.email,
          before: { ...user, handedOver: names },
        },
        admin,
        manager,
      );
      const close = await this.expulsions.expel(userId, {}, manager);
      await manager.delete(UserEntity, { id: userId });
      return { close, afterCommit };
    });
    close();
    this.events.announce('access.changed', {});
    await afterCommit();
    return userId;
  }

  private async change(
    admin: UserPrincipal,
    userId: string,
    action: `user.${string}`,
    apply: (user: UserEntity) => void,
  ): Promise<UserEntity> {
    assertMayOnHub(admin, 'manageUsers', REFUSAL);
    const { user, close } = await this.dataSource.transaction(async (manager) => {
      const admins = await lockAdmins(manager);
      const user = await lockUser(manager, userId);
      const before = { ...user };
      apply(user);
      if (JSON.stringify(user) === JSON.stringify(before)) return { user };
      const isOut = user.isDisabled || user.role !== before.role;
      if (before.role === 'admin' && (user.isDisabled || user.role !== 'admin'))
        assertOtherAdmin(user, admins);
      await manager.save(user);
      await this.audit.record(
        { action, targetType: 'user', targetId: userId, targetName: user.email, before, after: user },
        admin,
        manager,
      );
      const tokensBy = user.isDisabled ? admin : undefined;
      return { user, close: isOut ? await this.expulsions.expel(userId, { tokensBy }, manager) : undefined };
    });
    close?.();
    this.events.announce('access.changed', {});
    return user;
  }
}

/** In the order of their ids, so that two changes never wait for each other crosswise. */
export async function lockAdmins(manager: EntityManager): Promise<string[]> {
  const rows = await manager.query<{ id: string }[]>(
    `select id from app_user where role = 'admin' and not is_disabled order by id for update`,
  );
  return rows.map(({ id }) => id);
}

async function lockUser(manager: EntityManager, userId: string): Promise<UserEntity> {
  const user = isUUID(userId)
    ? await manager.findOne(UserEntity, { where: { id: userId }, lock: { mode: 'pessimistic_write' } })
    : null;
  if (!user) throw new DomainError('not_found', 'There is no such user.');
  return user;
}

function assertOtherAdmin(user: UserEntity, admins: readonly string[]): void {
  if (admins.some((id) => id !== user.id)) return;
  throw new DomainError('conflict', 'This is the last admin. Make another user an admin first.');
}

function refuseOneself(admin: UserPrincipal, userId: string, what: 'disable' | 'delete'): void {
  if (admin.userId !== userId) return;
  throw new DomainError('conflict', `You cannot ${what} yourself. Ask another admin.`);
}
