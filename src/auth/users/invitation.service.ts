import { Inject, Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import type { Role, UserPrincipal } from '../../common/principal.js';
import { HUB_CONFIG, type HubConfig } from '../../config/hub-config.js';
import { DomainError } from '../../core/errors.js';
import { assertMayOnHub } from '../assert-right.js';
import { CLOCK, type Clock } from '../clock.js';
import { createOpaqueToken, hashToken } from '../opaque-token.js';
import { UserService } from '../user.service.js';
import { buildHubLink } from './hub-link.js';
import { InvitationEntity } from './invitation.entity.js';

export const INVITATION_LIFE_MS = 7 * 24 * 3_600_000;
const TOKEN_BYTES = 16;
const REFUSAL = 'Only admins may invite users.';

export interface Invited {
  readonly invitation: InvitationEntity;
  /** Shown this once. */
  readonly link: string;
}

/** Invitations by a one-time link, as admins make, renew and take them back. */
@Injectable()
export class InvitationService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly users: UserService,
    private readonly audit: AuditLog,
    @Inject(HUB_CONFIG) private readonly config: HubConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Those that are open or have run out unused. */
  async list(admin: UserPrincipal): Promise<InvitationEntity[]> {
    assertMayOnHub(admin, 'manageUsers', REFUSAL);
    return this.dataSource.manager.find(InvitationEntity, { order: { createdAt: 'ASC', id: 'ASC' } });
  }

  /** Inviting the same address again replaces its invitation: the older link is void. */
  async invite(admin: UserPrincipal, email: string, role: Role): Promise<Invited> {
    assertMayOnHub(admin, 'manageUsers', REFUSAL);
    const token = createOpaqueToken(TOKEN_BYTES);
    const now = this.clock();
    const invitation = await this.dataSource.transaction(async (manager) => {
      await assertEmailIsFree(this.users, email, manager);
      await manager.query('delete from user_invitation where lower(email) = lower($1)', [email]);
      const saved = await manager.save(InvitationEntity, {
        email,
        role,
        tokenHash: hashToken(token),
        invitedBy: admin.userId,
        createdAt: new Date(now),
        expiresAt: new Date(now + INVITATION_LIFE_MS),
      });
      await this.record('invitation.created', admin, saved, manager);
      return saved;
    });
    return { invitation, link: buildHubLink(this.config, 'invitation', token) };
  }

  /** A new link, good for seven days from now; the older one is void. */
  async renew(admin: UserPrincipal, invitationId: string): Promise<Invited> {
    assertMayOnHub(admin, 'manageUsers', REFUSAL);
    const known = await this.find(invitationId);
    return this.invite(admin, known.email, known.role);
  }

  async revoke(admin: UserPrincipal, invitationId: string): Promise<string> {
    assertMayOnHub(admin, 'manageUsers', REFUSAL);
    const known = await this.find(invitationId);
    await this.dataSource.transaction(async (manager) => {
      await manager.delete(InvitationEntity, { id: known.id });
      await this.record('invitation.revoked', admin, known, manager);
    });
    return known.id;
  }

  private async find(invitationId: string): Promise<InvitationEntity> {
    const known = isUUID(invitationId)
      ? await this.dataSource.manager.findOneBy(InvitationEntity, { id: invitationId })
      : null;
    if (!known) throw new DomainError('not_found', 'There is no such invitation.');
    return known;
  }

  private async record(
    action: `invitation.${string}`,
    admin: UserPrincipal,
    { id, email, role, expiresAt }: InvitationEntity,
    manager: EntityManager,
  ): Promise<void> {
    const after = { email, role, expiresAt };
    const change = { action, targetType: 'invitation' as const, targetId: id, targetName: email, after };
    await this.audit.record(change, admin, manager);
  }
}

/** @throws DomainError `conflict` */
export async function assertEmailIsFree(
  users: UserService,
  email: string,
  manager: EntityManager,
): Promise<void> {
  if (await users.hasEmail(email, manager)) {
    throw new DomainError('conflict', 'There is a user with this address already.', 'email');
  }
}
