import { Inject, Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { DataSource, type EntityManager, In, IsNull } from 'typeorm';
import { type AuditActor, AuditLog } from '../../audit/audit-log.js';
import type { TokenScope, UserPrincipal } from '../../common/principal.js';
import { DomainError } from '../../core/errors.js';
import { EventBus } from '../../events/event-bus.js';
import { createSecretText } from '../api-key-format.js';
import { CLOCK, type Clock } from '../clock.js';
import { hashToken } from '../opaque-token.js';
import { AccessTokenEntity } from './access-token.entity.js';

const DAY_MS = 24 * 3_600_000;
export const DEFAULT_TOKEN_LIFE_DAYS = 90;
export const MAX_TOKEN_LIFE_DAYS = 365;
export const MAX_LIVE_TOKENS = 50;
/** A token that ran out is listed for so long, so that its owner sees why a script stopped. */
const SHOWN_AFTER_EXPIRY_MS = 30 * DAY_MS;

/** A token as it may be shown: nothing of its secret. */
export interface AccessTokenRecord {
  readonly id: string;
  readonly name: string;
  readonly scope: TokenScope;
  /** First 8 hex digits of the token's SHA-256: tells tokens apart. */
  readonly prefix: string;
  readonly isExpired: boolean;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** At most a minute behind. */
  readonly lastUsedAt: Date | null;
  readonly lastUsedAddress: string | null;
  readonly revokedAt: Date | null;
}

/** A user's own personal access tokens: made, listed, revoked. */
@Injectable()
export class AccessTokenService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly events: EventBus,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * A new token; `token` is the only time that it is seen. `expiresAt`: a year ahead at most, absent = in 90 days,
   * null = never.
   */
  async create(
    user: UserPrincipal,
    { name, scope, expiresAt }: { name: string; scope: TokenScope; expiresAt?: Date | null },
  ): Promise<{ token: string; record: AccessTokenRecord }> {
    const now = this.clock();
    const expiry = expiresAt === undefined ? new Date(now + DEFAULT_TOKEN_LIFE_DAYS * DAY_MS) : expiresAt;
    assertExpiry(expiry, now);
    const token = createSecretText('wkp_');
    return this.dataSource.transaction(async (manager) => {
      await this.assertRoom(user.userId, manager);
      const entity = await manager.save(AccessTokenEntity, {
        userId: user.userId,
        name,
        scope,
        tokenHash: hashToken(token),
        createdAt: new Date(now),
        expiresAt: expiry,
        lastUsedAt: null,
        lastUsedAddress: null,
        revokedAt: null,
      });
      const record = toRecord(entity, now);
      await this.record('accessToken.created', user, null, record, manager);
      return { token, record };
    });
  }

  /** The user's tokens that are not revoked, oldest first. */
  async list(userId: string): Promise<AccessTokenRecord[]> {
    const now = this.clock();
    const entities = await this.dataSource.manager.find(AccessTokenEntity, {
      where: { userId, revokedAt: IsNull() },
      order: { createdAt: 'ASC', id: 'ASC' },
    });
    return entities
      .filter(({ expiresAt }) => !expiresAt || expiresAt.getTime() > now - SHOWN_AFTER_EXPIRY_MS)
      .map((entity) => toRecord(entity, now));
  }

  /** From now on the token is refused and its sockets close. Throws `not_found`, also for another user's. */
  async revoke(user: UserPrincipal, id: string): Promise<AccessTokenRecord> {
    if (!isUUID(id)) throw notFound();
    const now = this.clock();
    const record = await this.dataSource.transaction(async (manager) => {
      const entity = await manager.findOne(AccessTokenEntity, {
        where: { id, userId: user.userId },
        lock: { mode: 'pessimistic_write' },
      });
      if (!entity) throw notFound();
      if (entity.revokedAt) return toRecord(entity, now);
      entity.revokedAt = new Date(now);
      const revoked = toRecord(await manager.save(entity), now);
      await this.record('accessToken.revoked', user, revoked, null, manager);
      return revoked;
    });
    this.events.announce('session.ended', { sessionId: id });
    return record;
  }

  /**
   * Revokes all that a user's tokens still open, within a transaction: each has its entry in the audit log. Returns
   * their ids: once that is committed, the caller announces `session.ended` for each.
   */
  async revokeAllOf(userId: string, actor: AuditActor, manager: EntityManager): Promise<string[]> {
    const now = this.clock();
    const live = await manager.find(AccessTokenEntity, {
      where: { userId, revokedAt: IsNull() },
      order: { createdAt: 'ASC', id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
    const records = live.map((entity) => toRecord(entity, now)).filter(({ isExpired }) => !isExpired);
    const ids = records.map(({ id }) => id);
    if (ids.length === 0) return ids;
    await manager.update(AccessTokenEntity, { id: In(ids) }, { revokedAt: new Date(now) });
    for (const record of records) await this.record('accessToken.revoked', actor, record, null, manager);
    return ids;
  }

  private async assertRoom(userId: string, manager: EntityManager): Promise<void> {
    // Two at once must not pass the limit together.
    await manager.query('select id from app_user where id = $1 for update', [userId]);
    const [count] = await manager.query<{ live: number }[]>(
      `select count(*)::integer as live from access_token
        where user_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)`,
      [userId, new Date(this.clock())],
    );
    if (count!.live < MAX_LIVE_TOKENS) return;
    throw new DomainError(
      'conflict',
      `You have ${MAX_LIVE_TOKENS} tokens, which is the most: revoke one first.`,
    );
  }

  private async record(
    action: `accessToken.${string}`,
    actor: AuditActor,
    before: AccessTokenRecord | null,
    after: AccessTokenRecord | null,
    manager: EntityManager,
  ): Promise<void> {
    const { id = null, name = null } = after ?? before ?? {};
    await this.audit.record(
      { action, targetType: 'accessToken', targetId: id, targetName: name, before, after },
      actor,
      manager,
    );
  }
}

function assertExpiry(expiresAt: Date | null, now: number): void {
  if (!expiresAt) return;
  const at = expiresAt.getTime();
  if (at > now && at <= now + MAX_TOKEN_LIFE_DAYS * DAY_MS) return;
  throw new DomainError(
    'invalid_input',
    'Give a time within a year from now, or null for a token that never expires.',
    'expiresAt',
  );
}

function toRecord({ tokenHash, userId: _, ...shown }: AccessTokenEntity, now: number): AccessTokenRecord {
  const isExpired = shown.expiresAt !== null && now >= shown.expiresAt.getTime();
  return { ...shown, prefix: tokenHash.toString('hex', 0, 4), isExpired };
}

function notFound(): DomainError {
  return new DomainError('not_found', 'There is no such token.');
}
