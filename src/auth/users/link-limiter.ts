import { Injectable } from '@nestjs/common';
import { DomainError } from '../../core/errors.js';
import { toClientNetwork } from '../client-network.js';
import { countInWindow, RateStore, toRateKey } from '../limits/rate-store.js';

const FREE_BAD_LINKS = 20;
const WINDOW_MS = 15 * 60_000;

/** Slows whoever tries one-time links: 20 wrong ones in a quarter of an hour, then none is looked up from there. */
@Injectable()
export class LinkLimiter {
  constructor(private readonly store: RateStore) {}

  /** @throws DomainError `too_many_requests` */
  async assertMayTry(ip: string): Promise<void> {
    const { state, now } = await this.store.read(toKey(ip));
    if (!state || state.count < FREE_BAD_LINKS) return;
    const waitSeconds = Math.ceil(Math.min(state.expiresAt - now, WINDOW_MS) / 1000);
    throw new DomainError('too_many_requests', 'Too many links that are not valid.', undefined, waitSeconds);
  }

  async noteBad(ip: string): Promise<void> {
    const key = toKey(ip);
    await this.store.update([key], (rates) => countInWindow(rates, key, WINDOW_MS));
  }
}

function toKey(ip: string): string {
  return toRateKey('badLink', toClientNetwork(ip));
}
