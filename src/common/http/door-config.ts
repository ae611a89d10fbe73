import type { HubConfig } from '../../config/hub-config.js';

/** What the doors need of the configuration. */
export type DoorConfig = Pick<
  HubConfig,
  'publicOrigin' | 'basePath' | 'allowedHosts' | 'trustedProxies' | 'tls'
>;
