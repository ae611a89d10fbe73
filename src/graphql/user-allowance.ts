import { Inject, Injectable } from '@nestjs/common';
import { toClientNetwork } from '../auth/client-network.js';
import {
  type Allowance,
  type RateLimitName,
  takeAllowance,
  toRateKey,
  waitForAllowance,
} from '../auth/limits/rate-store.js';
import { UnfailingRates } from '../auth/limits/unfailing-rates.js';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { DomainError } from '../core/errors.js';

/** For each operation that a user may start: what all of them may cost together. */
const COST_PER_OPERATION = 50_000 / 120;
const OPERATIONS_PER_CONNECTION = 12;
/** Ten tabs, each of them opened anew twice in a row. */
const CONNECTIONS_AT_ONCE = 30;
const STRANGERS_PER_MINUTE = 60;

type Limit = Extract<RateLimitName, 'operation' | 'cost' | 'connection' | 'stranger'>;

/**
 * How much one user may ask of GraphQL, over HTTP and WebSocket together, and how often sockets may be opened. Each
 * allowance is there at once after a rest and fills up again within a minute. Counted in memory, a start of the hub gives
 * everybody at most the allowance of one more minute; in Postgres all hubs count together.
 */
@Injectable()
export class UserAllowance {
  private readonly limits: Readonly<Record<Limit, Allowance>> | undefined;

  constructor(
    @Inject(HUB_CONFIG) { userRate }: Pick<HubConfig, 'userRate'>,
    private readonly rates: UnfailingRates,
  ) {
    if (userRate === undefined) return;
    const perMinute = (amount: number, burst = amount): Allowance => ({ perSecond: amount / 60, burst });
    this.limits = {
      operation: perMinute(userRate),
      cost: perMinute(userRate * COST_PER_OPERATION),
      connection: perMinute(userRate / OPERATIONS_PER_CONNECTION, CONNECTIONS_AT_ONCE),
      stranger: perMinute(STRANGERS_PER_MINUTE),
    };
  }

  /** One more operation of a user. @throws DomainError `too_many_requests` */
  async assertOperation(userId: string): Promise<void> {
    const message = 'This user asks too many questions. Try again in a moment.';
    assertNoWait(await this.take('operation', userId), message);
  }

  /** What an operation of theirs costs. @throws DomainError `too_many_requests` */
  async assertCost(userId: string, cost: number): Promise<void> {
    const message = 'This user asks for too much in a minute. Try again in a moment.';
    assertNoWait(await this.take('cost', userId, cost), message);
  }

  /** One more socket of a user. @throws DomainError `too_many_requests` */
  async assertConnection(userId: string): Promise<void> {
    assertNoWait(await this.take('connection', userId), 'This user opens connections too often.');
  }

  /**
   * Whether anybody from there is still looked at: not after too many who turned out to be nobody.
   * @throws DomainError `too_many_requests`
   */
  async assertMayTry(address: string): Promise<void> {
    if (!this.limits) return;
    const { state, now } = await this.rates.read(toRateKey('stranger', toClientNetwork(address)));
    const waitSeconds = waitForAllowance(state, now, this.limits.stranger);
    assertNoWait(waitSeconds, 'Too many connections of strangers from there.');
  }

  /** A socket from there turned out to be nobody's. */
  async noteStranger(address: string): Promise<void> {
    await this.take('stranger', toClientNetwork(address));
  }

  private async take(limit: Limit, subject: string, amount = 1): Promise<number> {
    const allowance = this.limits?.[limit];
    if (!allowance) return 0;
    const key = toRateKey(limit, subject);
    return this.rates.update([key], (rates) => takeAllowance(rates, key, allowance, amount));
  }
}

function assertNoWait(waitSeconds: number, message: string): void {
  if (waitSeconds <= 0) return;
  throw new DomainError('too_many_requests', message, undefined, Math.max(1, Math.ceil(waitSeconds)));
}
