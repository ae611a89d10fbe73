import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { AccessGuard } from './access.guard.js';
import { AccessWatch } from './access-watch.js';
import { AdminPresence } from './admin-presence.js';
import { ApiKeyDoor } from './api-key-door.js';
import { ApiKeyLookup } from './api-key-lookup.js';
import { ApiKeyUsage } from './api-key-usage.js';
import { ApiKeyVerdicts } from './api-key-verdict.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { ApiKeyService } from './api-key.service.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditResolver } from './audit/audit.resolver.js';
import { AuthController } from './auth.controller.js';
import { CLOCK } from './clock.js';
import { OutboundModule } from '../common/outbound/outbound.module.js';
import { SecretBoxModule } from '../common/secret-box/secret-box.module.js';
import { FirstAdmin } from './first-admin.js';
import { KeyRateLimiter } from './key-rate-limiter.js';
import { LIMIT_PROVIDERS } from './limits/limit-providers.js';
import { BadKeyLimiter } from './limits/bad-key-limiter.js';
import { UnfailingRates } from './limits/unfailing-rates.js';
import { LoginService } from './login.service.js';
import { IdentityEntity } from './oidc/identity.entity.js';
import { OIDC_PROVIDERS } from './oidc/oidc-providers.js';
import { OidcController } from './oidc/oidc.controller.js';
import { PasswordHasher } from './password-hasher.js';
import { PasswordProof } from './password-proof.js';
import { SECOND_FACTOR_PROVIDERS } from './second-factor/second-factor-providers.js';
import { SessionExpiryJob } from './session-expiry.job.js';
import { SessionService } from './session.service.js';
import { SessionStrategy } from './session.strategy.js';
import { SetupLinkJob } from './setup-link.job.js';
import { SetupService } from './setup.service.js';
import { UserSessionEntity } from './user-session.entity.js';
import { AccessTokenEntity } from './tokens/access-token.entity.js';
import { AccessTokenResolver } from './tokens/access-token.resolver.js';
import { AccessTokenService } from './tokens/access-token.service.js';
import { SignIns } from './sign-ins.js';
import { TokenVerdicts } from './tokens/token-verdicts.js';
import { UserDoor } from './user-door.js';
import { UserEntity } from './user.entity.js';
import { UserService } from './user.service.js';
import { Departures } from './users/departures.js';
import { InvitationEntity } from './users/invitation.entity.js';
import { OneTimeLinksController } from './users/one-time-links.controller.js';
import { USER_PROVIDERS } from './users/user-providers.js';
import { ViewerResolver } from './viewer.resolver.js';

@Module({
  imports: [
    AuditModule,
    OutboundModule,
    SecretBoxModule,
    PassportModule.register({ session: false }),
    TypeOrmModule.forFeature([
      UserEntity,
      UserSessionEntity,
      InvitationEntity,
      ApiKeyEntity,
      AccessTokenEntity,
      IdentityEntity,
    ]),
  ],
  controllers: [AuditController, AuthController, OidcController, OneTimeLinksController],
  providers: [
    { provide: CLOCK, useValue: Date.now },
    { provide: APP_GUARD, useClass: AccessGuard },
    AccessWatch,
    AccessTokenResolver,
    AccessTokenService,
    AdminPresence,
    ApiKeyDoor,
    ApiKeyLookup,
    ApiKeyService,
    ApiKeyStrategy,
    ApiKeyUsage,
    ApiKeyVerdicts,
    AuditResolver,
    KeyRateLimiter,
    FirstAdmin,
    LoginService,
    PasswordHasher,
    PasswordProof,
    SessionExpiryJob,
    SessionService,
    SessionStrategy,
    SetupLinkJob,
    SetupService,
    SignIns,
    TokenVerdicts,
    UserDoor,
    UserService,
    ViewerResolver,
    ...LIMIT_PROVIDERS,
    ...SECOND_FACTOR_PROVIDERS,
    ...OIDC_PROVIDERS,
    ...USER_PROVIDERS,
  ],
  exports: [
    AdminPresence,
    ApiKeyDoor,
    ApiKeyService,
    ApiKeyVerdicts,
    BadKeyLimiter,
    Departures,
    FirstAdmin,
    SessionService,
    SetupService,
    UnfailingRates,
    UserDoor,
    UserService,
  ],
})
export class AuthModule {}
