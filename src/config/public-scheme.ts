import type { HubConfig } from './hub-config.js';

/** Whether users reach the hub by https: its own, or that of a proxy in front. */
export function isReachedByHttps(config: Pick<HubConfig, 'publicOrigin' | 'tls'>): boolean {
  return config.tls !== undefined || (config.publicOrigin?.startsWith('https:') ?? false);
}
