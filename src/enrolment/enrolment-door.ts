import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { type AuditActor, AuditLog } from '../audit/audit-log.js';
import { isWellFormedSecret } from '../auth/api-key-format.js';
import { ApiKeyService } from '../auth/api-key.service.js';
import { BadKeyLimiter } from '../auth/limits/bad-key-limiter.js';
import { hashToken } from '../auth/opaque-token.js';
import { UserService } from '../auth/user.service.js';
import { DomainError } from '../core/errors.js';
import { MonitorsService } from '../monitors/monitors.service.js';
import type { EnrollingMachine } from './enrolled-machines.js';
import { EnrolmentKeyEntity } from './enrolment-key.entity.js';
import { type Enrolment, type KeyExchanged, KeyExchange, type KeyOwner } from './key-exchange.js';

/** Where machines come with an enrolment token or key and leave with a report key of their own. */
@Injectable()
export class EnrolmentDoor {
  constructor(
    private readonly dataSource: DataSource,
    private readonly limiter: BadKeyLimiter,
    private readonly users: UserService,
    private readonly apiKeys: ApiKeyService,
    private readonly monitors: MonitorsService,
    private readonly exchange: KeyExchange,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Rejects with one and the same `unauthenticated` for a token that is mistyped, unknown, used up, expired or revoked,
   * or whose maker may no longer do this, and with `too_many_requests` for a network that showed too many of them.
   */
  async enrol(
    token: string,
    machine: EnrollingMachine,
    origin: { readonly address: string; readonly requestId: string },
  ): Promise<Enrolment> {
    const retryAfterSeconds = await this.limiter.isBlocked(origin.address);
    if (retryAfterSeconds !== undefined) {
      throw new DomainError('too_many_requests', 'Too many wrong tokens.', undefined, retryAfterSeconds);
    }
    const done = isWellFormedSecret('wke_', token)
      ? await this.dataSource.transaction((manager) => this.use(token, machine, origin, manager))
      : undefined;
    if (!done) {
      this.audit.noteRefusal({
        action: 'enrolmentKey.refused',
        targetType: 'enrolmentKey',
        address: origin.address,
      });
      await this.limiter.noteBadKey(origin.address);
      throw refuse();
    }
    const { monitor, replacedKeyId, ...enrolment } = done;
    if (monitor) this.monitors.announceCreated(monitor);
    if (replacedKeyId) await this.apiKeys.revoke(replacedKeyId, 'hub');
    return enrolment;
  }

  /** Under the lock of the key's row: two machines at once are one after the other. */
  private async use(
    token: string,
    machine: EnrollingMachine,
    origin: { readonly address: string; readonly requestId: string },
    manager: EntityManager,
  ): Promise<KeyExchanged | undefined> {
    const key = await manager.findOne(EnrolmentKeyEntity, {
      where: { keyHash: hashToken(token) },
      lock: { mode: 'pessimistic_write' },
    });
    if (!key || key.revokedAt || key.expiresAt.getTime() <= Date.now()) return undefined;
    const owner = await this.findOwner(key);
    if (!owner) return undefined;
    const actor: AuditActor = { keyId: key.id, origin };
    const done = await this.exchange.exchange(key, owner, machine, actor, manager);
    if (!done) return undefined;
    key.lastUsedAt = new Date();
    key.lastUsedAddress = origin.address;
    if (key.kind === 'once' || done.isNew) key.useCount++;
    await manager.save(key);
    await this.audit.record(
      {
        action: 'enrolmentKey.used',
        ...{ targetType: 'enrolmentKey', targetId: key.id, targetName: key.name },
        after: { kind: key.kind, monitorId: done.monitorId },
      },
      actor,
      manager,
    );
    return done;
  }

  /** Whose rights the key has: those of its maker as they are now. */
  private async findOwner({ userId }: EnrolmentKeyEntity): Promise<KeyOwner | undefined> {
    const user = await this.users.find(userId);
    return user && !user.isDisabled ? { userId, role: user.role } : undefined;
  }
}

function refuse(): DomainError {
  return new DomainError(
    'unauthenticated',
    'This enrolment token is not valid (any more): it was used, has expired or was revoked. Make a new one on the page.',
  );
}
