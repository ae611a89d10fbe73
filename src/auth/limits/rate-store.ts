import { createHash } from 'node:crypto';

/** What is counted, and whether a hub that counts in its memory writes it down too, so that it outlives a restart. */
export const RATE_LIMITS = {
  /** Failed sign-ins of one account, and from one network. */
  account: 'kept',
  network: 'kept',
  badKey: 'kept',
  badLink: 'kept',
  badReturn: 'kept',
  /** Returns from the provider that were taken: none is taken twice. */
  usedReturn: 'kept',
  /** At most a minute's worth each. */
  operation: 'brief',
  cost: 'brief',
  connection: 'brief',
  stranger: 'brief',
  providerStart: 'brief',
  endpointTest: 'brief',
} as const satisfies Record<string, 'kept' | 'brief'>;

export type RateLimitName = keyof typeof RATE_LIMITS;

/** How it stands for one key of one limit. Instants are epoch milliseconds. */
export interface RateState {
  readonly count: number;
  /** When it is forgotten. */
  readonly expiresAt: number;
  /** Until then nothing is even looked at. */
  readonly pausedUntil?: number;
}

/** The name under which something is counted: whom it is about stands in it as a hash only. */
export function toRateKey(limit: RateLimitName, subject: string): string {
  return `${limit} ${createHash('sha256').update(subject).digest('base64url')}`;
}

export function isKeptRate(key: string): boolean {
  return RATE_LIMITS[key.slice(0, key.indexOf(' ')) as RateLimitName] === 'kept';
}

/** What a step sees of the counts, and what it changes of them. */
export class Rates {
  readonly changes = new Map<string, RateState | undefined>();

  constructor(
    /** Epoch milliseconds, of the store's clock. */
    readonly now: number,
    private readonly states: { get(key: string): RateState | undefined },
  ) {}

  get(key: string): RateState | undefined {
    if (this.changes.has(key)) return this.changes.get(key);
    const state = this.states.get(key);
    return state && state.expiresAt > this.now ? state : undefined;
  }

  /** Undefined: forgotten. */
  set(key: string, state: RateState | undefined): void {
    this.changes.set(key, state);
  }
}

/** Where limits keep their counts: in the memory of this hub, or in Postgres for all hubs of one database. */
export abstract class RateStore {
  /**
   * Lets `step` look at the counts of `keys` and change them, and resolves with what it returns. No other step on one
   * of the keys comes between, in no hub that shares the store. `step` may be run once only, and must not wait.
   */
  abstract update<Result>(keys: readonly string[], step: (rates: Rates) => Result): Promise<Result>;

  /** How it stands now, without holding up anybody. */
  abstract read(key: string): Promise<{ readonly state: RateState | undefined; readonly now: number }>;
}

export interface Allowance {
  readonly perSecond: number;
  /** How much there is at once after a rest. */
  readonly burst: number;
}

/**
 * Takes `amount` off a key's allowance, by the generic cell rate algorithm: `expiresAt` is when it will be full again.
 * @returns seconds to wait where so much is not allowed now, and nothing was taken; 0 = taken
 */
export function takeAllowance(rates: Rates, key: string, allowance: Allowance, amount = 1): number {
  const waitSeconds = waitForAllowance(rates.get(key), rates.now, allowance, amount);
  if (waitSeconds > 0) return waitSeconds;
  const fullAt = Math.max(rates.get(key)?.expiresAt ?? 0, rates.now) + (amount * 1000) / allowance.perSecond;
  rates.set(key, { count: 0, expiresAt: fullAt });
  return 0;
}

/** What `takeAllowance` would answer, without taking. */
export function waitForAllowance(
  state: RateState | undefined,
  now: number,
  { perSecond, burst }: Allowance,
  amount = 1,
): number {
  const depthMs = (burst * 1000) / perSecond;
  // Never further than a whole allowance: a clock that was set back holds up nobody for longer.
  const fullAt = Math.min(Math.max(state?.expiresAt ?? 0, now), now + depthMs);
  return Math.max(0, fullAt + (amount * 1000) / perSecond - now - depthMs) / 1000;
}

/** One more within a window that begins with the first. */
export function countInWindow(rates: Rates, key: string, windowMs: number): void {
  const { count, expiresAt } = rates.get(key) ?? { count: 0, expiresAt: rates.now + windowMs };
  rates.set(key, { count: count + 1, expiresAt: Math.min(expiresAt, rates.now + windowMs) });
}
