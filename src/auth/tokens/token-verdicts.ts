import { timingSafeEqual } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import type { Role, TokenScope, UserPrincipal } from '../../common/principal.js';
import { DomainError } from '../../core/errors.js';
import { EventBus } from '../../events/event-bus.js';
import { isWellFormedSecret } from '../api-key-format.js';
import { BadKeyLimiter } from '../limits/bad-key-limiter.js';
import { CLOCK, type Clock } from '../clock.js';
import { LruMap } from '../lru-map.js';
import { hashToken } from '../opaque-token.js';

/** How long an answer of the database is believed: what happened to token or user elsewhere is felt within this time. */
const BELIEVED_MS = 1_000;
const LAST_USED_STEP_MS = 60_000;
const MAX_REMEMBERED = 10_000;

interface KnownToken {
  readonly principal: UserPrincipal & { readonly accessToken: NonNullable<UserPrincipal['accessToken']> };
  readonly readAt: number;
  lastUsedAt: number;
}

interface Row {
  id: string;
  token_hash: Buffer;
  scope: TokenScope;
  expires_at: Date | null;
  last_used_at: Date | null;
  user_id: string;
  email: string;
  role: Role;
}

/** Who a personal access token speaks for: its user, with that user's role as it is now. */
@Injectable()
export class TokenVerdicts {
  private readonly logger = new Logger('tokens');
  private readonly known = new LruMap<string, KnownToken>(MAX_REMEMBERED);
  /** What was read until then may be otherwise now. */
  private staleUntil = 0;

  constructor(
    private readonly dataSource: DataSource,
    private readonly limiter: BadKeyLimiter,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
    events: EventBus,
  ) {
    events.on('access.changed', () => (this.staleUntil = this.clock()));
    events.on('session.ended', ({ sessionId }) =>
      this.known.deleteWhere(({ principal }) => principal.sessionId === sessionId),
    );
  }

  /**
   * The user behind a token that is shown from `address`; undefined, one and the same, when it is malformed, unknown,
   * revoked, expired, or its user is disabled. Rejects with `too_many_requests` for a network that showed too
   * many bad ones; a token known to be good passes from there all the same.
   */
  async judge(token: string, address: string): Promise<UserPrincipal | undefined> {
    const hash = hashToken(token);
    const key = hash.toString('base64');
    const now = this.clock();
    const remembered = this.known.get(key);
    const isFresh =
      remembered !== undefined &&
      now - remembered.readAt < BELIEVED_MS &&
      remembered.readAt > this.staleUntil;
    if (!remembered) await this.assertNotBlocked(address);
    const found = isFresh
      ? remembered
      : isWellFormedSecret('wkp_', token)
        ? await this.read(hash, now)
        : undefined;
    if (!found || now >= found.principal.accessToken.expiresAt) {
      this.known.delete(key);
      await this.limiter.noteBadKey(address);
      this.audit.noteRefusal({ action: 'accessToken.refused', targetType: 'accessToken', address });
      return undefined;
    }
    if (!isFresh) this.known.set(key, found);
    this.noteUse(found, address, now);
    return found.principal;
  }

  private async assertNotBlocked(address: string): Promise<void> {
    const retryAfterSeconds = await this.limiter.isBlocked(address);
    if (retryAfterSeconds === undefined) return;
    throw new DomainError('too_many_requests', 'Too many wrong tokens.', undefined, retryAfterSeconds);
  }

  private async read(hash: Buffer, now: number): Promise<KnownToken | undefined> {
    const [row] = await this.dataSource.query<Row[]>(
      `select t.id, t.token_hash, t.scope, t.expires_at, t.last_used_at, t.user_id, u.email, u.role
         from access_token t join app_user u on u.id = t.user_id
        where t.token_hash = $1 and t.revoked_at is null and not u.is_disabled`,
      [hash],
    );
    if (!row || !timingSafeEqual(row.token_hash, hash)) return undefined;
    const expiresAt = row.expires_at?.getTime() ?? Infinity;
    return {
      principal: {
        userId: row.user_id,
        email: row.email,
        role: row.role,
        sessionId: row.id,
        accessToken: { id: row.id, scope: row.scope, expiresAt },
      },
      readAt: now,
      lastUsedAt: row.last_used_at?.getTime() ?? 0,
    };
  }

  /** At most once a minute; nobody waits for it. */
  private noteUse(token: KnownToken, address: string, now: number): void {
    if (now - token.lastUsedAt < LAST_USED_STEP_MS) return;
    token.lastUsedAt = now;
    const { id } = token.principal.accessToken;
    this.dataSource
      .query('update access_token set last_used_at = $2, last_used_address = $3 where id = $1', [
        id,
        new Date(now),
        address,
      ])
      .catch((error: Error) => this.logger.warn(`the last use of a token was not noted: ${error.message}`));
  }
}
