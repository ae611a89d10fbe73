import type { HubConfig } from '../../config/hub-config.js';

/**
 * A link to a page of the hub with a one-time token in its fragment, which no browser sends and no proxy logs.
 * Absolute where `PUBLIC_URL` says how users reach the hub (never by what a request claims), else only the path.
 */
export function buildHubLink(
  { publicOrigin = '', basePath }: Pick<HubConfig, 'publicOrigin' | 'basePath'>,
  page: 'invitation' | 'reset',
  token: string,
): string {
  return `${publicOrigin}${basePath}/${page}#token=${token}`;
}
