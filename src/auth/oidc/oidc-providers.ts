import { ConnectedProviders } from './connected-providers.js';
import { DoorLimiter } from './door-limiter.js';
import { FlowCookie } from './flow-cookie.js';
import { IdentityLinks } from './identity-links.js';
import { OidcProvider } from './oidc-provider.js';
import { OidcResolver } from './oidc.resolver.js';
import { ProviderAccounts } from './provider-accounts.js';
import { ProviderRoles } from './provider-roles.js';
import { ProviderSignIn } from './provider-sign-in.js';

/** What the auth module provides for sign-in by a provider. */
export const OIDC_PROVIDERS = [
  ConnectedProviders,
  DoorLimiter,
  FlowCookie,
  IdentityLinks,
  OidcProvider,
  OidcResolver,
  ProviderAccounts,
  ProviderRoles,
  ProviderSignIn,
];
