import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { CLOCK, type Clock } from './clock.js';
import { type LoginAttempt, LoginLimiter } from './limits/login-limiter.js';
import { PasswordHasher } from './password-hasher.js';
import { UserService } from './user.service.js';

/** How long after signing in somebody without a password need not show again that it is them. */
const FRESH_MS = 10 * 60_000;

/** That a signed-in user is still the one who signed in, for changes that a session left open must not make. */
@Injectable()
export class PasswordProof {
  constructor(
    private readonly dataSource: DataSource,
    private readonly users: UserService,
    private readonly hasher: PasswordHasher,
    private readonly limiter: LoginLimiter,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Guesses count as those at the door do, however many stand in one operation. Who has no password shows that it
   * is them by having signed in just now. @throws DomainError `invalid_input` at `currentPassword`
   */
  async assert(user: UserPrincipal, password: string): Promise<void> {
    await (await this.try(user, password)).succeed();
  }

  /** The same where more has to be right before the attempt counts as good. */
  async try({ email, origin, sessionId }: UserPrincipal, password: string): Promise<LoginAttempt> {
    const user = await this.users.findForLogin(email);
    if (user?.passwordHash === null) return this.assertFresh(sessionId);
    const attempt = await this.limiter.begin(email, origin?.address ?? 'unknown');
    let isRight: boolean;
    try {
      isRight = await this.hasher.verify(user?.passwordHash, password);
    } catch (error) {
      await attempt.withdraw();
      throw error;
    }
    if (!isRight) throw new DomainError('invalid_input', 'This is not your password.', 'currentPassword');
    return attempt;
  }

  async hasPassword(userId: string): Promise<boolean> {
    const [row] = await this.dataSource.query<{ has: boolean }[]>(
      'select password_hash is not null as has from app_user where id = $1',
      [userId],
    );
    return row?.has ?? false;
  }

  private async assertFresh(sessionId: string): Promise<LoginAttempt> {
    const [row] = await this.dataSource.query<{ created_at: Date }[]>(
      'select created_at from user_session where id = $1',
      [sessionId],
    );
    if (!row || this.clock() - row.created_at.getTime() > FRESH_MS) {
      throw new DomainError(
        'invalid_input',
        'You have no password here. Sign out, sign in again, and do this within ten minutes.',
        'currentPassword',
      );
    }
    const nothing = async (): Promise<void> => undefined;
    return { succeed: nothing, withdraw: nothing };
  }
}
