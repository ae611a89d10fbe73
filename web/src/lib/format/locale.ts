let chosen: string | undefined;

/**
 * The browser's language as Intl accepts it. Chromium under a POSIX locale says `en-US@posix`,
 * and every Intl constructor throws on that.
 */
export function pickLocale(): string {
  if (chosen === undefined) {
    const wanted = typeof navigator === 'undefined' ? 'en-US' : navigator.language;
    try {
      chosen = new Intl.Locale(wanted).toString();
    } catch {
      chosen = 'en-US';
    }
  }
  return chosen;
}
