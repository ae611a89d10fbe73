import { Injectable } from '@nestjs/common';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { DomainError } from '../../core/errors.js';
import { toClientNetwork } from '../client-network.js';
import type { Visitor } from '../session.service.js';
import { SignIns } from '../sign-ins.js';

const STARTS_A_MINUTE = 60;
const FREE_FAILURES = 20;
const FAILURE_WINDOW_SECONDS = 15 * 60;

/** Bounds what strangers may do at the doors of sign-in by provider, each network for itself. */
@Injectable()
export class DoorLimiter {
  private readonly starts = new RateLimiterMemory({ points: STARTS_A_MINUTE, duration: 60 });
  private readonly failures = new RateLimiterMemory({
    points: FREE_FAILURES,
    duration: FAILURE_WINDOW_SECONDS,
  });

  constructor(private readonly signIns: SignIns) {}

  /** @throws DomainError `too_many_requests` */
  async countStart(ip: string): Promise<void> {
    const counted = await this.starts.penalty(toClientNetwork(ip));
    if (counted.consumedPoints > STARTS_A_MINUTE) refuse(counted.msBeforeNext);
    await this.assertMayReturn(ip);
  }

  /** @throws DomainError `too_many_requests` after 20 returns in a quarter of an hour that came to nothing */
  async assertMayReturn(ip: string): Promise<void> {
    const counted = await this.failures.get(toClientNetwork(ip));
    if (counted && counted.consumedPoints >= FREE_FAILURES && counted.msBeforeNext > 0)
      refuse(counted.msBeforeNext);
  }

  /** Counts it, and notes in the audit log that somebody was refused. */
  async noteFailure(visitor: Visitor): Promise<void> {
    await this.failures.penalty(toClientNetwork(visitor.ip));
    this.signIns.noteRefusal(undefined, visitor);
  }
}

function refuse(waitMs: number): never {
  const message = 'Too many sign-ins. Try again later.';
  throw new DomainError('too_many_requests', message, undefined, Math.ceil(waitMs / 1000));
}
