import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import { DomainError } from '../../core/errors.js';
import { CLOCK, type Clock } from '../clock.js';
import { toRequestOrigin } from '../sign-ins.js';
import { hashToken } from '../opaque-token.js';
import { PasswordHasher } from '../password-hasher.js';
import { assertPasswordIsGood } from '../password-policy.js';
import type { Visitor } from '../session.service.js';
import { UserEntity } from '../user.entity.js';
import { Expulsions } from './expulsions.js';
import { LinkLimiter } from './link-limiter.js';

/** A new password by the one-time link that `reset-password` prints to whoever has a shell on the hub's machine. */
@Injectable()
export class PasswordResetService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly expulsions: Expulsions,
    private readonly hasher: PasswordHasher,
    private readonly limiter: LinkLimiter,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Whose password a link sets. @throws DomainError `unauthenticated`, `too_many_requests` */
  async look(token: string, visitor: Visitor): Promise<{ userId: string; email: string }> {
    await this.limiter.assertMayTry(visitor.ip);
    const found = await this.find(token, this.dataSource.manager);
    if (found) return found;
    await this.limiter.noteBad(visitor.ip);
    throw refuseToken();
  }

  /** Sets the password, ends every session of the user and revokes every personal token. It signs nobody in. */
  async reset(token: string, password: string, visitor: Visitor): Promise<void> {
    const { userId, email } = await this.look(token, visitor);
    assertPasswordIsGood(password, email);
    const passwordHash = await this.hasher.hash(password);
    const afterCommit = await this.dataSource.transaction(async (manager) => {
      const [, used] = await manager.query<[unknown, number]>(
        'delete from password_reset where token_hash = $1',
        [hashToken(token)],
      );
      if (used !== 1) throw refuseToken();
      await manager.update(UserEntity, { id: userId }, { passwordHash });
      const actor = { userId, email, origin: toRequestOrigin(visitor) };
      await this.audit.record(
        { action: 'user.passwordReset', targetType: 'user', targetId: userId, targetName: email },
        actor,
        manager,
      );
      return this.expulsions.expel(userId, { tokensBy: actor }, manager);
    });
    afterCommit();
  }

  private async find(
    token: string,
    manager: EntityManager,
  ): Promise<{ userId: string; email: string } | undefined> {
    const [row] = await manager.query<{ userId: string; email: string }[]>(
      `select u.id as "userId", u.email from password_reset r join app_user u on u.id = r.user_id
        where r.token_hash = $1 and r.expires_at > $2 and not u.is_disabled`,
      [hashToken(token), new Date(this.clock())],
    );
    return row;
  }
}

function refuseToken(): DomainError {
  return new DomainError(
    'unauthenticated',
    'This link is not valid (any more). Run reset-password again on the machine of the hub.',
  );
}
