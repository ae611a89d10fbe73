import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, MoreThan } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import { DomainError } from '../../core/errors.js';
import { CLOCK, type Clock } from '../clock.js';
import { toRequestOrigin } from '../sign-ins.js';
import { hashToken } from '../opaque-token.js';
import { PasswordHasher } from '../password-hasher.js';
import { assertPasswordIsGood } from '../password-policy.js';
import { FirstSteps, type Welcome } from '../second-factor/first-steps.js';
import type { Visitor } from '../session.service.js';
import type { UserEntity } from '../user.entity.js';
import { UserService } from '../user.service.js';
import { InvitationEntity } from './invitation.entity.js';
import { assertEmailIsFree } from './invitation.service.js';
import { LinkLimiter } from './link-limiter.js';

const COLUMNS = {
  id: true,
  email: true,
  role: true,
  invitedBy: true,
  createdAt: true,
  expiresAt: true,
} as const;

/** What is behind the link of an invitation, for whoever has it. */
@Injectable()
export class InvitationDoor {
  constructor(
    private readonly dataSource: DataSource,
    private readonly users: UserService,
    private readonly firstSteps: FirstSteps,
    private readonly hasher: PasswordHasher,
    private readonly limiter: LinkLimiter,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** What a link is good for. @throws DomainError `unauthenticated`, `too_many_requests` */
  async look(token: string, visitor: Visitor): Promise<InvitationEntity> {
    await this.limiter.assertMayTry(visitor.ip);
    const invitation = await this.findByToken(token, this.dataSource.manager);
    if (invitation) return invitation;
    await this.limiter.noteBad(visitor.ip);
    this.audit.noteRefusal({ action: 'invitation.refused', targetType: 'invitation', address: visitor.ip });
    throw refuseToken();
  }

  /** Makes the user and signs them in, or begins their second step where one is due. The link is good for that once. */
  async accept(token: string, name: string, password: string, visitor: Visitor): Promise<Welcome> {
    // Before the costly hash, so that only the holder of a link can ask for one; again, locked, below.
    const { email } = await this.look(token, visitor);
    assertPasswordIsGood(password, email);
    const passwordHash = await this.hasher.hash(password);
    return this.dataSource.transaction(async (manager) => {
      const user = await this.createUser(token, { name, passwordHash }, visitor, manager);
      return this.firstSteps.take(user, visitor, manager);
    });
  }

  /** Uses the link up and makes the user, within a transaction. @throws DomainError `unauthenticated`, `conflict` */
  async createUser(
    token: string,
    fields: { readonly name: string | null; readonly passwordHash: string | null },
    visitor: Visitor,
    manager: EntityManager,
  ): Promise<UserEntity> {
    const invitation = await this.findByToken(token, manager);
    if (!invitation) throw refuseToken();
    // Two that accept at once: the second finds nothing to take away.
    const { affected } = await manager.delete(InvitationEntity, { id: invitation.id });
    if (affected !== 1) throw refuseToken();
    const { email, role, invitedBy } = invitation;
    await assertEmailIsFree(this.users, email, manager);
    const user = await this.users.create({ email, role, ...fields }, manager);
    const actor = { userId: user.id, email: user.email, origin: toRequestOrigin(visitor) };
    await this.audit.record(
      {
        action: 'user.created',
        targetType: 'user',
        targetId: user.id,
        targetName: user.email,
        after: { ...user, invitedBy },
      },
      actor,
      manager,
    );
    return user;
  }

  private async findByToken(token: string, manager: EntityManager): Promise<InvitationEntity | null> {
    const isOpen = MoreThan(new Date(this.clock()));
    return manager.findOne(InvitationEntity, {
      where: { tokenHash: hashToken(token), expiresAt: isOpen },
      select: COLUMNS,
    });
  }
}

function refuseToken(): DomainError {
  return new DomainError(
    'unauthenticated',
    'This invitation is not valid (any more). Ask an admin for a new one.',
  );
}
