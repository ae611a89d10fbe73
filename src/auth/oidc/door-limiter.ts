import { Injectable } from '@nestjs/common';
import { DomainError } from '../../core/errors.js';
import { toClientNetwork } from '../client-network.js';
import { countInWindow, type RateLimitName, RateStore, toRateKey } from '../limits/rate-store.js';
import type { Visitor } from '../session.service.js';
import { SignIns } from '../sign-ins.js';

const STARTS_A_MINUTE = 60;
const START_WINDOW_MS = 60_000;
const FREE_FAILURES = 20;
const FAILURE_WINDOW_MS = 15 * 60_000;

/** Bounds what strangers may do at the doors of sign-in by provider, each network for itself. */
@Injectable()
export class DoorLimiter {
  constructor(
    private readonly store: RateStore,
    private readonly signIns: SignIns,
  ) {}

  /** @throws DomainError `too_many_requests` */
  async countStart(ip: string): Promise<void> {
    const key = toKey('providerStart', ip);
    const waitMs = await this.store.update([key], (rates) => {
      const { count, expiresAt } = rates.get(key) ?? { count: 0, expiresAt: 0 };
      if (count >= STARTS_A_MINUTE) return Math.min(expiresAt - rates.now, START_WINDOW_MS);
      countInWindow(rates, key, START_WINDOW_MS);
      return 0;
    });
    if (waitMs > 0) refuse(waitMs);
    await this.assertMayReturn(ip);
  }

  /** @throws DomainError `too_many_requests` after 20 returns in a quarter of an hour that came to nothing */
  async assertMayReturn(ip: string): Promise<void> {
    const { state, now } = await this.store.read(toKey('badReturn', ip));
    if (state && state.count >= FREE_FAILURES) refuse(Math.min(state.expiresAt - now, FAILURE_WINDOW_MS));
  }

  /** Counts it, and notes in the audit log that somebody was refused. */
  async noteFailure(visitor: Visitor): Promise<void> {
    const key = toKey('badReturn', visitor.ip);
    await this.store.update([key], (rates) => countInWindow(rates, key, FAILURE_WINDOW_MS));
    this.signIns.noteRefusal(undefined, visitor);
  }
}

function toKey(limit: RateLimitName, ip: string): string {
  return toRateKey(limit, toClientNetwork(ip));
}

function refuse(waitMs: number): never {
  const message = 'Too many sign-ins. Try again later.';
  throw new DomainError('too_many_requests', message, undefined, Math.ceil(waitMs / 1000));
}
