import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { DataSource } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import type { UserPrincipal } from '../../common/principal.js';
import { HUB_CONFIG, type HubConfig } from '../../config/hub-config.js';
import { DomainError } from '../../core/errors.js';
import { EventBus } from '../../events/event-bus.js';
import { CLOCK, type Clock } from '../clock.js';
import { PasswordProof } from '../password-proof.js';
import type { Visitor } from '../session.service.js';
import { describeConflict, IdentityLinks, lockUserForLogin } from './identity-links.js';
import { IdentityEntity } from './identity.entity.js';
import type { ProviderIdentity } from './oidc-provider.js';
import { ProviderFault } from './provider-fault.js';

/** The identities of a user, as they see them on their profile. */
@Injectable()
export class ConnectedProviders implements OnApplicationBootstrap {
  private readonly logger = new Logger('sign-in');

  constructor(
    private readonly dataSource: DataSource,
    private readonly links: IdentityLinks,
    private readonly proof: PasswordProof,
    private readonly events: EventBus,
    private readonly audit: AuditLog,
    @Inject(HUB_CONFIG) private readonly config: HubConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Says where nobody could manage the hub any more, before somebody finds out. */
  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.isPasswordLoginOff) return;
    const [row] = await this.dataSource.query<{ admins: number; connected: number }[]>(
      `select count(distinct u.id)::integer as admins, count(distinct i.user_id)::integer as connected
         from app_user u left join user_identity i on i.user_id = u.id and i.issuer = $1
        where u.role = 'admin' and not u.is_disabled`,
      [this.config.oidc?.issuer],
    );
    // The admin that the environment names is made a moment later; who uses the set-up link is signed in by it.
    const hasAdmin = row !== undefined && (row.admins > 0 || this.config.admin !== undefined);
    if (!hasAdmin || row.connected > 0) return;
    this.logger.warn(
      `no admin is connected with ${this.config.oidc?.label} yet and WATCHKEEPER_PASSWORD_LOGIN is off: ` +
        'start once with it on, and connect an admin on their profile',
    );
  }

  async list({ userId }: UserPrincipal): Promise<IdentityEntity[]> {
    return this.dataSource.manager.find(IdentityEntity, {
      where: { userId },
      order: { createdAt: 'ASC', id: 'ASC' },
    });
  }

  /** Connects the identity with a user who is signed in, in the session that they began it in. @throws ProviderFault */
  async connect(
    { userId, sessionId }: Pick<UserPrincipal, 'userId' | 'sessionId'>,
    identity: ProviderIdentity,
    visitor: Visitor,
  ): Promise<void> {
    await this.dataSource
      .transaction(async (manager) => {
        const user = await lockUserForLogin(manager, userId);
        const [session] = await manager.query<unknown[]>(
          'select 1 from user_session where id = $1 and user_id = $2 and expires_at > $3',
          [sessionId, userId, new Date(this.clock())],
        );
        if (!user || user.isDisabled || !session) throw new ProviderFault('signed_out');
        const known = await this.links.find(identity, manager);
        if (known?.userId === userId) return;
        if (known) throw new ProviderFault('taken');
        const { issuer } = identity;
        const isOther = await manager.existsBy(IdentityEntity, { userId, issuer });
        if (isOther) throw new ProviderFault('already_connected');
        await this.links.link(user, identity, visitor, manager);
      })
      .catch((error: unknown) => {
        throw describeConflict(error);
      });
  }

  /** Ends the other sessions that were begun by a provider. Never takes the last way in. */
  async disconnect(user: UserPrincipal, identityId: string, currentPassword: string): Promise<string> {
    const { userId, sessionId } = user;
    const identity = isUUID(identityId)
      ? await this.dataSource.manager.findOneBy(IdentityEntity, { id: identityId, userId })
      : null;
    if (!identity) throw new DomainError('not_found', 'There is no such connection.');
    await this.proof.assert(user, currentPassword);
    const endedIds = await this.dataSource.transaction(async (manager) => {
      const [own] = await manager.query<{ has_password: boolean }[]>(
        'select password_hash is not null as has_password from app_user where id = $1 for update',
        [userId],
      );
      const issuer = this.config.oidc?.issuer;
      const others = await manager.findBy(IdentityEntity, { userId });
      const isKnownOtherwise = others.some((other) => other.id !== identity.id && other.issuer === issuer);
      const opensByPassword = own?.has_password && !this.config.isPasswordLoginOff;
      if (!opensByPassword && !isKnownOtherwise) {
        throw new DomainError('conflict', 'This is your only way in. Set a password first.');
      }
      await manager.delete(IdentityEntity, { id: identity.id });
      const { issuer: before, subject } = identity;
      const target = { targetType: 'user', targetId: userId, targetName: user.email } as const;
      const change = {
        action: 'user.providerDisconnected',
        ...target,
        before: { issuer: before, subject },
      } as const;
      await this.audit.record(change, user, manager);
      const [ended] = await manager.query<[{ id: string }[], number]>(
        'delete from user_session where user_id = $1 and by_provider and id <> $2 returning id',
        [userId, sessionId],
      );
      return ended.map(({ id }) => id);
    });
    for (const id of endedIds) this.events.announce('session.ended', { sessionId: id });
    return identity.id;
  }
}
