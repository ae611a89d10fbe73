import { Inject, Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { DataSource, MoreThan } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import type { UserPrincipal } from '../../common/principal.js';
import { DomainError } from '../../core/errors.js';
import { EventBus } from '../../events/event-bus.js';
import { CLOCK, type Clock } from '../clock.js';
import { SESSION_IDLE_MS, SessionService } from '../session.service.js';
import { UserSessionEntity } from '../user-session.entity.js';

/** The sessions of a user, as they see them, and the end of those that they do not know. */
@Injectable()
export class SessionListService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sessions: SessionService,
    private readonly events: EventBus,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Those that still open the hub, the last used first. */
  async list(user: UserPrincipal): Promise<UserSessionEntity[]> {
    const now = this.clock();
    return this.dataSource.manager.find(UserSessionEntity, {
      where: {
        userId: user.userId,
        expiresAt: MoreThan(new Date(now)),
        lastSeenAt: MoreThan(new Date(now - SESSION_IDLE_MS)),
      },
      order: { lastSeenAt: 'DESC', id: 'ASC' },
    });
  }

  /** @throws DomainError `not_found`, also for a session of somebody else */
  async end(user: UserPrincipal, sessionId: string): Promise<string> {
    const known = isUUID(sessionId)
      ? await this.dataSource.manager.findOneBy(UserSessionEntity, { id: sessionId, userId: user.userId })
      : null;
    if (!known) throw new DomainError('not_found', 'There is no such session.');
    await this.dataSource.transaction(async (manager) => {
      await this.audit.record(
        { action: 'session.revoked', targetType: 'session', targetId: known.id, before: known },
        user,
        manager,
      );
      await manager.delete(UserSessionEntity, { id: known.id });
    });
    this.events.announce('session.ended', { sessionId: known.id });
    return known.id;
  }

  /** Ends all but the one that asks. Returns how many those were. */
  async endOthers(user: UserPrincipal): Promise<number> {
    const endedIds = await this.dataSource.transaction(async (manager) => {
      const ids = await this.sessions.deleteOf(user.userId, manager, user.sessionId);
      for (const id of ids) {
        const change = { action: 'session.revoked', targetType: 'session', targetId: id } as const;
        await this.audit.record(change, user, manager);
      }
      return ids;
    });
    for (const sessionId of endedIds) this.events.announce('session.ended', { sessionId });
    return endedIds.length;
  }
}
