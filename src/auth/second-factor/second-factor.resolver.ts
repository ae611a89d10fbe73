import { UseInterceptors } from '@nestjs/common';
import { Args, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentUser } from '../../common/current-user.decorator.js';
import { UserErrorsInterceptor } from '../../common/graphql/user-errors.interceptor.js';
import type { UserPrincipal } from '../../common/principal.js';
import { SignedInOnly } from '../../common/public.decorator.js';
import { UserModel } from '../user.model.js';
import { UserPayload } from '../users/user.payloads.js';
import { SecondFactorAccountService } from './second-factor-account.service.js';
import { BeginTwoFactorInput, ConfirmTwoFactorInput, ProveTwoFactorInput } from './second-factor.inputs.js';
import {
  AccountSecurityModel,
  AccountSecurityPayload,
  BeginTwoFactorPayload,
  RecoveryCodesPayload,
} from './second-factor.model.js';

/** The second factor of users, for themselves and for admins. */
@Resolver(() => UserModel)
@UseInterceptors(UserErrorsInterceptor)
export class SecondFactorResolver {
  constructor(private readonly account: SecondFactorAccountService) {}

  @ResolveField('hasTwoFactor', () => Boolean, { description: 'Their password alone does not open.' })
  resolveHasTwoFactor(@Parent() { twoFactorSince }: UserModel): boolean {
    return Boolean(twoFactorSince);
  }

  @SignedInOnly()
  @Query(() => AccountSecurityModel, { description: 'How you sign in.' })
  async accountSecurity(@CurrentUser() user: UserPrincipal): Promise<AccountSecurityModel> {
    return this.account.describe(user);
  }

  @SignedInOnly()
  @Mutation(() => BeginTwoFactorPayload, {
    description:
      'A secret for your app; it counts once `confirmTwoFactor` has seen a code, within 15 minutes.',
  })
  async beginTwoFactor(
    @CurrentUser() user: UserPrincipal,
    @Args('input') { currentPassword }: BeginTwoFactorInput,
  ): Promise<BeginTwoFactorPayload> {
    return { ...(await this.account.begin(user, currentPassword)), userErrors: [] };
  }

  @SignedInOnly()
  @Mutation(() => RecoveryCodesPayload, { description: 'Ends all your other sessions.' })
  async confirmTwoFactor(
    @CurrentUser() user: UserPrincipal,
    @Args('input') { code }: ConfirmTwoFactorInput,
  ): Promise<RecoveryCodesPayload> {
    return { recoveryCodes: await this.account.confirm(user, code), userErrors: [] };
  }

  @SignedInOnly()
  @Mutation(() => AccountSecurityPayload)
  async disableTwoFactor(
    @CurrentUser() user: UserPrincipal,
    @Args('input') { currentPassword, code }: ProveTwoFactorInput,
  ): Promise<AccountSecurityPayload> {
    await this.account.disable(user, currentPassword, code);
    return { accountSecurity: await this.account.describe(user), userErrors: [] };
  }

  @SignedInOnly()
  @Mutation(() => RecoveryCodesPayload, { description: 'New ones; those before are void.' })
  async renewRecoveryCodes(
    @CurrentUser() user: UserPrincipal,
    @Args('input') { currentPassword, code }: ProveTwoFactorInput,
  ): Promise<RecoveryCodesPayload> {
    return { recoveryCodes: await this.account.renewCodes(user, currentPassword, code), userErrors: [] };
  }

  @SignedInOnly()
  @Mutation(() => UserPayload, {
    description:
      'For a user who has lost theirs: their password alone opens again. Signs them out everywhere.',
  })
  async resetTwoFactor(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<UserPayload> {
    return { user: await this.account.reset(user, id), userErrors: [] };
  }
}
