import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { DataSource, type EntityManager, In, IsNull } from 'typeorm';
import { DomainError } from '../core/errors.js';
import { EventBus } from '../events/event-bus.js';
import { createApiKeyText } from './api-key-format.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { CLOCK, type Clock } from './clock.js';

/** A key as it may be shown: nothing of its secret. */
export interface ApiKeyRecord {
  readonly id: string;
  readonly monitorId: string;
  readonly name: string | null;
  /** First 8 hex digits of the key's SHA-256: tells keys apart. */
  readonly prefix: string;
  readonly createdAt: Date;
  /** At most a minute behind. */
  readonly lastUsedAt: Date | null;
  readonly lastUsedIp: string | null;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** Report keys of monitors: made, listed, revoked. Whoever calls has checked that the user may. */
@Injectable()
export class ApiKeyService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly events: EventBus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** A new key of a monitor. `apiKey` is the only time that the key itself is seen. */
  async create(
    monitorId: string,
    name?: string,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<{ apiKey: string; record: ApiKeyRecord }> {
    const apiKey = createApiKeyText();
    const entity = manager.create(ApiKeyEntity, {
      monitorId,
      name: name ?? null,
      keyHash: hash('sha256', apiKey, 'buffer'),
      createdAt: new Date(this.clock()),
      lastUsedAt: null,
      lastUsedIp: null,
      expiresAt: null,
      revokedAt: null,
    });
    return { apiKey, record: toRecord(await manager.save(entity)) };
  }

  /** The keys of these monitors that are not revoked, oldest first. */
  async list(monitorIds: readonly string[]): Promise<ApiKeyRecord[]> {
    if (monitorIds.length === 0) return [];
    const entities = await this.dataSource.manager.find(ApiKeyEntity, {
      where: { monitorId: In([...monitorIds]), revokedAt: IsNull() },
      order: { createdAt: 'ASC', id: 'ASC' },
    });
    return entities.map(toRecord);
  }

  async find(apiKeyId: string): Promise<ApiKeyRecord | null> {
    if (!isUUID(apiKeyId)) return null;
    const entity = await this.dataSource.manager.findOneBy(ApiKeyEntity, { id: apiKeyId });
    return entity && toRecord(entity);
  }

  /** From now on the key is refused. Revoking it again changes nothing. Throws `not_found`. */
  async revoke(apiKeyId: string): Promise<ApiKeyRecord> {
    if (isUUID(apiKeyId)) {
      const unrevoked = { id: apiKeyId, revokedAt: IsNull() };
      await this.dataSource.manager.update(ApiKeyEntity, unrevoked, { revokedAt: new Date(this.clock()) });
    }
    const record = await this.find(apiKeyId);
    if (!record) throw new DomainError('not_found', 'There is no such key.');
    this.events.announce('apiKey.revoked', { apiKeyId, monitorId: record.monitorId });
    return record;
  }
}

function toRecord({ keyHash, ...shown }: ApiKeyEntity): ApiKeyRecord {
  return { ...shown, prefix: keyHash.toString('hex', 0, 4) };
}
