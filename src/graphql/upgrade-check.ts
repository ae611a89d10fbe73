import type { IncomingMessage } from 'node:http';
import { isOwnOrigin } from '../auth/same-origin.js';
import { readPersonalToken } from '../auth/user-door.js';
import { stripBasePath } from '../common/http/base-path.js';
import type { DoorConfig } from '../common/http/door-config.js';
import { createHostCheck } from '../common/http/own-hosts.js';
import { DomainError } from '../core/errors.js';
import { GRAPHQL_PATH } from './graphql-http-door.js';

/** Makes the check of an upgrade request that needs no database: where it goes, and which page sent it. */
export function createUpgradeCheck(
  config: DoorConfig,
): (request: IncomingMessage) => DomainError | undefined {
  const isAllowedHost = createHostCheck(config);
  return (request) => {
    if (stripBasePath(request.url ?? '', config.basePath) !== GRAPHQL_PATH) {
      return new DomainError('not_found', 'There is no WebSocket at this address.');
    }
    if (!isAllowedHost(request.headers.host)) {
      return new DomainError(
        'misdirected_host',
        'This host name is not one of the hub. Set PUBLIC_URL, or add the name to WATCHKEEPER_ALLOWED_HOSTS.',
      );
    }
    return isOwnPage(request, config.publicOrigin)
      ? undefined
      : new DomainError('forbidden', 'Another site may not do this.');
  };
}

/**
 * Browsers always say where a WebSocket comes from; a cookie without that is not a browser's doing, nor is a
 * personal token.
 */
function isOwnPage(request: IncomingMessage, publicOrigin: string | undefined): boolean {
  if (readPersonalToken(request.headers) !== undefined) return true;
  const { origin, host, cookie } = request.headers;
  if (origin === undefined) return cookie === undefined;
  // With a proxy in front the hub does not see the scheme: a page of the same host is ours under both.
  const protocol = origin.startsWith('https:') ? 'https' : 'http';
  return isOwnOrigin(origin, protocol, host, publicOrigin);
}
