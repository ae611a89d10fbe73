import { Injectable } from '@nestjs/common';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { DomainError } from '../../core/errors.js';
import { toClientNetwork } from '../client-network.js';

const FREE_BAD_LINKS = 20;
const WINDOW_SECONDS = 15 * 60;

/** Slows whoever tries one-time links: 20 wrong ones in a quarter of an hour, then none is looked up from there. */
@Injectable()
export class LinkLimiter {
  private readonly limiter = new RateLimiterMemory({ points: FREE_BAD_LINKS, duration: WINDOW_SECONDS });

  /** @throws DomainError `too_many_requests` */
  async assertMayTry(ip: string): Promise<void> {
    const counted = await this.limiter.get(toClientNetwork(ip));
    if (!counted || counted.consumedPoints < FREE_BAD_LINKS || counted.msBeforeNext <= 0) return;
    const waitSeconds = Math.ceil(counted.msBeforeNext / 1000);
    throw new DomainError('too_many_requests', 'Too many links that are not valid.', undefined, waitSeconds);
  }

  async noteBad(ip: string): Promise<void> {
    await this.limiter.penalty(toClientNetwork(ip));
  }
}
