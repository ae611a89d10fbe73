import { UseInterceptors } from '@nestjs/common';
import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import { CurrentUser } from '../../common/current-user.decorator.js';
import { DeletePayload } from '../../common/graphql/payload.model.js';
import { UserErrorsInterceptor } from '../../common/graphql/user-errors.interceptor.js';
import type { UserPrincipal } from '../../common/principal.js';
import { SignedInOnly } from '../../common/public.decorator.js';
import { UserService } from '../user.service.js';
import { describeDevice } from './describe-device.js';
import { ProfileService } from './profile.service.js';
import { SessionListService } from './session-list.service.js';
import { ChangeEmailInput, ChangePasswordInput, UpdateProfileInput } from './user.inputs.js';
import { EndSessionsPayload, SessionModel, UserPayload } from './user.payloads.js';

/** What users do with their own account. */
@Resolver()
@SignedInOnly()
@UseInterceptors(UserErrorsInterceptor)
export class AccountResolver {
  constructor(
    private readonly profiles: ProfileService,
    private readonly sessionList: SessionListService,
    private readonly users: UserService,
  ) {}

  @Mutation(() => UserPayload)
  async updateProfile(
    @CurrentUser() user: UserPrincipal,
    @Args('input') { name }: UpdateProfileInput,
  ): Promise<UserPayload> {
    const changed =
      name === undefined ? await this.users.find(user.userId) : await this.profiles.setName(user, name);
    return { user: changed ?? undefined, userErrors: [] };
  }

  @Mutation(() => UserPayload)
  async changeEmail(
    @CurrentUser() user: UserPrincipal,
    @Args('input') { email, currentPassword }: ChangeEmailInput,
  ): Promise<UserPayload> {
    return { user: await this.profiles.setEmail(user, email, currentPassword), userErrors: [] };
  }

  @Mutation(() => UserPayload, {
    description: 'Ends all your other sessions, and your personal tokens if you say so.',
  })
  async changePassword(
    @CurrentUser() user: UserPrincipal,
    @Args('input') input: ChangePasswordInput,
  ): Promise<UserPayload> {
    await this.profiles.setPassword(user, input);
    return { user: (await this.users.find(user.userId)) ?? undefined, userErrors: [] };
  }

  @Query(() => [SessionModel], { description: 'Where you are signed in, the last used first.' })
  async sessions(@CurrentUser() user: UserPrincipal): Promise<SessionModel[]> {
    return (await this.sessionList.list(user)).map(
      ({ id, ip, userAgent, createdAt, lastSeenAt, expiresAt, isByProvider }) => ({
        id,
        device: describeDevice(userAgent),
        address: ip,
        createdAt,
        lastUsedAt: lastSeenAt,
        expiresAt,
        isByProvider,
        isCurrent: id === user.sessionId,
      }),
    );
  }

  @Mutation(() => DeletePayload, { description: 'Signs you out there, within a second.' })
  async endSession(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<DeletePayload> {
    return { deletedId: await this.sessionList.end(user, id), userErrors: [] };
  }

  @Mutation(() => EndSessionsPayload, { description: 'Signs you out everywhere but here.' })
  async endOtherSessions(@CurrentUser() user: UserPrincipal): Promise<EndSessionsPayload> {
    return { count: await this.sessionList.endOthers(user), userErrors: [] };
  }
}
