import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import type { Role } from '../../common/principal.js';
import { EventBus } from '../../events/event-bus.js';
import { UserEntity } from '../user.entity.js';
import { Expulsions } from '../users/expulsions.js';
import { lockAdmins } from '../users/user-admin.service.js';
import { OidcProvider, type ProviderIdentity } from './oidc-provider.js';
import { readRoleOfClaims } from './role-of-claims.js';

/** Roles that the provider gives, where the operator has set so. */
@Injectable()
export class ProviderRoles {
  private readonly logger = new Logger('sign-in');

  constructor(
    private readonly provider: OidcProvider,
    private readonly expulsions: Expulsions,
    private readonly events: EventBus,
    private readonly audit: AuditLog,
  ) {}

  /** Undefined: roles are the hub's own matter. */
  read({ claims }: ProviderIdentity): Role | undefined {
    return readRoleOfClaims(this.provider.settings ?? {}, claims);
  }

  /** Call it before the user is locked, so that two changes never wait for each other crosswise. */
  async lock(identity: ProviderIdentity, manager: EntityManager): Promise<readonly string[]> {
    return this.read(identity) === undefined ? [] : lockAdmins(manager);
  }

  /**
   * A new role ends the user's other sessions; what it returns is to be called once that is committed. The last admin
   * stays one, whatever the provider says.
   * @param admins who they are, as `lock` found
   */
  async apply(
    user: UserEntity,
    identity: ProviderIdentity,
    admins: readonly string[],
    manager: EntityManager,
  ): Promise<() => void> {
    const role = this.read(identity);
    if (role === undefined || user.role === role) return () => undefined;
    if (user.role === 'admin' && !admins.some((id) => id !== user.id)) {
      this.logger.warn(`${user.email} stays an admin, being the last one: the provider says ${role}`);
      return () => undefined;
    }
    const before = { role: user.role };
    user.role = role;
    await manager.update(UserEntity, { id: user.id }, { role });
    const target = { targetType: 'user', targetId: user.id, targetName: user.email } as const;
    await this.audit.record({ action: 'user.changed', ...target, before, after: { role } }, 'hub', manager);
    const close = await this.expulsions.expel(user.id, {}, manager);
    return () => {
      close();
      this.events.announce('access.changed', {});
    };
  }
}
