import { Inject, UseInterceptors } from '@nestjs/common';
import { Args, ID, Mutation, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentUser } from '../../common/current-user.decorator.js';
import { DeletePayload } from '../../common/graphql/payload.model.js';
import { UserErrorsInterceptor } from '../../common/graphql/user-errors.interceptor.js';
import type { UserPrincipal } from '../../common/principal.js';
import { SignedInOnly } from '../../common/public.decorator.js';
import { HUB_CONFIG, type HubConfig } from '../../config/hub-config.js';
import { AccountSecurityModel } from '../second-factor/second-factor.model.js';
import { ConnectedProviders } from './connected-providers.js';
import { ConnectedProviderModel, DisconnectProviderInput } from './oidc.model.js';

/** The providers that users are connected with. */
@Resolver(() => AccountSecurityModel)
@UseInterceptors(UserErrorsInterceptor)
export class OidcResolver {
  constructor(
    private readonly connected: ConnectedProviders,
    @Inject(HUB_CONFIG) private readonly config: HubConfig,
  ) {}

  @ResolveField('provider', () => String, {
    nullable: true,
    description: 'What the provider is called that this hub takes sign-ins from; null: there is none.',
  })
  resolveProvider(): string | null {
    return this.config.oidc?.label ?? null;
  }

  @ResolveField('connectedProviders', () => [ConnectedProviderModel])
  async resolveConnected(@CurrentUser() user: UserPrincipal): Promise<ConnectedProviderModel[]> {
    const { oidc } = this.config;
    return (await this.connected.list(user)).map(({ id, issuer, email, createdAt, lastUsedAt }) => {
      const isCurrent = issuer === oidc?.issuer;
      const label = isCurrent ? oidc.label : new URL(issuer).hostname;
      return { id, label, isCurrent, email, createdAt, lastUsedAt };
    });
  }

  @SignedInOnly()
  @Mutation(() => DeletePayload, {
    description: 'Ends your other sessions that a provider began. Never takes your last way in.',
  })
  async disconnectProvider(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
    @Args('input') { currentPassword }: DisconnectProviderInput,
  ): Promise<DeletePayload> {
    return { deletedId: await this.connected.disconnect(user, id, currentPassword), userErrors: [] };
  }
}
