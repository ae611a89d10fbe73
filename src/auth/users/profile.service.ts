import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import type { UserPrincipal } from '../../common/principal.js';
import { DomainError } from '../../core/errors.js';
import { EventBus } from '../../events/event-bus.js';
import { PasswordHasher } from '../password-hasher.js';
import { assertPasswordIsGood } from '../password-policy.js';
import { PasswordProof } from '../password-proof.js';
import { UserEntity } from '../user.entity.js';
import { UserService } from '../user.service.js';
import { Expulsions } from './expulsions.js';

interface PasswordChange {
  readonly currentPassword: string;
  readonly newPassword: string;
  readonly revokeAccessTokens?: boolean | null;
}

/** What users change of themselves. */
@Injectable()
export class ProfileService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly users: UserService,
    private readonly hasher: PasswordHasher,
    private readonly proof: PasswordProof,
    private readonly expulsions: Expulsions,
    private readonly events: EventBus,
    private readonly audit: AuditLog,
  ) {}

  async setName(user: UserPrincipal, name: string | null): Promise<UserEntity> {
    return this.change(user, { name });
  }

  /** The address is what one signs in with: its change takes the password. */
  async setEmail(user: UserPrincipal, email: string, password: string): Promise<UserEntity> {
    await this.proof.assert(user, password);
    return this.change(user, { email });
  }

  /**
   * Ends all other sessions of the user, and their sockets: whoever knew the old password is out.
   * @param passwords.revokeAccessTokens also what that one may have left behind, personal tokens; absent = they go on
   */
  async setPassword(
    user: UserPrincipal,
    { currentPassword, newPassword, revokeAccessTokens }: PasswordChange,
  ): Promise<void> {
    assertPasswordIsGood(newPassword, user.email, 'newPassword');
    await this.proof.assert(user, currentPassword);
    const passwordHash = await this.hasher.hash(newPassword);
    const afterCommit = await this.dataSource.transaction(async (manager) => {
      await manager.update(UserEntity, { id: user.userId }, { passwordHash });
      await manager.query('delete from password_reset where user_id = $1', [user.userId]);
      await this.audit.record(
        { action: 'user.passwordChanged', targetType: 'user', targetId: user.userId, targetName: user.email },
        user,
        manager,
      );
      const tokensBy = revokeAccessTokens ? user : undefined;
      return this.expulsions.expel(user.userId, { exceptSessionId: user.sessionId, tokensBy }, manager);
    });
    afterCommit();
  }

  private async change(
    user: UserPrincipal,
    fields: Partial<Pick<UserEntity, 'name' | 'email'>>,
  ): Promise<UserEntity> {
    const changed = await this.dataSource.transaction(async (manager) => {
      const stored = await manager.findOne(UserEntity, {
        where: { id: user.userId },
        lock: { mode: 'pessimistic_write' },
      });
      if (!stored) throw new DomainError('not_found', 'There is no such user.');
      const before = { ...stored };
      Object.assign(stored, fields);
      if (JSON.stringify(stored) === JSON.stringify(before)) return stored;
      if (stored.email !== before.email && (await this.users.hasEmail(stored.email, manager, stored.id))) {
        throw new DomainError('conflict', 'There is a user with this address already.', 'email');
      }
      await manager.save(stored);
      const { id, email } = stored;
      await this.audit.record(
        {
          action: 'user.changed',
          targetType: 'user',
          targetId: id,
          targetName: email,
          before,
          after: stored,
        },
        user,
        manager,
      );
      return stored;
    });
    // Who somebody is stands in every remembered session.
    this.events.announce('access.changed', {});
    return changed;
  }
}
