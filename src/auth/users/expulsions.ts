import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { AuditActor } from '../../audit/audit-log.js';
import { EventBus } from '../../events/event-bus.js';
import { SessionService } from '../session.service.js';
import { AccessTokenService } from '../tokens/access-token.service.js';

interface Expulsion {
  /** The one session that goes on. */
  readonly exceptSessionId?: string;
  /** Who revokes the personal tokens, for the audit log; absent = tokens go on. */
  readonly tokensBy?: AuditActor | undefined;
}

/** Takes from a user what opens the hub for them without their password: sessions and personal tokens. */
@Injectable()
export class Expulsions {
  constructor(
    private readonly sessions: SessionService,
    private readonly tokens: AccessTokenService,
    private readonly events: EventBus,
  ) {}

  /** Within a transaction. What it returns is to be called once that is committed: it closes their sockets. */
  async expel(
    userId: string,
    { exceptSessionId, tokensBy }: Expulsion,
    manager: EntityManager,
  ): Promise<() => void> {
    const tokenIds = tokensBy ? await this.tokens.revokeAllOf(userId, tokensBy, manager) : [];
    const sessionIds = await this.sessions.deleteOf(userId, manager, exceptSessionId);
    return () => {
      for (const sessionId of [...sessionIds, ...tokenIds])
        this.events.announce('session.ended', { sessionId });
    };
  }
}
