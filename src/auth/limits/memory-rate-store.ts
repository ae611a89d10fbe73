import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { LruMap } from '../lru-map.js';
import type { KeptRates } from './kept-rates.js';
import { isKeptRate, Rates, type RateState, RateStore } from './rate-store.js';

const MAX_KEYS = 100_000;

/** Counts in the memory of this hub. What has to outlive a restart is written down beside it. */
export class MemoryRateStore extends RateStore implements OnModuleInit, OnModuleDestroy {
  private readonly states = new LruMap<string, RateState>(MAX_KEYS);

  /** @param kept absent: nothing outlives a restart */
  constructor(private readonly kept?: Pick<KeptRates, 'load' | 'note' | 'end'>) {
    super();
  }

  async onModuleInit(): Promise<void> {
    for (const [key, state] of (await this.kept?.load()) ?? []) this.states.set(key, state);
  }

  async onModuleDestroy(): Promise<void> {
    await this.kept?.end();
  }

  // No `await` in it: so nothing comes between.
  async update<Result>(_keys: readonly string[], step: (rates: Rates) => Result): Promise<Result> {
    const rates = new Rates(Date.now(), this.states);
    const result = step(rates);
    for (const [key, state] of rates.changes) {
      if (state) this.states.set(key, state);
      else this.states.delete(key);
      if (isKeptRate(key)) this.kept?.note(key, state);
    }
    return result;
  }

  async read(key: string): Promise<{ state: RateState | undefined; now: number }> {
    const rates = new Rates(Date.now(), this.states);
    return { state: rates.get(key), now: rates.now };
  }
}
