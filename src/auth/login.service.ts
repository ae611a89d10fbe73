import { Inject, Injectable } from '@nestjs/common';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { DomainError } from '../core/errors.js';
import { AdminPresence } from './admin-presence.js';
import { type LoginAttempt, LoginLimiter } from './limits/login-limiter.js';
import { PasswordHasher } from './password-hasher.js';
import { type SecondStep, SecondStepService } from './second-factor/second-step.service.js';
import type { Visitor } from './session.service.js';
import { isRefusal, type SignedIn, SignIns } from './sign-ins.js';
import type { UserEntity } from './user.entity.js';
import { UserService } from './user.service.js';

@Injectable()
export class LoginService {
  constructor(
    private readonly users: UserService,
    private readonly hasher: PasswordHasher,
    private readonly limiter: LoginLimiter,
    private readonly presence: AdminPresence,
    private readonly secondSteps: SecondStepService,
    private readonly signIns: SignIns,
    @Inject(HUB_CONFIG) private readonly config: HubConfig,
  ) {}

  /**
   * Signs in, or refuses without a hint: nobody, a wrong password and a disabled user look the same. Whoever has a
   * second factor, or has to have one, is not signed in by this: their second step does that.
   */
  async login(email: string, password: string, visitor: Visitor): Promise<SignedIn | SecondStep> {
    await this.presence.assert();
    if (this.config.isPasswordLoginOff) {
      throw new DomainError(
        'forbidden',
        `Passwords do not open this hub. Sign in with ${this.config.oidc?.label}.`,
      );
    }
    const { user, attempt } = await this.check(email, password, visitor).catch((error: unknown) => {
      if (isRefusal(error)) this.signIns.noteRefusal(email, visitor);
      throw error;
    });
    if (this.secondSteps.isDue(user)) {
      // No success yet: else whoever knows the password could buy guesses at codes with it.
      await attempt.withdraw();
      return this.secondSteps.begin(user);
    }
    await attempt.succeed();
    return this.signIns.start(user, 'password', visitor);
  }

  private async check(
    email: string,
    password: string,
    visitor: Visitor,
  ): Promise<{ user: UserEntity; attempt: LoginAttempt }> {
    const attempt = await this.limiter.begin(email, visitor.ip);
    let user: UserEntity | undefined;
    let isRight: boolean;
    try {
      user = await this.users.findForLogin(email);
      isRight = await this.hasher.verify(user?.passwordHash, password);
    } catch (error) {
      await attempt.withdraw();
      throw error;
    }
    if (!user || !isRight || user.isDisabled)
      throw new DomainError('unauthenticated', 'Email or password is wrong.');
    if (user.passwordHash !== null && this.hasher.isOutdated(user.passwordHash)) {
      user.passwordHash = await this.hasher.hash(password);
      await this.users.replacePasswordHash(user.id, user.passwordHash);
    }
    return { user, attempt };
  }
}
