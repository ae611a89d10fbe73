import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '../core/errors.js';
import { CLOCK, type Clock } from './clock.js';
import { UserService } from './user.service.js';

/** How long "there is none" is believed: strangers' requests before set-up must not become database reads. */
const ABSENT_BELIEVED_MS = 1_000;

/** Whether the hub has its first admin. Once it has, that is never asked again. */
@Injectable()
export class AdminPresence {
  private isPresent = false;
  private askedAt = -Infinity;

  constructor(
    private readonly users: UserService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async check(): Promise<boolean> {
    if (this.isPresent) return true;
    const now = this.clock();
    if (now - this.askedAt < ABSENT_BELIEVED_MS) return false;
    this.isPresent = await this.users.hasAny();
    this.askedAt = now;
    return this.isPresent;
  }

  note(): void {
    this.isPresent = true;
  }

  /** Before the first admin every closed door answers the same. */
  async assert(): Promise<void> {
    if (!(await this.check()))
      throw new DomainError('setup_required', 'This hub has no admin yet. Open its set-up link.');
  }
}
