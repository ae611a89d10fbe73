import { hash, timingSafeEqual } from 'node:crypto';

/** Whether an Authorization header shows this token; compared in constant time. */
export function showsToken(header: string | undefined, token: string): boolean {
  const presented = /^Bearer ([\x21-\x7e]{1,512})$/.exec(header ?? '')?.[1];
  if (presented === undefined) return false;
  return timingSafeEqual(hash('sha256', presented, 'buffer'), hash('sha256', token, 'buffer'));
}
