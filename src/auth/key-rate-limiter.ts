import { Inject, Injectable } from '@nestjs/common';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { EventBus } from '../events/event-bus.js';

/** Keys whose requests are due no more are looked for when this many are remembered. */
const SWEEP_AT_KEYS = 20_000;

/**
 * How many requests a key may make: so many a second, and so many at once after a rest.
 *
 * The generic cell rate algorithm: a key is remembered by the one instant at which its bucket will be full
 * again. No timer, no promise, one look into a map: it stands before every report.
 */
@Injectable()
export class KeyRateLimiter {
  /** Milliseconds that one request costs; 0 = no limit. */
  private readonly costMs: number;
  /** How far a bucket may be from full. */
  private readonly depthMs: number;
  private readonly fullAt = new Map<string, number>();
  private sweepAtKeys = SWEEP_AT_KEYS;

  constructor(@Inject(HUB_CONFIG) { keyRate }: Pick<HubConfig, 'keyRate'>, events: EventBus) {
    this.costMs = keyRate ? 1000 / keyRate.perSecond : 0;
    this.depthMs = keyRate ? this.costMs * keyRate.burst : 0;
    events.on('apiKey.revoked', ({ apiKeyId }) => this.fullAt.delete(apiKeyId));
  }

  /**
   * Takes one request off a key's allowance.
   * @param now monotonic, milliseconds
   * @returns seconds until the next one is allowed where none is left; 0 = go on
   */
  take(apiKeyId: string, now: number): number {
    if (this.costMs === 0) return 0;
    const fullAt = Math.max(this.fullAt.get(apiKeyId) ?? 0, now) + this.costMs;
    // A request that is refused costs nothing: who waits as told is served.
    if (fullAt - now > this.depthMs) return (fullAt - now - this.depthMs) / 1000;
    this.fullAt.set(apiKeyId, fullAt);
    if (this.fullAt.size > this.sweepAtKeys) this.sweep(now);
    return 0;
  }

  private sweep(now: number): void {
    for (const [apiKeyId, fullAt] of this.fullAt) if (fullAt <= now) this.fullAt.delete(apiKeyId);
    this.sweepAtKeys = Math.max(SWEEP_AT_KEYS, this.fullAt.size * 2);
  }
}
