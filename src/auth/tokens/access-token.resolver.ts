import { UseInterceptors } from '@nestjs/common';
import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import { CurrentUser } from '../../common/current-user.decorator.js';
import { UserErrorsInterceptor } from '../../common/graphql/user-errors.interceptor.js';
import type { UserPrincipal } from '../../common/principal.js';
import { SignedInOnly } from '../../common/public.decorator.js';
import {
  AccessTokenModel,
  AccessTokenPayload,
  CreateAccessTokenInput,
  CreateAccessTokenPayload,
} from './access-token.model.js';
import { AccessTokenService } from './access-token.service.js';

@Resolver()
@SignedInOnly()
@UseInterceptors(UserErrorsInterceptor)
export class AccessTokenResolver {
  constructor(private readonly tokens: AccessTokenService) {}

  @Query(() => [AccessTokenModel], { description: 'Your personal access tokens.' })
  async accessTokens(@CurrentUser() user: UserPrincipal): Promise<AccessTokenModel[]> {
    return this.tokens.list(user.userId);
  }

  @Mutation(() => CreateAccessTokenPayload, {
    description: 'A token by which your programs speak for you: `Authorization: Bearer wkp_…`.',
  })
  async createAccessToken(
    @CurrentUser() user: UserPrincipal,
    @Args('input') input: CreateAccessTokenInput,
  ): Promise<CreateAccessTokenPayload> {
    const { token, record } = await this.tokens.create(user, input);
    return { accessToken: record, token, userErrors: [] };
  }

  @Mutation(() => AccessTokenPayload)
  async revokeAccessToken(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<AccessTokenPayload> {
    return { accessToken: await this.tokens.revoke(user, id), userErrors: [] };
  }
}
