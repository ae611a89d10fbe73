import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { type SecondStep, SecondStepService } from '../second-factor/second-step.service.js';
import type { Visitor } from '../session.service.js';
import { type SignedIn, SignIns } from '../sign-ins.js';
import { InvitationDoor } from '../users/invitation-door.js';
import { describeConflict, IdentityLinks, lockUserForLogin } from './identity-links.js';
import type { IdentityEntity } from './identity.entity.js';
import { OidcProvider, type ProviderIdentity } from './oidc-provider.js';
import { ProviderFault } from './provider-fault.js';
import { ProviderRoles } from './provider-roles.js';
import { readName } from './read-claims.js';

/** Signs in the users behind the provider's identities, and makes those that there are not yet. */
@Injectable()
export class ProviderAccounts {
  constructor(
    private readonly dataSource: DataSource,
    private readonly provider: OidcProvider,
    private readonly links: IdentityLinks,
    private readonly roles: ProviderRoles,
    private readonly invitations: InvitationDoor,
    private readonly secondSteps: SecondStepService,
    private readonly signIns: SignIns,
  ) {}

  /** Signs in, or begins the second step of who has turned one on here. @throws ProviderFault */
  async signIn(identity: ProviderIdentity, visitor: Visitor): Promise<SignedIn | SecondStep> {
    const known = await this.links.find(identity, this.dataSource.manager);
    if (known)
      return this.change((manager, after) => this.signInKnown(known, identity, visitor, manager, after));
    if (!this.provider.settings?.allowsSignUp) throw new ProviderFault('unknown');
    return this.change(async (manager) => {
      const role = this.roles.read(identity) ?? 'viewer';
      const user = await this.links.createUser(identity, role, visitor, manager);
      return this.signIns.start(user, 'provider', visitor, manager);
    });
  }

  /** Makes the invited user, who has no password then. @throws ProviderFault, DomainError */
  async acceptInvitation(token: string, identity: ProviderIdentity, visitor: Visitor): Promise<SignedIn> {
    return this.change(async (manager, afterCommit) => {
      if (await this.links.find(identity, manager)) throw new ProviderFault('taken');
      const admins = await this.roles.lock(identity, manager);
      const fields = { name: readName(identity.claims), passwordHash: null };
      const user = await this.invitations.createUser(token, fields, visitor, manager);
      afterCommit.push(await this.roles.apply(user, identity, admins, manager));
      await this.links.link(user, identity, visitor, manager);
      return this.signIns.start(user, 'invitation and provider', visitor, manager);
    });
  }

  private async signInKnown(
    known: IdentityEntity,
    identity: ProviderIdentity,
    visitor: Visitor,
    manager: EntityManager,
    afterCommit: (() => void)[],
  ): Promise<SignedIn | SecondStep> {
    const admins = await this.roles.lock(identity, manager);
    const user = await lockUserForLogin(manager, known.userId);
    // Disconnected by their other browser a moment ago.
    if (!user || !(await this.links.find(identity, manager))) throw new ProviderFault('unknown');
    if (user.isDisabled) throw new ProviderFault('disabled');
    afterCommit.push(await this.roles.apply(user, identity, admins, manager));
    await this.links.noteUse(known, identity, manager);
    if (user.twoFactorSince !== null) return this.secondSteps.begin(user, true);
    return this.signIns.start(user, 'provider', visitor, manager);
  }

  private async change<Result>(
    work: (manager: EntityManager, afterCommit: (() => void)[]) => Promise<Result>,
  ): Promise<Result> {
    const afterCommit: (() => void)[] = [];
    const result = await this.dataSource
      .transaction((manager) => work(manager, afterCommit))
      .catch((error: unknown) => {
        throw describeConflict(error);
      });
    for (const act of afterCommit) act();
    return result;
  }
}
