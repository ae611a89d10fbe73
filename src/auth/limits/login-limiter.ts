import { Injectable } from '@nestjs/common';
import { DomainError } from '../../core/errors.js';
import { toClientNetwork } from '../client-network.js';
import { KnownNetworks } from './known-networks.js';
import { type Rates, RateStore, toRateKey } from './rate-store.js';

const FREE_FAILURES = 5;
const WINDOW_MS = 15 * 60_000;
const MAX_PAUSE_MS = 15 * 60_000;

export interface LoginAttempt {
  /** The password was right: the account is free again, and this network is known for it from now on. */
  succeed(): Promise<void>;
  /** Nothing was tried after all (the hub was too busy): it does not count. */
  withdraw(): Promise<void>;
}

/**
 * Slows guessing of passwords, per account and per network of the visitor alike.
 *
 * An attempt counts as failed from its beginning, before the password is looked at, so that parallel
 * guesses cannot pass together; success takes that back. From the fifth failure on each one is followed by
 * a pause of 1 s, 2 s, 4 s … 15 min, in which every attempt is refused unlooked-at and counts for nothing.
 * The count is forgotten 15 minutes after the pause. There is no hard lock: after a pause the right password opens,
 * and from a network that it has opened from before, strangers' failures do not hold it up at all. What was counted
 * outlives a restart of the hub. Where it cannot be counted nobody signs in.
 */
@Injectable()
export class LoginLimiter {
  constructor(
    private readonly store: RateStore,
    private readonly known: KnownNetworks,
  ) {}

  /** Begins an attempt, or refuses it with `too_many_requests`. */
  async begin(email: string, ip: string): Promise<LoginAttempt> {
    const account = toRateKey('account', email.toLowerCase());
    const network = toRateKey('network', toClientNetwork(ip));
    const keys = [network];
    if (!(await this.known.has(account, network))) keys.push(account);
    const waitMs = await this.store.update(keys, (rates) => {
      const waitMs = Math.max(...keys.map((key) => readPause(rates, key)));
      if (waitMs <= 0) for (const key of keys) countFailure(rates, key);
      return waitMs;
    });
    if (waitMs > 0) throw refuse(waitMs);
    return {
      succeed: async () => {
        await this.store.update([account, network], (rates) => {
          rates.set(account, undefined);
          // Only this attempt is taken back: else one's own account would buy guesses at others'.
          takeBack(rates, network);
        });
        await this.known.note(account, network);
      },
      withdraw: () =>
        this.store.update(keys, (rates) => {
          for (const key of keys) takeBack(rates, key);
        }),
    };
  }
}

/** Milliseconds; never longer than there are pauses, whatever became of the clock. */
function readPause(rates: Rates, key: string): number {
  return Math.min((rates.get(key)?.pausedUntil ?? 0) - rates.now, MAX_PAUSE_MS);
}

function countFailure(rates: Rates, key: string): void {
  const count = (rates.get(key)?.count ?? 0) + 1;
  const pauseMs = count < FREE_FAILURES ? 0 : Math.min(1000 * 2 ** (count - FREE_FAILURES), MAX_PAUSE_MS);
  const pausedUntil = rates.now + pauseMs;
  rates.set(key, { count, expiresAt: pausedUntil + WINDOW_MS, ...(pauseMs > 0 && { pausedUntil }) });
}

function takeBack(rates: Rates, key: string): void {
  const count = (rates.get(key)?.count ?? 0) - 1;
  rates.set(key, count > 0 ? { count, expiresAt: rates.now + WINDOW_MS } : undefined);
}

function refuse(waitMs: number): DomainError {
  const message = 'Too many failed sign-ins. Try again later.';
  return new DomainError('too_many_requests', message, undefined, Math.ceil(waitMs / 1000));
}
