import { isEmail } from 'class-validator';
import { isPlainText } from '../../common/is-plain-text.js';
import { MAX_EMAIL_LENGTH, MAX_NAME_LENGTH } from '../users/user.inputs.js';

type Claims = Readonly<Record<string, unknown>>;

/** The address, if it is one; whether it is theirs is another question. */
export function readEmail({ email }: Claims): string | null {
  return typeof email === 'string' && email.length <= MAX_EMAIL_LENGTH && isEmail(email) ? email : null;
}

/** Whether the provider vouches for the address: `true` and nothing that only looks like it. */
export const isEmailVerified = ({ email_verified: isVerified }: Claims): boolean => isVerified === true;

/** What they are called; null where that is no plain line of text. */
export function readName({ name }: Claims): string | null {
  const text = typeof name === 'string' ? name.trim() : '';
  return text !== '' && text.length <= MAX_NAME_LENGTH && isPlainText(text) ? text : null;
}
