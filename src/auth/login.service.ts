import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import type { RequestOrigin, UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { AdminPresence } from './admin-presence.js';
import { LoginLimiter } from './login-limiter.js';
import { PasswordHasher } from './password-hasher.js';
import { SessionService, type Visitor } from './session.service.js';
import type { UserEntity } from './user.entity.js';
import { UserService } from './user.service.js';

export interface SignedIn {
  readonly user: UserEntity;
  /** The value of `Set-Cookie`. */
  readonly cookie: string;
}

@Injectable()
export class LoginService {
  constructor(
    private readonly users: UserService,
    private readonly hasher: PasswordHasher,
    private readonly limiter: LoginLimiter,
    private readonly sessions: SessionService,
    private readonly presence: AdminPresence,
    private readonly dataSource: DataSource,
    private readonly audit: AuditLog,
  ) {}

  /** Signs in, or refuses without a hint: nobody, a wrong password and a disabled user look the same. */
  async login(email: string, password: string, visitor: Visitor): Promise<SignedIn> {
    await this.presence.assert();
    const user = await this.check(email, password, visitor).catch((error: unknown) => {
      if (isRefusal(error)) this.noteRefusal(email, visitor);
      throw error;
    });
    const cookie = await this.dataSource.transaction(async (manager) => {
      await this.audit.record(
        {
          action: 'session.started',
          targetType: 'session',
          targetId: null,
          after: { userAgent: visitor.userAgent, method: 'password' },
        },
        { userId: user.id, email: user.email, origin: toRequestOrigin(visitor) },
        manager,
      );
      return this.sessions.start(user.id, visitor, manager);
    });
    return { user, cookie };
  }

  /** Ends the session that the user came by. */
  async logout(principal: UserPrincipal): Promise<void> {
    await this.audit.record(
      { action: 'session.ended', targetType: 'session', targetId: principal.sessionId },
      principal,
    );
    await this.sessions.end(principal.sessionId);
  }

  private async check(email: string, password: string, visitor: Visitor): Promise<UserEntity> {
    const attempt = await this.limiter.begin(email, visitor.ip);
    let user: UserEntity | undefined;
    let isRight: boolean;
    try {
      user = await this.users.findForLogin(email);
      isRight = await this.hasher.verify(user?.passwordHash, password);
    } catch (error) {
      await attempt.withdraw();
      throw error;
    }
    if (!user || !isRight || user.isDisabled)
      throw new DomainError('unauthenticated', 'Email or password is wrong.');
    await attempt.succeed();
    if (this.hasher.isOutdated(user.passwordHash)) {
      await this.users.replacePasswordHash(user.id, await this.hasher.hash(password));
    }
    return user;
  }

  private noteRefusal(email: string, { ip, requestId }: Visitor): void {
    this.audit.noteRefusal({
      action: 'session.refused',
      targetType: 'session',
      email,
      address: ip,
      ...(requestId !== undefined && { requestId }),
    });
  }
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof DomainError && (error.code === 'unauthenticated' || error.code === 'too_many_requests')
  );
}

/** For the audit log: where a visitor came from. */
export function toRequestOrigin({ ip, requestId = '' }: Visitor): RequestOrigin {
  return { address: ip, requestId };
}
