import type { IncomingMessage } from 'node:http';
import { AddressSet } from './address-set.js';

/**
 * Makes the reader of a visitor's address for requests that Fastify does not see (upgrades), by its rule: from
 * the right of `X-Forwarded-For`, the first that is no trusted proxy; without proxies the socket's.
 */
export function createClientAddressReader(
  trustedProxies: readonly string[],
): (request: IncomingMessage) => string {
  const proxies = new AddressSet(trustedProxies);
  return ({ socket, headers }) => {
    let address = socket.remoteAddress ?? 'unknown';
    const forwarded = String(headers['x-forwarded-for'] ?? '').split(',');
    while (proxies.has(address)) {
      const next = forwarded.pop()?.trim();
      if (!next) break;
      address = next;
    }
    return address;
  };
}
