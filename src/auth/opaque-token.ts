import { hash, randomBytes } from 'node:crypto';

/** Unguessable text of so many random bytes, in base64url: safe in a cookie and in a link. */
export function createOpaqueToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

/** What the database keeps of a token. A fast hash is enough: the token is random, there is nothing to guess from. */
export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
