import { Injectable } from '@nestjs/common';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { toClientNetwork } from './client-network.js';

const FREE_BAD_KEYS = 20;
const WINDOW_SECONDS = 60;

/** Counts bad API keys per network of the visitor: 20 a minute, then no key from there is looked up. */
@Injectable()
export class BadKeyLimiter {
  private readonly limiter = new RateLimiterMemory({ points: FREE_BAD_KEYS, duration: WINDOW_SECONDS });

  async noteBadKey(ip: string): Promise<void> {
    await this.limiter.penalty(toClientNetwork(ip));
  }

  /** Seconds until this network may try again; undefined when it may. */
  async isBlocked(ip: string): Promise<number | undefined> {
    const counted = await this.limiter.get(toClientNetwork(ip));
    if (!counted || counted.consumedPoints < FREE_BAD_KEYS || counted.msBeforeNext <= 0) return undefined;
    return Math.ceil(counted.msBeforeNext / 1000);
  }
}
