import { UseInterceptors } from '@nestjs/common';
import { Args, ID, Mutation, Resolver } from '@nestjs/graphql';
import { CurrentUser } from '../../common/current-user.decorator.js';
import { UserErrorsInterceptor } from '../../common/graphql/user-errors.interceptor.js';
import type { UserPrincipal } from '../../common/principal.js';
import { CreateApiKeyInput, RotateApiKeyInput, UpdateApiKeyInput } from './keys.input.js';
import { ApiKeyPayload, CreateApiKeyPayload, RotateApiKeyPayload } from './keys.model.js';
import { MonitorKeysService } from './keys.service.js';

@Resolver()
@UseInterceptors(UserErrorsInterceptor)
export class KeysResolver {
  constructor(private readonly keys: MonitorKeysService) {}

  @Mutation(() => CreateApiKeyPayload)
  async createApiKey(
    @CurrentUser() user: UserPrincipal,
    @Args('monitorId', { type: () => ID }) monitorId: string,
    @Args('input', { type: () => CreateApiKeyInput, nullable: true }) input?: CreateApiKeyInput,
  ): Promise<CreateApiKeyPayload> {
    const { apiKey, record } = await this.keys.create(user, monitorId, input ?? {});
    return { key: record, apiKey, userErrors: [] };
  }

  @Mutation(() => ApiKeyPayload, { description: 'Name, expiry, addresses; in force at once.' })
  async updateApiKey(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
    @Args('input') input: UpdateApiKeyInput,
  ): Promise<ApiKeyPayload> {
    return { key: await this.keys.change(user, id, input), userErrors: [] };
  }

  @Mutation(() => RotateApiKeyPayload, {
    description: 'A new key now; the old one lives on for a while, so that its machine can be told.',
  })
  async rotateApiKey(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
    @Args('input', { type: () => RotateApiKeyInput, nullable: true }) input?: RotateApiKeyInput,
  ): Promise<RotateApiKeyPayload> {
    const { overlapHours } = input ?? new RotateApiKeyInput();
    const { apiKey, record, previous } = await this.keys.rotate(user, id, overlapHours);
    return { key: record, apiKey, previous, userErrors: [] };
  }

  @Mutation(() => ApiKeyPayload)
  async revokeApiKey(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<ApiKeyPayload> {
    return { key: await this.keys.revoke(user, id), userErrors: [] };
  }
}
