import { Injectable, Logger } from '@nestjs/common';
import { MemoryRateStore } from './memory-rate-store.js';
import { type Rates, type RateState, RateStore } from './rate-store.js';

const WARN_EVERY_MS = 60_000;

/**
 * For limits that must not shut the hub when the store of counts is away: this hub then counts by itself, so that
 * neither everybody nor nobody passes.
 */
@Injectable()
export class UnfailingRates {
  private readonly logger = new Logger('limits');
  private readonly alone = new MemoryRateStore();
  private warnedAt = -Infinity;

  constructor(private readonly store: RateStore) {}

  update<Result>(keys: readonly string[], step: (rates: Rates) => Result): Promise<Result> {
    return this.store.update(keys, step).catch((error: Error) => {
      this.warn(error);
      return this.alone.update(keys, step);
    });
  }

  read(key: string): Promise<{ state: RateState | undefined; now: number }> {
    return this.store.read(key).catch((error: Error) => {
      this.warn(error);
      return this.alone.read(key);
    });
  }

  private warn(error: Error): void {
    if (performance.now() - this.warnedAt < WARN_EVERY_MS) return;
    this.warnedAt = performance.now();
    this.logger.warn(`limits are counted by this hub alone until their store is back: ${error.message}`);
  }
}
