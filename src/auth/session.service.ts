import type { IncomingHttpHeaders } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Role, UserPrincipal } from '../common/principal.js';
import { isReachedByHttps } from '../config/public-scheme.js';
import { HUB_CONFIG, type HubConfig, type RequireTwoFactor } from '../config/hub-config.js';
import { EventBus } from '../events/event-bus.js';
import { readBearer } from './api-key-format.js';
import { CLOCK, type Clock } from './clock.js';
import { LruMap } from './lru-map.js';
import { createOpaqueToken, hashToken } from './opaque-token.js';
import { buildSessionCookie, clearSessionCookie, readSessionCookie } from './session-cookie.js';
import { UserSessionEntity } from './user-session.entity.js';

export const SESSION_IDLE_MS = 7 * 24 * 3_600_000;
export const SESSION_LIFE_MS = 30 * 24 * 3_600_000;
/** How long an answer of the database is believed: a session that ended elsewhere is refused within this time. */
const BELIEVED_MS = 1_000;
const LAST_SEEN_STEP_MS = 60_000;
const MAX_REMEMBERED = 10_000;
const TOKEN_BYTES = 32;
const TOKEN_FORM = /^[A-Za-z0-9_-]{43}$/;
const MAX_USER_AGENT_LENGTH = 256;
const PERSONAL_TOKEN_PREFIX = 'wkp_';

/** From where somebody signs in, for their list of sessions. */
export interface Visitor {
  readonly ip: string;
  readonly userAgent?: string | undefined;
  /** Of the request, for the audit log. */
  readonly requestId?: string;
}

interface KnownSession {
  readonly principal: UserPrincipal;
  readonly expiresAt: number;
  lastSeenAt: number;
  readonly readAt: number;
}

interface SessionRow {
  id: string;
  user_id: string;
  email: string;
  role: Role;
  last_seen_at: Date;
  expires_at: Date;
}

/** Who is signed in: opaque random ids in a cookie, only their SHA-256 in the table. */
@Injectable()
export class SessionService {
  private readonly known = new LruMap<string, KnownSession>(MAX_REMEMBERED);
  private readonly cookieScheme: { readonly isSecure: boolean };
  private readonly requireTwoFactor: RequireTwoFactor;
  private readonly hasProvider: boolean;

