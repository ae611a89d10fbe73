import { Injectable } from '@nestjs/common';
import type { ApiKeyRecord } from '../../auth/api-key-record.js';
import { ApiKeyService, type ApiKeySettings, type NewApiKey } from '../../auth/api-key.service.js';
import type { UserPrincipal } from '../../common/principal.js';
import { DomainError } from '../../core/errors.js';
import { MonitorAccess } from '../sharing/monitor-access.js';

/** What a user does with the report keys of monitors: the right to the monitor is the right to its keys. */
@Injectable()
export class MonitorKeysService {
  constructor(
    private readonly keys: ApiKeyService,
    private readonly access: MonitorAccess,
  ) {}

  async create(user: UserPrincipal, monitorId: string, settings: ApiKeySettings): Promise<NewApiKey> {
    this.access.require(user, 'manageKeys', monitorId);
    return this.keys.create(monitorId, settings, user);
  }

  async change(user: UserPrincipal, apiKeyId: string, settings: ApiKeySettings): Promise<ApiKeyRecord> {
    await this.assertMay(user, apiKeyId);
    return this.keys.change(apiKeyId, settings, user);
  }

  async rotate(user: UserPrincipal, apiKeyId: string, overlapHours: number) {
    await this.assertMay(user, apiKeyId);
    return this.keys.rotate(apiKeyId, overlapHours, user);
  }

  async revoke(user: UserPrincipal, apiKeyId: string): Promise<ApiKeyRecord> {
    await this.assertMay(user, apiKeyId);
    return this.keys.revoke(apiKeyId, user);
  }

  private async assertMay(user: UserPrincipal, apiKeyId: string): Promise<void> {
    const key = await this.keys.find(apiKeyId);
    if (!key) throw new DomainError('not_found', 'There is no such key.');
    this.access.require(user, 'manageKeys', key.monitorId);
  }
}
