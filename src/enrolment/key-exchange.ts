import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { AuditActor } from '../audit/audit-log.js';
import { ApiKeyService } from '../auth/api-key.service.js';
import { mayOnHub } from '../auth/rights.js';
import type { UserPrincipal } from '../common/principal.js';
import { MonitorDirectory } from '../monitors/monitor-directory.js';
import { Monitor } from '../monitors/monitor.entity.js';
import { MonitorsService } from '../monitors/monitors.service.js';
import { MonitorAccess } from '../monitors/sharing/monitor-access.js';
import { EnrolledMachines, type EnrollingMachine } from './enrolled-machines.js';
import type { EnrolmentKeyEntity } from './enrolment-key.entity.js';

/** Who made an enrolment key, with the role of now. */
export type KeyOwner = Pick<UserPrincipal, 'userId' | 'role'>;

export interface Enrolment {
  readonly monitorId: string;
  readonly monitorName: string;
  /** The report key, which is shown this once. */
  readonly apiKey: string;
  /** The monitor was made now, not known before. */
  readonly isNew: boolean;
}

export interface KeyExchanged extends Enrolment {
  readonly monitor?: Monitor;
  /** Another key of this machine, which the new one takes the place of. */
  readonly replacedKeyId?: string;
}

/** Gives a report key for an enrolment key that is known to be good, by what its maker may do. */
@Injectable()
export class KeyExchange {
  constructor(
    private readonly apiKeys: ApiKeyService,
    private readonly monitors: MonitorsService,
    private readonly access: MonitorAccess,
    private readonly directory: MonitorDirectory,
    private readonly machines: EnrolledMachines,
  ) {}

  /** Undefined when the key is used up, or its maker may not do this any more. */
  exchange(
    key: EnrolmentKeyEntity,
    owner: KeyOwner,
    machine: EnrollingMachine,
    actor: AuditActor,
    manager: EntityManager,
  ): Promise<KeyExchanged | undefined> {
    return key.kind === 'once'
      ? this.enrolOnce(key, owner, actor, manager)
      : this.enrolInFleet(key, owner, machine, actor, manager);
  }

  private async enrolOnce(
    key: EnrolmentKeyEntity,
    owner: KeyOwner,
    actor: AuditActor,
    manager: EntityManager,
  ): Promise<KeyExchanged | undefined> {
    const known = this.directory.find(key.monitorId!);
    if (key.useCount > 0 || !known || !this.access.may(owner, 'manageKeys', known)) return undefined;
    const { name } = await manager.findOneByOrFail(Monitor, { id: known.id });
    const { apiKey } = await this.apiKeys.create(known.id, { name: 'Installer' }, actor, manager);
    return { monitorId: known.id, monitorName: name, apiKey, isNew: false };
  }

  private async enrolInFleet(
    key: EnrolmentKeyEntity,
    owner: KeyOwner,
    machine: EnrollingMachine,
    actor: AuditActor,
    manager: EntityManager,
  ): Promise<KeyExchanged | undefined> {
    if (!mayOnHub(owner.role, 'createMonitor')) return undefined;
    const earlier = await this.machines.findEarlier(key.id, machine, manager);
    if (earlier) {
      const { apiKey, record } = await this.apiKeys.create(earlier.id, { name: 'Installer' }, actor, manager);
      await this.machines.put(earlier.id, record.id, key.id, machine, manager);
      const replaced = earlier.apiKeyId && { replacedKeyId: earlier.apiKeyId };
      return { monitorId: earlier.id, monitorName: earlier.name, apiKey, isNew: false, ...replaced };
    }
    if (key.quota !== null && key.useCount >= key.quota) return undefined;
    const input = { name: machine.hostname, tags: key.tags };
    const { monitor, apiKey, apiKeyId } = await this.monitors.createWithin(manager, owner, input, actor);
    await this.machines.put(monitor.id, apiKeyId, key.id, machine, manager);
    return { monitorId: monitor.id, monitorName: monitor.name, apiKey, isNew: true, monitor };
  }
}
