import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import type { RequestOrigin, UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { SessionService, type Visitor } from './session.service.js';
import type { UserEntity } from './user.entity.js';

export interface SignedIn {
  readonly user: UserEntity;
  /** The value of `Set-Cookie`. */
  readonly cookie: string;
}

/** By what a user has shown who they are, as the audit log names it. */
export type SignInMethod =
  | 'password'
  | `${'password' | 'provider'} and ${'app' | 'recovery code'}`
  | 'provider'
  | 'invitation and provider';

/** The beginning and end of sessions, and refusals, each with its entry in the audit log. */
@Injectable()
export class SignIns {
  constructor(
    private readonly sessions: SessionService,
    private readonly dataSource: DataSource,
    private readonly audit: AuditLog,
  ) {}

  /** Starts a session. */
  async start(
    user: UserEntity,
    method: SignInMethod,
    visitor: Visitor,
    manager?: EntityManager,
  ): Promise<SignedIn> {
    if (!manager) {
      return this.dataSource.transaction((own) => this.start(user, method, visitor, own));
    }
    await this.audit.record(
      {
        action: 'session.started',
        targetType: 'session',
        targetId: null,
        after: { userAgent: visitor.userAgent, method },
      },
      { userId: user.id, email: user.email, origin: toRequestOrigin(visitor) },
      manager,
    );
    return {
      user,
      cookie: await this.sessions.start(user.id, visitor, manager, method.includes('provider')),
    };
  }

  /** Ends the session that the user came by. */
  async end(principal: UserPrincipal): Promise<void> {
    await this.audit.record(
      { action: 'session.ended', targetType: 'session', targetId: principal.sessionId },
      principal,
    );
    await this.sessions.end(principal.sessionId);
  }

  noteRefusal(email: string | undefined, { ip, requestId }: Visitor): void {
    this.audit.noteRefusal({
      action: 'session.refused',
      targetType: 'session',
      ...(email !== undefined && { email }),
      address: ip,
      ...(requestId !== undefined && { requestId }),
    });
  }
}

/** Whether somebody was turned away, rather than the hub being at fault. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof DomainError && (error.code === 'unauthenticated' || error.code === 'too_many_requests')
  );
}

/** For the audit log: where a visitor came from. */
export function toRequestOrigin({ ip, requestId = '' }: Visitor): RequestOrigin {
  return { address: ip, requestId };
}
