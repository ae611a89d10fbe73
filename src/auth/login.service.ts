import { Injectable } from '@nestjs/common';
import { DomainError } from '../core/errors.js';
import { AdminPresence } from './admin-presence.js';
import { LoginLimiter } from './login-limiter.js';
import { PasswordHasher } from './password-hasher.js';
import { SessionService, type Visitor } from './session.service.js';
import type { UserEntity } from './user.entity.js';
import { UserService } from './user.service.js';

export interface SignedIn {
  readonly user: UserEntity;
  /** The value of `Set-Cookie`. */
  readonly cookie: string;
}

@Injectable()
export class LoginService {
  constructor(
    private readonly users: UserService,
    private readonly hasher: PasswordHasher,
    private readonly limiter: LoginLimiter,
    private readonly sessions: SessionService,
    private readonly presence: AdminPresence,
  ) {}

  /** Signs in, or refuses without a hint: nobody, a wrong password and a disabled user look the same. */
  async login(email: string, password: string, visitor: Visitor): Promise<SignedIn> {
    await this.presence.assert();
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
    await attempt.succeed();
    if (this.hasher.isOutdated(user.passwordHash)) {
      await this.users.replacePasswordHash(user.id, await this.hasher.hash(password));
    }
    return { user, cookie: await this.sessions.start(user.id, visitor) };
  }
}
