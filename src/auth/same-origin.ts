import { checkJsonContentType } from '../common/http/json-body.js';
import type { IncomingHttpHeaders } from 'node:http';
import { DomainError } from '../core/errors.js';

/** What a request says about where it comes from, and where it went. */
export interface OriginFacts {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** `http` or `https`, as the visitor sees it. */
  readonly protocol: string;
}

const READING_METHODS = new Set(['GET', 'HEAD']);

/**
 * Refuses a request that changes something and that another site made a browser send (CSRF).
 * Browsers say where a request comes from in `Sec-Fetch-Site`, or at least in `Origin`, with every POST, PUT,
 * PATCH and DELETE; what carries neither is no browser, and nobody rides on its cookies. A body must be JSON:
 * a plain form cannot send that.
 */
export function assertOwnPage(request: OriginFacts, publicOrigin: string | undefined): void {
  if (READING_METHODS.has(request.method)) return;
  const { headers } = request;
  if (isFromElsewhere(request, publicOrigin))
    throw new DomainError('forbidden', 'Another site may not do this.');
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (hasBody || headers['content-type'] !== undefined) checkJsonContentType(headers['content-type']);
}

function isFromElsewhere({ headers, protocol }: OriginFacts, publicOrigin: string | undefined): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  if (headers.origin === undefined) return false;
  return !isOwnOrigin(headers.origin, protocol, headers.host, publicOrigin);
}

/**
 * Whether an `Origin` header names this hub: its public origin, or that at which this visitor reached it
 * (the door in front has checked that `host` is one of ours). The public name under another scheme is not ours.
 */
export function isOwnOrigin(
  origin: string,
  protocol: string,
  host: string | undefined,
  publicOrigin: string | undefined,
): boolean {
  if (origin === publicOrigin) return true;
  const name = host?.toLowerCase();
  if (name === undefined || (publicOrigin !== undefined && new URL(publicOrigin).host === name)) return false;
  return origin === `${protocol}://${name}`;
}