  constructor(
    private readonly dataSource: DataSource,
    private readonly events: EventBus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HUB_CONFIG) config: HubConfig,
  ) {
    this.cookieScheme = { isSecure: isReachedByHttps(config) };
    this.requireTwoFactor = config.requireTwoFactor ?? 'off';
    this.hasProvider = config.oidc !== undefined;
    events.on('access.changed', () => this.known.clear());
    events.on('session.ended', ({ sessionId }) => {
      this.known.deleteWhere(({ principal }) => principal.sessionId === sessionId);
    });
  }

  /** A new session of a user; returns the value of its `Set-Cookie`. */
  async start(
    userId: string,
    visitor: Visitor,
    manager: EntityManager = this.dataSource.manager,
    isByProvider = false,
  ): Promise<string> {
    const token = createOpaqueToken(TOKEN_BYTES);
    const now = this.clock();
    await manager.insert(UserSessionEntity, {
      tokenHash: hashToken(token),
      userId,
      createdAt: new Date(now),
      lastSeenAt: new Date(now),
      expiresAt: new Date(now + SESSION_LIFE_MS),
      ip: visitor.ip,
      userAgent: visitor.userAgent?.slice(0, MAX_USER_AGENT_LENGTH) ?? null,
      isByProvider,
    });
    await manager.query('update app_user set signed_in_at = $2 where id = $1', [userId, new Date(now)]);
    return buildSessionCookie(this.cookieScheme, token, SESSION_LIFE_MS);
  }

  /** The signed-in user behind a request's headers, the same for HTTP and at the WebSocket's upgrade. */
  async authenticate(headers: IncomingHttpHeaders): Promise<UserPrincipal | undefined> {
    const token = this.readToken(headers);
    if (token === undefined) return undefined;
    const hash = hashToken(token);
    const key = hash.toString('base64');
    const now = this.clock();
    const remembered = this.known.get(key);
    const session =
      remembered && now - remembered.readAt < BELIEVED_MS ? remembered : await this.read(hash, key, now);
    if (!session) return undefined;
    if (isOver(session, now)) {
      await this.end(session.principal.sessionId);
      return undefined;
    }
    await this.noteSeen(session, now);
    return session.principal;
  }

  /** Why a request that shows a session is nobody's, where that can be mended; undefined for all others. */
  async explainRefusal(headers: IncomingHttpHeaders): Promise<string | undefined> {
    const token = this.requireTwoFactor === 'off' ? undefined : this.readToken(headers);
    if (token === undefined) return undefined;
    const rows = await this.dataSource.query<unknown[]>(
      `select 1 from user_session s join app_user u on u.id = s.user_id
        where s.token_hash = $1 and not u.is_disabled and u.two_factor_since is null`,
      [hashToken(token)],
    );
    return rows.length > 0
      ? 'This hub asks for a second factor now: sign in again, and you are led to set it up.'
      : undefined;
  }

  /** Ends a session: its next request is refused, its sockets close. Ending it again does nothing. */
  async end(sessionId: string): Promise<void> {
    await this.dataSource.manager.delete(UserSessionEntity, { id: sessionId });
    this.events.announce('session.ended', { sessionId });
  }

  /**
   * Deletes the sessions of a user, all or all but one, within a transaction. Returns their ids: once that is
   * committed, the caller announces `session.ended` for each.
   */
  async deleteOf(userId: string, manager: EntityManager, exceptSessionId?: string): Promise<string[]> {
    const [ended] = await manager.query<[{ id: string }[], number]>(
      'delete from user_session where user_id = $1 and ($2::uuid is null or id <> $2) returning id',
      [userId, exceptSessionId ?? null],
    );
    return ended.map(({ id }) => id);
  }

  /** Deletes what has run out or belongs to a disabled user. Returns when the next session will run out, if nobody uses it. */
  async endExpired(): Promise<number> {
    const now = this.clock();
    const [ended] = await this.dataSource.query<[{ id: string }[], number]>(
      `delete from user_session s using app_user u
        where u.id = s.user_id and (u.is_disabled or s.expires_at <= $1 or s.last_seen_at <= $2)
        returning s.id`,
      [new Date(now), new Date(now - SESSION_IDLE_MS)],
    );
    for (const { id } of ended) this.events.announce('session.ended', { sessionId: id });
    const [next] = await this.dataSource.query<{ at: Date | null }[]>(
      `select min(least(expires_at, last_seen_at + $1 * interval '1 millisecond')) as at from user_session`,
      [SESSION_IDLE_MS],
    );
    return next?.at?.getTime() ?? Infinity;
  }

  /** The value of `Set-Cookie` that makes the browser forget its session. */
  clearCookie(): string {
    return clearSessionCookie(this.cookieScheme);
  }

  private readToken(headers: IncomingHttpHeaders): string | undefined {
    // Whoever shows a personal token means that, not the cookie. There are none yet: such a bearer is nobody.
    if (readBearer(headers)?.startsWith(PERSONAL_TOKEN_PREFIX)) return undefined;
    const token = readSessionCookie(this.cookieScheme, headers);
    return token !== undefined && TOKEN_FORM.test(token) ? token : undefined;
  }

  private async read(hash: Buffer, key: string, now: number): Promise<KnownSession | undefined> {
    const [row] = await this.dataSource.query<SessionRow[]>(
      `select s.id, s.user_id, s.last_seen_at, s.expires_at, u.email, u.role
         from user_session s join app_user u on u.id = s.user_id
        where s.token_hash = $1 and not u.is_disabled
          -- Whoever has to have a second factor sets it up when they sign in, and is nobody until then. Of those who
          -- come by the provider it is the provider's matter.
          and (u.two_factor_since is not null or s.by_provider and $3
               or not ($2 = 'all' or $2 = 'admins' and u.role = 'admin'))`,
      [hash, this.requireTwoFactor, this.hasProvider],
    );
    if (!row) {
      this.known.delete(key);
      return undefined;
    }
    const session = {
      principal: { userId: row.user_id, email: row.email, role: row.role, sessionId: row.id },
      expiresAt: row.expires_at.getTime(),
      lastSeenAt: row.last_seen_at.getTime(),
      readAt: now,
    };
    this.known.set(key, session);
    return session;
  }

  private async noteSeen(session: KnownSession, now: number): Promise<void> {
    if (now - session.lastSeenAt < LAST_SEEN_STEP_MS) return;
    session.lastSeenAt = now;
    await this.dataSource.manager.update(
      UserSessionEntity,
      { id: session.principal.sessionId },
      { lastSeenAt: new Date(now) },
    );
  }
}

function isOver(session: KnownSession, now: number): boolean {
  return now >= session.expiresAt || now - session.lastSeenAt >= SESSION_IDLE_MS;
}
