import type { IncomingHttpHeaders } from 'node:http';

/** Name and attributes of the session cookie, by the scheme under which the hub is reached. */
export interface CookieScheme {
  readonly isSecure: boolean;
}

/**
 * `__Host-` makes the browser itself insist on `Secure`, no `Domain` and `Path=/` (under a sub-path too):
 * no other site on the same domain can plant one. Over plain http a browser would not keep such a cookie.
 */
export function nameSessionCookie({ isSecure }: CookieScheme): string {
  return isSecure ? '__Host-session' : 'session';
}

/** The value of `Set-Cookie` that keeps `token` for `maxAgeMs`. */
export function buildSessionCookie(scheme: CookieScheme, token: string, maxAgeMs: number): string {
  const secure = scheme.isSecure ? ' Secure;' : '';
  const maxAgeSeconds = Math.floor(maxAgeMs / 1000);
  return `${nameSessionCookie(scheme)}=${token}; Path=/; Max-Age=${maxAgeSeconds};${secure} HttpOnly; SameSite=Strict`;
}

/** The value of `Set-Cookie` that makes the browser forget the session. */
export function clearSessionCookie(scheme: CookieScheme): string {
  return buildSessionCookie(scheme, '', 0);
}

/** The session token of a request, if it carries one of this scheme; unchecked. */
export function readSessionCookie(scheme: CookieScheme, headers: IncomingHttpHeaders): string | undefined {
  const start = `${nameSessionCookie(scheme)}=`;
  for (const pair of headers.cookie?.split(';') ?? []) {
    const trimmed = pair.trim();
    if (trimmed.startsWith(start)) return trimmed.slice(start.length);
  }
  return undefined;
}
