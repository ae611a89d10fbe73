const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' };

/**
 * A page that leads on at once. The browser has come from the provider's site and keeps the strict session cookie back
 * on this request and on every redirect of it; where this page of the hub's own leads, it goes along.
 */
export function buildBouncePage(path: string): string {
  const safe = path.replace(/[&"<>]/g, (character) => ESCAPES[character]!);
  return (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Watchkeeper</title>' +
    `<meta http-equiv="refresh" content="0;url=${safe}"><p><a href="${safe}">Continue</a></p></html>`
  );
}
