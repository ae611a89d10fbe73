import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { DataSource, type EntityManager, In, IsNull } from 'typeorm';
import { type AuditActor, AuditLog } from '../audit/audit-log.js';
import { isAddressOrCidr } from '../common/http/address-set.js';
import { DomainError } from '../core/errors.js';
import { EventBus } from '../events/event-bus.js';
import { createApiKeyText } from './api-key-format.js';
import { type ApiKeyRecord, isLive, toRecord } from './api-key-record.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { CLOCK, type Clock } from './clock.js';

const HOUR_MS = 3_600_000;
export const DEFAULT_OVERLAP_HOURS = 24;
export const MAX_OVERLAP_HOURS = 7 * 24;
/** More than any machine needs; it bounds what a script that runs wild can make. */
export const MAX_LIVE_KEYS = 20;
export const MAX_ALLOWED_ADDRESSES = 50;
/** A key that ran out is listed for so long, so that its owner sees why reports stopped. */
const SHOWN_AFTER_EXPIRY_MS = 30 * 24 * HOUR_MS;

/** What may be set of a key. Absent = keep (or none), null = none. */
export interface ApiKeySettings {
  readonly name?: string | null;
  readonly expiresAt?: Date | null;
  /** IP addresses and CIDRs from which alone the key works; none = from everywhere. */
  readonly allowedAddresses?: readonly string[] | null;
}

export interface NewApiKey {
  /** The only time that the key itself is seen. */
  readonly apiKey: string;
  readonly record: ApiKeyRecord;
}

