import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../clock.js';
import { LruMap } from '../lru-map.js';
import { createOpaqueToken, hashToken } from '../opaque-token.js';

export const PENDING_LIFE_MS = 5 * 60_000;
const MAX_PENDING = 1_000;
const MAX_WRONG_CODES = 5;
const TOKEN_BYTES = 32;

/** Somebody whose password was right, or whom a provider knew, and who has not shown their second factor yet. */
export interface PendingSignIn {
  readonly email: string;
  readonly userId: string;
  /** As it was then: a password that changes meanwhile voids this. */
  readonly passwordHash: string | null;
  /** It was a provider that knew them. */
  readonly isByProvider?: true;
  /** Set for a user who has no second factor, has to have one, and sets it up now. */
  readonly enrolmentSecret?: string;
}

interface Kept extends PendingSignIn {
  readonly expiresAt: number;
  readonly wrongCodes: number;
}

/**
 * Sign-ins between their two steps. They live five minutes, in memory: a hub that starts again asks for the password
 * again. The token opens nothing but the second step.
 */
@Injectable()
export class PendingSignIns {
  private readonly kept = new LruMap<string, Kept>(MAX_PENDING);

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** Returns the token of the second step, and until when it is good (epoch ms). */
  add(pending: PendingSignIn): { token: string; expiresAt: number } {
    const token = createOpaqueToken(TOKEN_BYTES);
    const expiresAt = this.clock() + PENDING_LIFE_MS;
    this.kept.set(toKey(token), { ...pending, expiresAt, wrongCodes: 0 });
    return { token, expiresAt };
  }

  /** Takes it away, so that two answers at once are not both looked at. */
  take(token: string): { pending: PendingSignIn; putBack: (isWrongCode: boolean) => void } | undefined {
    const key = toKey(token);
    const kept = this.kept.get(key);
    if (!kept) return undefined;
    this.kept.delete(key);
    if (this.clock() >= kept.expiresAt) return undefined;
    return {
      pending: kept,
      putBack: (isWrongCode) => {
        const wrongCodes = kept.wrongCodes + (isWrongCode ? 1 : 0);
        if (wrongCodes < MAX_WRONG_CODES) this.kept.set(key, { ...kept, wrongCodes });
      },
    };
  }
}

function toKey(token: string): string {
  return hashToken(token).toString('base64');
}
