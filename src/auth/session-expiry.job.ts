import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { CLOCK, type Clock } from './clock.js';
import { SessionService } from './session.service.js';

/** A user that was disabled behind the hub's back loses their open sockets within this time. */
const LOOK_MS = 60_000;

/** Ends sessions when their time is over. It asks the database only when one is due, and once a minute. */
@Injectable()
export class SessionExpiryJob {
  private readonly logger = new Logger(SessionExpiryJob.name);
  private nextLookAt = 0;
  private isRunning = false;

  constructor(
    private readonly sessions: SessionService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Interval(1_000)
  async run(): Promise<void> {
    const now = this.clock();
    if (this.isRunning || now < this.nextLookAt) return;
    this.isRunning = true;
    this.nextLookAt = now + LOOK_MS;
    try {
      this.nextLookAt = Math.min(this.nextLookAt, await this.sessions.endExpired());
    } catch (error) {
      this.logger.warn(
        `expired sessions were not ended, trying again: ${error instanceof Error ? error.message : String(error)}`,
      );
    } finally {
      this.isRunning = false;
    }
  }
}
