import { createHash } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { DomainError } from '../core/errors.js';
import { toClientNetwork } from './client-network.js';
import { FailedSignIns } from './failed-sign-ins.js';
import { LruMap } from './lru-map.js';

const FREE_FAILURES = 5;
const WINDOW_SECONDS = 15 * 60;
const MAX_PAUSE_SECONDS = 15 * 60;
const MAX_ACCOUNTS_REMEMBERED = 1_000;
const MAX_NETWORKS_PER_ACCOUNT = 8;

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
 * outlives a restart of the hub.
 */
@Injectable()
export class LoginLimiter implements OnModuleInit {
  private readonly failures = new RateLimiterMemory({ points: FREE_FAILURES, duration: WINDOW_SECONDS });
  private readonly pauses = new RateLimiterMemory({ points: 1, duration: MAX_PAUSE_SECONDS });
  private readonly knownNetworks = new LruMap<string, Set<string>>(MAX_ACCOUNTS_REMEMBERED);
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly kept: FailedSignIns) {}

  async onModuleInit(): Promise<void> {
    const now = Date.now();
    for (const [key, { count, expiresAt, pausedUntil = 0 }] of await this.kept.load()) {
      await this.failures.set(key, count, Math.ceil((expiresAt - now) / 1000));
      if (pausedUntil > now) await this.pauses.block(key, Math.ceil((pausedUntil - now) / 1000));
    }
  }

  /** Begins an attempt, or refuses it with `too_many_requests`. */
  async begin(email: string, ip: string): Promise<LoginAttempt> {
    const network = toClientNetwork(ip);
    const account = `account ${createHash('sha256').update(email.toLowerCase()).digest('base64')}`;
    const keys = [`network ${network}`];
    if (!this.knownNetworks.get(account)?.has(network)) keys.push(account);
    await this.inTurn(async () => {
      for (const key of keys) await this.assertNotPaused(key);
      for (const key of keys) await this.count(key);
    });
    return {
      succeed: () => this.inTurn(() => this.noteSuccess(account, network)),
      withdraw: () =>
        this.inTurn(async () => {
          for (const key of keys) await this.uncount(key);
        }),
    };
  }

  private async noteSuccess(account: string, network: string): Promise<void> {
    await this.forget(account);
    // Only this attempt is taken back: else one's own account would buy guesses at others'.
    await this.uncount(`network ${network}`);
    const networks = this.knownNetworks.get(account) ?? new Set();
    networks.delete(network);
    networks.add(network);
    if (networks.size > MAX_NETWORKS_PER_ACCOUNT) networks.delete(networks.values().next().value as string);
    this.knownNetworks.set(account, networks);
  }

  private async assertNotPaused(key: string): Promise<void> {
    const pause = await this.pauses.get(key);
    if (!pause || pause.msBeforeNext <= 0) return;
    const retryAfterSeconds = Math.ceil(pause.msBeforeNext / 1000);
    throw new DomainError(
      'too_many_requests',
      'Too many failed sign-ins. Try again later.',
      undefined,
      retryAfterSeconds,
    );
  }

  private async count(key: string): Promise<void> {
    const failed = ((await this.failures.get(key))?.consumedPoints ?? 0) + 1;
    const pauseSeconds =
      failed < FREE_FAILURES ? 0 : Math.min(2 ** (failed - FREE_FAILURES), MAX_PAUSE_SECONDS);
    await this.failures.set(key, failed, WINDOW_SECONDS + pauseSeconds);
    if (pauseSeconds > 0) await this.pauses.block(key, pauseSeconds);
    const pausedUntil = Date.now() + pauseSeconds * 1000;
    this.kept.note(key, {
      count: failed,
      expiresAt: pausedUntil + WINDOW_SECONDS * 1000,
      ...(pauseSeconds > 0 && { pausedUntil }),
    });
  }

  private async uncount(key: string): Promise<void> {
    const failed = ((await this.failures.get(key))?.consumedPoints ?? 0) - 1;
    if (failed <= 0) {
      await this.forget(key);
      return;
    }
    await this.pauses.delete(key);
    await this.failures.set(key, failed, WINDOW_SECONDS);
    this.kept.note(key, { count: failed, expiresAt: Date.now() + WINDOW_SECONDS * 1000 });
  }

  private async forget(key: string): Promise<void> {
    await Promise.all([this.failures.delete(key), this.pauses.delete(key)]);
    this.kept.note(key, undefined);
  }

  /** The limiter's single steps are atomic, a look and a step are not: one attempt at a time, microseconds each. */
  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }
}
