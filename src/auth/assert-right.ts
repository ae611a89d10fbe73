import type { UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { type HubRight, mayOnHub } from './rights.js';

/** Throws `forbidden` with the given words when the user's role does not have the right. */
export function assertMayOnHub(user: UserPrincipal, right: HubRight, refusal: string): void {
  if (!mayOnHub(user.role, right)) throw new DomainError('forbidden', refusal);
}
