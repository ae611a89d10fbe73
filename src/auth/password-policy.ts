import { DomainError } from '../core/errors.js';
import { COMMON_PASSWORDS, COMMON_STEMS } from './common-passwords.js';

export const PASSWORD_MIN_LENGTH = 12;
export const PASSWORD_MAX_LENGTH = 128;

const LEET: Readonly<Record<string, string>> = {
  '@': 'a',
  '4': 'a',
  '3': 'e',
  '1': 'i',
  '!': 'i',
  '0': 'o',
  $: 's',
  '5': 's',
  '7': 't',
};

/**
 * Refuses a new password that is too short, too long (in characters), or that a guesser tries first.
 * Nothing is said about digits or capitals: such rules make worse passwords.
 */
export function assertPasswordIsGood(password: string, email: string, path = 'password'): void {
  const length = [...password].length;
  if (length < PASSWORD_MIN_LENGTH || length > PASSWORD_MAX_LENGTH) {
    throw refuse(`A password has ${PASSWORD_MIN_LENGTH} to ${PASSWORD_MAX_LENGTH} characters.`, path);
  }
  if (isCommonPassword(password, email))
    throw refuse('This password is among the first to be guessed. Choose another.', path);
}

function refuse(message: string, path: string): DomainError {
  return new DomainError('invalid_input', message, path);
}

/** A listed password, one character or run of characters over and over, or a listed word or the own name with decoration. */
function isCommonPassword(password: string, email: string): boolean {
  const lower = password.normalize('NFKC').toLowerCase();
  const plain = lower.replace(/[@431!0$57]/g, (sign) => LEET[sign] ?? sign);
  const names = [email.toLowerCase(), email.toLowerCase().split('@', 1)[0] ?? ''];
  const isKnown = (word: string): boolean =>
    COMMON_PASSWORDS.has(word) || COMMON_STEMS.has(word) || names.includes(word);
  for (const spelling of [lower, plain]) {
    const unit = findRepeatedUnit(spelling);
    if (isKnown(spelling) || [...unit].length <= 3 || isKnown(unit)) return true;
  }
  const undecorated = lower.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  return [undecorated, undecorated.replace(/[@431!0$57]/g, (sign) => LEET[sign] ?? sign)].some(isKnown);
}

/** `abcabcabc` → `abc`; a text that repeats nothing is its own unit. */
function findRepeatedUnit(text: string): string {
  const at = (text + text).indexOf(text, 1);
  return text.slice(0, at);
}
