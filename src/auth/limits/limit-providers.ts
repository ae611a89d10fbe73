import { HUB_CONFIG, type HubConfig } from '../../config/hub-config.js';
import { BadKeyLimiter } from './bad-key-limiter.js';
import { KeptRates } from './kept-rates.js';
import { KnownNetworks } from './known-networks.js';
import { LoginLimiter } from './login-limiter.js';
import { MemoryRateStore } from './memory-rate-store.js';
import { PostgresRateStore } from './postgres-rate-store.js';
import { RateStore } from './rate-store.js';
import { RateTable } from './rate-table.js';
import { UnfailingRates } from './unfailing-rates.js';

/** What the auth module provides for limits. */
export const LIMIT_PROVIDERS = [
  BadKeyLimiter,
  KnownNetworks,
  LoginLimiter,
  RateTable,
  UnfailingRates,
  {
    provide: RateStore,
    inject: [HUB_CONFIG, RateTable],
    useFactory: ({ rateStore }: HubConfig, table: RateTable): RateStore =>
      rateStore === 'postgres' ? new PostgresRateStore(table) : new MemoryRateStore(new KeptRates(table)),
  },
];
