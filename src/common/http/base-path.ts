/**
 * Takes the sub-path off a request target. The hub answers with and without it, so that proxies that
 * strip the prefix and proxies that do not both work.
 */
export function stripBasePath(url: string, basePath: string): string {
  if (basePath === '' || !url.startsWith(basePath)) return url;
  const next = url.charCodeAt(basePath.length);
  if (Number.isNaN(next)) return '/';
  if (next === 0x2f) return url.slice(basePath.length);
  return next === 0x3f ? `/${url.slice(basePath.length)}` : url;
}

/** `/api/monitoring/` is the same resource as `/api/monitoring`: the contract writes it with the slash. */
export function dropApiTrailingSlash(url: string): string {
  if (!url.startsWith('/api/')) return url;
  const end = url.indexOf('?');
  const path = end === -1 ? url : url.slice(0, end);
  if (!path.endsWith('/') || path.endsWith('//')) return url;
  return path.slice(0, -1) + (end === -1 ? '' : url.slice(end));
}
