import { Inject, Injectable } from '@nestjs/common';
import { toClientNetwork } from '../auth/client-network.js';
import { Allowances } from '../common/allowances.js';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { DomainError } from '../core/errors.js';

/** For each operation that a user may start: what all of them may cost together. */
const COST_PER_OPERATION = 50_000 / 120;
const OPERATIONS_PER_CONNECTION = 12;
/** Ten tabs, each of them opened anew twice in a row. */
const CONNECTIONS_AT_ONCE = 30;
const STRANGERS_PER_MINUTE = 60;

/**
 * How much one user may ask of GraphQL, over HTTP and WebSocket together, and how often sockets may be opened. Each
 * allowance is there at once after a rest and fills up again within a minute. Kept in memory alone: a start of the hub
 * gives everybody at most the allowance of one more minute.
 */
@Injectable()
export class UserAllowance {
  private readonly operations: Allowances | undefined;
  private readonly costs: Allowances | undefined;
  private readonly connections: Allowances | undefined;
  private readonly strangers: Allowances | undefined;

  constructor(@Inject(HUB_CONFIG) { userRate }: Pick<HubConfig, 'userRate'>) {
    if (userRate === undefined) return;
    const perMinute = (amount: number, burst = amount): Allowances =>
      new Allowances({ perSecond: amount / 60, burst });
    this.operations = perMinute(userRate);
    this.costs = perMinute(userRate * COST_PER_OPERATION);
    this.connections = perMinute(userRate / OPERATIONS_PER_CONNECTION, CONNECTIONS_AT_ONCE);
    this.strangers = perMinute(STRANGERS_PER_MINUTE);
  }

  /** One more operation of a user. @throws DomainError `too_many_requests` */
  assertOperation(userId: string): void {
    const message = 'This user asks too many questions. Try again in a moment.';
    assertNoWait(this.operations?.take(userId, performance.now()), message);
  }

  /** What an operation of theirs costs. @throws DomainError `too_many_requests` */
  assertCost(userId: string, cost: number): void {
    const message = 'This user asks for too much in a minute. Try again in a moment.';
    assertNoWait(this.costs?.take(userId, performance.now(), cost), message);
  }

  /** One more socket of a user. @throws DomainError `too_many_requests` */
  assertConnection(userId: string): void {
    const message = 'This user opens connections too often.';
    assertNoWait(this.connections?.take(userId, performance.now()), message);
  }

  /**
   * Whether anybody from there is still looked at: not after too many who turned out to be nobody.
   * @throws DomainError `too_many_requests`
   */
  assertMayTry(address: string): void {
    const waitSeconds = this.strangers?.waitFor(toClientNetwork(address), performance.now());
    assertNoWait(waitSeconds, 'Too many connections of strangers from there.');
  }

  /** A socket from there turned out to be nobody's. */
  noteStranger(address: string): void {
    this.strangers?.take(toClientNetwork(address), performance.now());
  }
}

function assertNoWait(waitSeconds: number | undefined, message: string): void {
  if (!waitSeconds) return;
  throw new DomainError('too_many_requests', message, undefined, Math.max(1, Math.ceil(waitSeconds)));
}
