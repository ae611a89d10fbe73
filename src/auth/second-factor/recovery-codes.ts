import { randomBytes } from 'node:crypto';
import { hashToken } from '../opaque-token.js';

export const RECOVERY_CODES = 10;
/** Crockford's letters: no I, L, O, U, so that nothing on paper is read as something else. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_LETTERS = 16;
const CODE_FORM = /^[0-9A-HJKMNP-TV-Z]{16}$/;

/** Ten new codes of 80 random bits each, as people write them down: `7XQK-2M9C-…`. */
export function createRecoveryCodes(): string[] {
  return Array.from({ length: RECOVERY_CODES }, () => {
    const letters = [...randomBytes(CODE_LETTERS)].map((byte) => LETTERS[byte % LETTERS.length]).join('');
    return letters.match(/.{4}/g)!.join('-');
  });
}

/**
 * What the database keeps of a code, and looks it up by, however it was typed; undefined for what is none. A fast
 * hash is enough: there is nothing to guess from.
 */
export function hashRecoveryCode(code: string): Buffer | undefined {
  const plain = code.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  return CODE_FORM.test(plain) ? hashToken(plain) : undefined;
}