/** Report keys of monitors: made, listed, changed, replaced, revoked. Whoever calls has checked that the user may. */
@Injectable()
export class ApiKeyService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly events: EventBus,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** A new key of a monitor; `manager` is that of a transaction that it belongs to. */
  async create(
    monitorId: string,
    settings: ApiKeySettings,
    actor: AuditActor,
    manager?: EntityManager,
  ): Promise<NewApiKey> {
    const checked = this.check(settings);
    if (!manager) {
      return this.dataSource.transaction((inner) => this.insert(monitorId, checked, actor, inner));
    }
    return this.insert(monitorId, checked, actor, manager);
  }

  /** The keys of these monitors that are not revoked, oldest first. */
  async list(monitorIds: readonly string[]): Promise<ApiKeyRecord[]> {
    if (monitorIds.length === 0) return [];
    const entities = await this.dataSource.manager.find(ApiKeyEntity, {
      where: { monitorId: In([...monitorIds]), revokedAt: IsNull() },
      order: { createdAt: 'ASC', id: 'ASC' },
    });
    const now = this.clock();
    const shownFrom = now - SHOWN_AFTER_EXPIRY_MS;
    return entities
      .filter(({ expiresAt }) => !expiresAt || expiresAt.getTime() > shownFrom)
      .map((entity) => toRecord(entity, now));
  }

  async find(apiKeyId: string): Promise<ApiKeyRecord | null> {
    if (!isUUID(apiKeyId)) return null;
    const entity = await this.dataSource.manager.findOneBy(ApiKeyEntity, { id: apiKeyId });
    return entity && toRecord(entity, this.clock());
  }

  /** Changes name, expiry or addresses; in force at once. Throws `not_found`, `conflict` for a revoked key. */
  async change(apiKeyId: string, settings: ApiKeySettings, actor: AuditActor): Promise<ApiKeyRecord> {
    const checked = this.check(settings);
    return this.alter(apiKeyId, async (entity, manager) => {
      if (entity.revokedAt) throw gone();
      const before = toRecord(entity, this.clock());
      if (checked.name !== undefined) entity.name = checked.name;
      if (checked.expiresAt !== undefined) entity.expiresAt = checked.expiresAt;
      if (checked.allowedAddresses !== undefined) entity.allowedAddresses = checked.allowedAddresses;
      const after = toRecord(await manager.save(entity), this.clock());
      await this.record('apiKey.changed', actor, manager, before, after);
      return after;
    });
  }

  /**
   * A new key like this one, which lives on for `overlapHours` so that its machine can be told the new one. A key
   * that was itself still being replaced by this one ends now: never more than two of them live.
   * Throws `not_found`, and `conflict` for a key that has ended or is being replaced already.
   */
  async rotate(
    apiKeyId: string,
    overlapHours: number,
    actor: AuditActor,
  ): Promise<NewApiKey & { readonly previous: ApiKeyRecord }> {
    return this.alter(apiKeyId, async (entity, manager) => {
      const now = this.clock();
      if (!isLive(entity, now)) throw gone();
      if (entity.replacedBy) {
        throw new DomainError('conflict', 'This key is being replaced already: rotate the new one.');
      }
      const settings = {
        name: entity.name,
        allowedAddresses: entity.allowedAddresses,
        // As long a life as this one was given.
        expiresAt:
          entity.expiresAt && new Date(now + (entity.expiresAt.getTime() - entity.createdAt.getTime())),
      };
      await manager.query(
        'update api_key set expires_at = least(expires_at, $2) where replaced_by = $1 and revoked_at is null',
        [apiKeyId, new Date(now)],
      );
      const { apiKey, record } = await this.store(entity.monitorId, settings, manager);
      const before = toRecord(entity, now);
      const overlapEndsAt = now + overlapHours * HOUR_MS;
      entity.expiresAt = new Date(Math.min(entity.expiresAt?.getTime() ?? Infinity, overlapEndsAt));
      entity.replacedBy = record.id;
      const previous = toRecord(await manager.save(entity), now);
      await this.record('apiKey.rotated', actor, manager, before, { ...previous, replacedBy: record.id });
      return { apiKey, record, previous };
    });
  }

  /** From now on the key is refused. Revoking it again changes nothing. Throws `not_found`. */
  async revoke(apiKeyId: string, actor: AuditActor): Promise<ApiKeyRecord> {
    const revoked = await this.alter(apiKeyId, async (entity, manager) => {
      if (entity.revokedAt) return toRecord(entity, this.clock());
      const before = toRecord(entity, this.clock());
      entity.revokedAt = new Date(this.clock());
      const after = toRecord(await manager.save(entity), this.clock());
      await this.record('apiKey.revoked', actor, manager, before, null);
      return after;
    });
    this.events.announce('apiKey.revoked', { apiKeyId, monitorId: revoked.monitorId });
    return revoked;
  }

  /** Under the row's lock; when it is committed, every verdict on the key is forgotten. */
  private async alter<Result>(
    apiKeyId: string,
    work: (entity: ApiKeyEntity, manager: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    if (!isUUID(apiKeyId)) throw notFound();
    let monitorId = '';
    const result = await this.dataSource.transaction(async (manager) => {
      const entity = await manager.findOne(ApiKeyEntity, {
        where: { id: apiKeyId },
        lock: { mode: 'pessimistic_write' },
      });
      if (!entity) throw notFound();
      monitorId = entity.monitorId;
      return work(entity, manager);
    });
    this.events.announce('apiKey.changed', { apiKeyId, monitorId });
    return result;
  }

  private async insert(
    monitorId: string,
    settings: ApiKeySettings,
    actor: AuditActor,
    manager: EntityManager,
  ): Promise<NewApiKey> {
    const created = await this.store(monitorId, settings, manager);
    await this.record('apiKey.created', actor, manager, null, created.record);
    return created;
  }

  private async store(
    monitorId: string,
    { name, expiresAt, allowedAddresses }: ApiKeySettings,
    manager: EntityManager,
  ): Promise<NewApiKey> {
    const now = this.clock();
    // Two at once must not pass the limit together.
    await manager.query('select id from monitor where id = $1 for update', [monitorId]);
    const [count] = await manager.query<{ live: number }[]>(
      `select count(*)::integer as live from api_key
        where monitor_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)`,
      [monitorId, new Date(now)],
    );
    if (count!.live >= MAX_LIVE_KEYS) {
      throw new DomainError('conflict', `A monitor has ${MAX_LIVE_KEYS} keys at most: revoke one first.`);
    }
    const apiKey = createApiKeyText();
    const entity = manager.create(ApiKeyEntity, {
      monitorId,
      name: name ?? null,
      keyHash: hash('sha256', apiKey, 'buffer'),
      createdAt: new Date(now),
      lastUsedAt: null,
      lastUsedIp: null,
      expiresAt: expiresAt ?? null,
      allowedAddresses: allowedAddresses ? [...allowedAddresses] : null,
      replacedBy: null,
      revokedAt: null,
    });
    return { apiKey, record: toRecord(await manager.save(entity), now) };
  }

  private check({ name, expiresAt, allowedAddresses }: ApiKeySettings) {
    if (expiresAt && expiresAt.getTime() <= this.clock()) {
      throw new DomainError(
        'invalid_input',
        'The key would have expired already: give a later time.',
        'expiresAt',
      );
    }
    const addresses = allowedAddresses?.map((text) => text.trim().toLowerCase());
    if (addresses && addresses.length > MAX_ALLOWED_ADDRESSES) {
      throw new DomainError(
        'invalid_input',
        `Give ${MAX_ALLOWED_ADDRESSES} addresses at most.`,
        'allowedAddresses',
      );
    }
    const wrong = addresses?.findIndex((text) => !isAddressOrCidr(text)) ?? -1;
    if (wrong >= 0) {
      throw new DomainError(
        'invalid_input',
        'Give IP addresses or networks like 192.0.2.0/24 or 2001:db8::/48.',
        `allowedAddresses.${wrong}`,
      );
    }
    return {
      ...(name !== undefined && { name }),
      ...(expiresAt !== undefined && { expiresAt }),
      ...(allowedAddresses !== undefined && { allowedAddresses: addresses?.length ? addresses : null }),
    };
  }

  private async record(
    action: `apiKey.${string}`,
    actor: AuditActor,
    manager: EntityManager,
    before: ApiKeyRecord | null,
    after: ApiKeyRecord | null,
  ): Promise<void> {
    const { id = null, name = null, prefix = null } = after ?? before ?? {};
    await this.audit.record(
      { action, targetType: 'apiKey', targetId: id, targetName: name ?? prefix, before, after },
      actor,
      manager,
    );
  }
}

function notFound(): DomainError {
  return new DomainError('not_found', 'There is no such key.');
}

function gone(): DomainError {
  return new DomainError('conflict', 'This key does not work any more: create a new one.');
}
