/** Of a path whose meaning is the same to everybody who reads it: no second slash, no backslash, not encoded either. */
const PLAIN_PATH = /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/;
const MAX_LENGTH = 1_000;

/**
 * Where to go after signing in, as a path of this hub with its base path. Whatever could lead elsewhere leads home:
 * an open redirect helps a phisher.
 */
export function readNextPath(wanted: string | undefined, basePath: string): string {
  const home = `${basePath}/`;
  if (wanted === undefined || wanted.length > MAX_LENGTH || !PLAIN_PATH.test(wanted)) return home;
  const origin = 'http://hub.invalid';
  const url = URL.canParse(wanted, origin) ? new URL(wanted, origin) : undefined;
  if (url?.origin !== origin || /%(?:2f|5c)|\/\//i.test(url.pathname)) return home;
  const isBelow = url.pathname === basePath || url.pathname.startsWith(home);
  return isBelow ? url.pathname + url.search : home;
}
