import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import type { Role } from '../../common/principal.js';
import { CLOCK, type Clock } from '../clock.js';
import type { Visitor } from '../session.service.js';
import { toRequestOrigin } from '../sign-ins.js';
import { UserEntity } from '../user.entity.js';
import { UserService } from '../user.service.js';
import { IdentityEntity } from './identity.entity.js';
import type { ProviderIdentity } from './oidc-provider.js';
import { ProviderFault } from './provider-fault.js';
import { isEmailVerified, readEmail, readName } from './read-claims.js';

/** Which identity is whose: by issuer and subject alone, never by an address. Each step within a transaction. */
@Injectable()
export class IdentityLinks {
  constructor(
    private readonly users: UserService,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  find({ issuer, subject }: ProviderIdentity, manager: EntityManager): Promise<IdentityEntity | null> {
    return manager.findOneBy(IdentityEntity, { issuer, subject });
  }

  async noteUse(
    { id, email }: IdentityEntity,
    { claims }: ProviderIdentity,
    manager: EntityManager,
  ): Promise<void> {
    const lastUsedAt = new Date(this.clock());
    await manager.update(IdentityEntity, { id }, { lastUsedAt, email: readEmail(claims) ?? email });
  }

  async link(
    { id: userId, email }: Pick<UserEntity, 'id' | 'email'>,
    { issuer, subject, claims }: ProviderIdentity,
    visitor: Visitor,
    manager: EntityManager,
  ): Promise<void> {
    const lastUsedAt = new Date(this.clock());
    await manager.insert(IdentityEntity, { userId, issuer, subject, email: readEmail(claims), lastUsedAt });
    await this.audit.record(
      {
        action: 'user.providerConnected',
        targetType: 'user',
        targetId: userId,
        targetName: email,
        after: { issuer, subject },
      },
      { userId, email, origin: toRequestOrigin(visitor) },
      manager,
    );
  }

  /** A user for somebody who was not known, without a password. @throws ProviderFault */
  async createUser(
    identity: ProviderIdentity,
    role: Role,
    visitor: Visitor,
    manager: EntityManager,
  ): Promise<UserEntity> {
    const { claims, issuer } = identity;
    const email = readEmail(claims);
    if (email === null || !isEmailVerified(claims)) throw new ProviderFault('email_unverified');
    if (await this.users.hasEmail(email, manager)) throw new ProviderFault('email_taken');
    const user = await this.users.create(
      { email, passwordHash: null, role, name: readName(claims) },
      manager,
    );
    await this.audit.record(
      {
        action: 'user.created',
        targetType: 'user',
        targetId: user.id,
        targetName: email,
        after: { ...user, issuer },
      },
      { userId: user.id, email, origin: toRequestOrigin(visitor) },
      manager,
    );
    await this.link(user, identity, visitor, manager);
    return user;
  }
}

/** With the hash of the password, by which a second step sees that it has changed meanwhile. */
export async function lockUserForLogin(manager: EntityManager, userId: string): Promise<UserEntity | null> {
  return manager
    .createQueryBuilder(UserEntity, 'user')
    .addSelect('user.passwordHash')
    .where('user.id = :userId', { userId })
    .setLock('pessimistic_write')
    .getOne();
}

/** Two that make the same user or connect the same identity at once: the second has to begin again. */
export function describeConflict(error: unknown): unknown {
  const isTwice = (error as { driverError?: { code?: string } }).driverError?.code === '23505';
  return isTwice ? new ProviderFault('expired', 'it was done twice at once') : error;
}
