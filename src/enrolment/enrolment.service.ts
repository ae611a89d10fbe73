import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { DataSource, type EntityManager, IsNull } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { createSecretText } from '../auth/api-key-format.js';
import { assertMayOnHub } from '../auth/assert-right.js';
import { hashToken } from '../auth/opaque-token.js';
import { mayOnHub } from '../auth/rights.js';
import { UserService } from '../auth/user.service.js';
import type { UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { MonitorAccess } from '../monitors/sharing/monitor-access.js';
import { EnrolmentKeyEntity } from './enrolment-key.entity.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const TOKEN_LIFE_MS = HOUR_MS;
export const DEFAULT_KEY_LIFE_DAYS = 7;
export const MAX_KEY_LIFE_DAYS = 365;
export const MAX_LIVE_KEYS = 50;
/** A key that ran out is listed for so long, so that its owner sees why machines were refused. */
const SHOWN_AFTER_EXPIRY_MS = 30 * DAY_MS;

/** An enrolment key as it may be shown: nothing of its secret. */
export interface EnrolmentKeyRecord {
  readonly id: string;
  readonly name: string;
  readonly tags: string[];
  readonly quota: number | null;
  readonly useCount: number;
  /** First 8 hex digits of the key's SHA-256: tells keys apart. */
  readonly prefix: string;
  readonly isExpired: boolean;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | null;
  readonly lastUsedAddress: string | null;
  readonly revokedAt: Date | null;
}

export interface EnrolmentKeySettings {
  readonly name: string;
  readonly tags?: readonly string[] | null;
  readonly quota?: number | null;
  readonly expiresAt?: Date | null;
}

/** What users do with enrolment tokens and keys: make, list, revoke. Machines use them at the EnrolmentDoor. */
@Injectable()
export class EnrolmentService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly access: MonitorAccess,
    private readonly users: UserService,
    private readonly audit: AuditLog,
  ) {}

  /** A token, seen this once, by which one machine gets a report key of this monitor within the hour. It voids an earlier one. */
  async createToken(user: UserPrincipal, monitorId: string): Promise<{ token: string; expiresAt: Date }> {
    const monitor = this.access.require(user, 'manageKeys', monitorId);
    if (monitor.kind === 'local') {
      throw new DomainError('conflict', 'The hub watches its own machine itself: no agent is needed.');
    }
    const now = Date.now();
    const expiresAt = new Date(now + TOKEN_LIFE_MS);
    const token = createSecretText('wke_');
    await this.dataSource.transaction(async (manager) => {
      await manager.query(
        `delete from enrolment_key where kind = 'once' and (monitor_id = $1 or expires_at < $2)`,
        [monitor.id, new Date(now - DAY_MS)],
      );
      const entity = await manager.save(EnrolmentKeyEntity, {
        ...{ kind: 'once' as const, monitorId: monitor.id, userId: user.userId, name: 'One-time token' },
        ...{ tags: [], quota: 1, useCount: 0, keyHash: hashToken(token) },
        ...{ createdAt: new Date(now), expiresAt },
      });
      await this.record('enrolmentKey.created', user, null, entity, manager);
    });
    return { token, expiresAt };
  }

  /** A key for many machines; `token` is the only time that it is seen. */
  async createKey(
    user: UserPrincipal,
    { name, tags, quota, expiresAt }: EnrolmentKeySettings,
  ): Promise<{ token: string; key: EnrolmentKeyRecord }> {
    assertMayOnHub(
      user,
      'createMonitor',
      'Viewers enrol no machines. Ask an admin for the role of an editor.',
    );
    const now = Date.now();
    const expiry = expiresAt ?? new Date(now + DEFAULT_KEY_LIFE_DAYS * DAY_MS);
    if (expiry.getTime() <= now || expiry.getTime() > now + MAX_KEY_LIFE_DAYS * DAY_MS) {
      throw new DomainError('invalid_input', 'Give a time within a year from now.', 'expiresAt');
    }
    const token = createSecretText('wke_');
    const entity = await this.dataSource.transaction(async (manager) => {
      await this.assertRoom(user.userId, now, manager);
      const stored = await manager.save(EnrolmentKeyEntity, {
        ...{ kind: 'fleet' as const, monitorId: null, userId: user.userId, name },
        ...{ tags: [...(tags ?? [])], quota: quota ?? null, useCount: 0, keyHash: hashToken(token) },
        ...{ createdAt: new Date(now), expiresAt: expiry },
        ...{ lastUsedAt: null, lastUsedAddress: null, revokedAt: null },
      });
      await this.record('enrolmentKey.created', user, null, stored, manager);
      return stored;
    });
    const [key] = await this.present([entity]);
    return { token, key: key! };
  }

  /** The user's own keys that are not revoked; an admin sees everybody's. Oldest first. */
  async listKeys(user: UserPrincipal): Promise<EnrolmentKeyRecord[]> {
    if (!mayOnHub(user.role, 'createMonitor')) return [];
    const entities = await this.dataSource.manager.find(EnrolmentKeyEntity, {
      where: { kind: 'fleet', revokedAt: IsNull(), ...(user.role !== 'admin' && { userId: user.userId }) },
      order: { createdAt: 'ASC', id: 'ASC' },
    });
    const shownFrom = Date.now() - SHOWN_AFTER_EXPIRY_MS;
    return this.present(entities.filter(({ expiresAt }) => expiresAt.getTime() > shownFrom));
  }

  /** From now on the key is refused; the monitors that it made stay. Throws `not_found`, also for another user's. */
  async revokeKey(user: UserPrincipal, id: string): Promise<EnrolmentKeyRecord> {
    const entity = await this.dataSource.transaction(async (manager) => {
      const stored = isUUID(id)
        ? await manager.findOne(EnrolmentKeyEntity, {
            where: { id, kind: 'fleet' },
            lock: { mode: 'pessimistic_write' },
          })
        : null;
      const isTheirs = stored && (stored.userId === user.userId || user.role === 'admin');
      if (!isTheirs) throw new DomainError('not_found', 'There is no such enrolment key.');
      if (stored.revokedAt) return stored;
      stored.revokedAt = new Date();
      await this.record('enrolmentKey.revoked', user, stored, null, manager);
      return manager.save(stored);
    });
    const [key] = await this.present([entity]);
    return key!;
  }

  private async present(entities: readonly EnrolmentKeyEntity[]): Promise<EnrolmentKeyRecord[]> {
    const people = await this.users.findPeople(entities.map(({ userId }) => userId));
    return entities.map(({ keyHash, userId, ...shown }) => ({
      ...shown,
      prefix: keyHash.toString('hex', 0, 4),
      isExpired: shown.expiresAt.getTime() <= Date.now(),
      createdBy: people.get(userId)?.name ?? '',
    }));
  }

  private async assertRoom(userId: string, now: number, manager: EntityManager): Promise<void> {
    // Two at once must not pass the limit together.
    await manager.query('select id from app_user where id = $1 for update', [userId]);
    const [count] = await manager.query<{ live: number }[]>(
      `select count(*)::integer as live from enrolment_key
        where user_id = $1 and kind = 'fleet' and revoked_at is null and expires_at > $2`,
      [userId, new Date(now)],
    );
    if (count!.live < MAX_LIVE_KEYS) return;
    throw new DomainError(
      'conflict',
      `You have ${MAX_LIVE_KEYS} enrolment keys, which is the most: revoke one first.`,
    );
  }

  private async record(
    action: `enrolmentKey.${string}`,
    user: UserPrincipal,
    before: EnrolmentKeyEntity | null,
    after: EnrolmentKeyEntity | null,
    manager: EntityManager,
  ): Promise<void> {
    const { id, name } = (after ?? before)!;
    await this.audit.record(
      {
        ...{ action, targetType: 'enrolmentKey' as const, targetId: id, targetName: name },
        ...{ before: before && withPrefix(before), after: after && withPrefix(after) },
      },
      user,
      manager,
    );
  }
}

function withPrefix(entity: EnrolmentKeyEntity): object {
  return { ...entity, prefix: entity.keyHash.toString('hex', 0, 4) };
}
