import { Injectable } from '@nestjs/common';
import { toClientNetwork } from '../client-network.js';
import { LruMap } from '../lru-map.js';
import { countInWindow, toRateKey } from './rate-store.js';
import { UnfailingRates } from './unfailing-rates.js';

const FREE_BAD_KEYS = 20;
const WINDOW_MS = 60_000;
const MAX_BLOCKED_REMEMBERED = 10_000;

/** Counts bad API keys per network of the visitor: 20 a minute, then no key from there is looked up. */
@Injectable()
export class BadKeyLimiter {
  /** Until when (monotonic, ms): a flood of bad keys is refused without a question to a store. */
  private readonly blocked = new LruMap<string, number>(MAX_BLOCKED_REMEMBERED);

  constructor(private readonly rates: UnfailingRates) {}

  async noteBadKey(ip: string): Promise<void> {
    const key = toKey(ip);
    await this.rates.update([key], (rates) => countInWindow(rates, key, WINDOW_MS));
  }

  /** Seconds until this network may try again; undefined when it may. */
  async isBlocked(ip: string): Promise<number | undefined> {
    const key = toKey(ip);
    const leftMs = (this.blocked.get(key) ?? 0) - performance.now();
    if (leftMs > 0) return Math.ceil(leftMs / 1000);
    const { state, now } = await this.rates.read(key);
    if (!state || state.count < FREE_BAD_KEYS) return undefined;
    const waitMs = Math.min(state.expiresAt - now, WINDOW_MS);
    this.blocked.set(key, performance.now() + waitMs);
    return Math.ceil(waitMs / 1000);
  }
}

function toKey(ip: string): string {
  return toRateKey('badKey', toClientNetwork(ip));
}
