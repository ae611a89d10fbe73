const HEX = /^[0-9a-fA-F]{64}$/;
const BASE64 = /^[\w+/-]{43}=?$/;

/**
 * The keys of a key file or of `WATCHKEEPER_SECRET_KEY`: 32 bytes each in base64 or hex, parted by blanks, commas or
 * lines; what follows a `#` is a remark. The first one seals, the others still open what they have sealed.
 * Undefined where there is none, or where anything else stands between them.
 */
export function parseSecretKeys(text: string): Buffer[] | undefined {
  const words = text
    .replace(/#.*$/gm, '')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  if (words.length === 0 || !words.every((word) => HEX.test(word) || BASE64.test(word))) return undefined;
  return words.map((word) => Buffer.from(word, HEX.test(word) ? 'hex' : 'base64'));
}
