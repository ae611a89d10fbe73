import { UseInterceptors } from '@nestjs/common';
import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import { CurrentUser } from '../../common/current-user.decorator.js';
import { DeletePayload } from '../../common/graphql/payload.model.js';
import { UserErrorsInterceptor } from '../../common/graphql/user-errors.interceptor.js';
import type { UserPrincipal } from '../../common/principal.js';
import { SignedInOnly } from '../../common/public.decorator.js';
import { assertMayOnHub } from '../assert-right.js';
import { UserModel } from '../user.model.js';
import { UserService } from '../user.service.js';
import { InvitationService } from './invitation.service.js';
import { PersonModel } from './person.model.js';
import { UserAdminService } from './user-admin.service.js';
import { InviteUserInput, UpdateUserInput } from './user.inputs.js';
import { InvitationModel, InvitationPayload, UserPayload } from './user.payloads.js';

/** The users of the hub: what admins do with them, and whom others may share with. */
@Resolver()
@UseInterceptors(UserErrorsInterceptor)
export class UsersResolver {
  constructor(
    private readonly admin: UserAdminService,
    private readonly invitations: InvitationService,
    private readonly people: UserService,
  ) {}

  @Query(() => [PersonModel], {
    name: 'people',
    description: 'Everybody who can sign in: whom you may share with.',
  })
  async listPeople(@CurrentUser() user: UserPrincipal): Promise<PersonModel[]> {
    assertMayOnHub(user, 'seePeople', 'Viewers do not see the other users.');
    return this.people.listPeople();
  }

  @Query(() => [UserModel], { name: 'users', description: 'Admins only.' })
  async listUsers(@CurrentUser() user: UserPrincipal): Promise<UserModel[]> {
    return this.admin.list(user);
  }

  @Query(() => [InvitationModel], { name: 'invitations', description: 'Not accepted yet. Admins only.' })
  async listInvitations(@CurrentUser() user: UserPrincipal): Promise<InvitationModel[]> {
    return this.invitations.list(user);
  }

  @SignedInOnly()
  @Mutation(() => InvitationPayload, {
    description: 'The same address again: a new link, the older is void.',
  })
  async inviteUser(
    @CurrentUser() user: UserPrincipal,
    @Args('input') { email, role }: InviteUserInput,
  ): Promise<InvitationPayload> {
    return { ...(await this.invitations.invite(user, email, role)), userErrors: [] };
  }

  @SignedInOnly()
  @Mutation(() => InvitationPayload, { description: 'A new link, good for seven days; the older is void.' })
  async renewInvitation(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<InvitationPayload> {
    return { ...(await this.invitations.renew(user, id)), userErrors: [] };
  }

  @SignedInOnly()
  @Mutation(() => DeletePayload)
  async revokeInvitation(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<DeletePayload> {
    return { deletedId: await this.invitations.revoke(user, id), userErrors: [] };
  }

  @SignedInOnly()
  @Mutation(() => UserPayload)
  async updateUser(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
    @Args('input') input: UpdateUserInput,
  ): Promise<UserPayload> {
    return { user: await this.admin.update(user, id, input), userErrors: [] };
  }

  @SignedInOnly()
  @Mutation(() => UserPayload, {
    description: 'Signs the user out everywhere, revokes their personal tokens, and keeps them out.',
  })
  async disableUser(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<UserPayload> {
    return { user: await this.admin.setDisabled(user, id, true), userErrors: [] };
  }

  @SignedInOnly()
  @Mutation(() => UserPayload)
  async enableUser(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<UserPayload> {
    return { user: await this.admin.setDisabled(user, id, false), userErrors: [] };
  }

  @SignedInOnly()
  @Mutation(() => DeletePayload, { description: 'What the user owned is yours from then on.' })
  async deleteUser(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<DeletePayload> {
    return { deletedId: await this.admin.delete(user, id), userErrors: [] };
  }
}
