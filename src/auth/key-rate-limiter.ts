import { Inject, Injectable } from '@nestjs/common';
import { Allowances } from '../common/allowances.js';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { EventBus } from '../events/event-bus.js';

/** How many requests a report key may make: it stands before every report. */
@Injectable()
export class KeyRateLimiter {
  private readonly allowances: Allowances | undefined;

  constructor(@Inject(HUB_CONFIG) { keyRate }: Pick<HubConfig, 'keyRate'>, events: EventBus) {
    this.allowances = keyRate && new Allowances(keyRate);
    events.on('apiKey.revoked', ({ apiKeyId }) => this.allowances?.forget(apiKeyId));
  }

  /**
   * Takes one request off a key's allowance.
   * @param now monotonic, milliseconds
   * @returns seconds until the next one is allowed where none is left; 0 = go on
   */
  take(apiKeyId: string, now: number): number {
    return this.allowances?.take(apiKeyId, now) ?? 0;
  }
}
