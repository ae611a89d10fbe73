import { createHash } from 'node:crypto';

/** The page's own policy: nothing runs or shows but the hub's files and the inline parts that were built in. */
export function buildDashboardPolicy(html: string): string {
  return [
    "default-src 'none'",
    `script-src ${["'self'", ...hashInline(html, 'script')].join(' ')}`,
    `style-src ${["'self'", ...hashInline(html, 'style')].join(' ')}`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}

/** Looser where its editor needs it: it writes styles and embeds its fonts. Scripts stay the hub's own. */
export function buildGraphiqlPolicy(html: string): string {
  return [
    "default-src 'none'",
    `script-src ${["'self'", ...hashInline(html, 'script')].join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** CSP sources of the inline elements: SHA-256 over exactly the text between the tags. */
function hashInline(html: string, tag: 'script' | 'style'): string[] {
  const elements = html.matchAll(
    new RegExp(`<${tag}(?![^>]*\\ssrc\\s*=)[^>]*>([\\s\\S]*?)</${tag}\\s*>`, 'gi'),
  );
  const hashes = new Set<string>();
  for (const [, text] of elements) {
    if (text) hashes.add(`'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  }
  return [...hashes];
}
