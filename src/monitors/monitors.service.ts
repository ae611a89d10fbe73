import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { type AuditActor, AuditLog } from '../audit/audit-log.js';
import { ApiKeyService } from '../auth/api-key.service.js';
import { mayOnHub, type MonitorRight } from '../auth/rights.js';
import type { UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { EventBus } from '../events/event-bus.js';
import { MonitorDirectory } from './monitor-directory.js';
import type { MonitorState } from './monitor.entity.js';
import { Monitor } from './monitor.entity.js';
import type { CreateMonitorInput, UpdateMonitorInput } from './monitor.input.js';
import { MonitorAccess } from './sharing/monitor-access.js';
import { whereVisible } from './sharing/visible-monitors.js';
import { refuseUnbuiltFields, WritableFields } from './writable-fields.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export interface CreatedMonitor {
  readonly monitor: Monitor;
  /** The first report key, which is shown this once. */
  readonly apiKey: string;
  readonly apiKeyId: string;
}

/** Everything a user does with monitors, one service under REST and GraphQL. */
@Injectable()
export class MonitorsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly apiKeys: ApiKeyService,
    private readonly directory: MonitorDirectory,
    private readonly access: MonitorAccess,
    private readonly events: EventBus,
    private readonly audit: AuditLog,
    private readonly fields: WritableFields,
  ) {}

  /** The monitors that the user may see, by id, beginning after `afterId`. */
  async list(
    principal: UserPrincipal,
    page: { limit?: number; afterId?: string; ids?: readonly string[] } = {},
  ) {
    const ids = page.ids?.filter((id) => UUID.test(id));
    const query = whereVisible(this.monitors().createQueryBuilder('monitor'), principal).orderBy(
      'monitor.id',
    );
    if (ids) query.andWhere('monitor.id = any(:ids)', { ids });
    if (page.afterId && UUID.test(page.afterId)) {
      query.andWhere('monitor.id > :afterId', { afterId: page.afterId });
    }
    return query.limit(page.limit).getMany();
  }

  /** @throws DomainError `not_found`, also for a monitor that exists but is not the user's to see */
  async get(principal: UserPrincipal, id: string): Promise<Monitor> {
    const monitor = UUID.test(id) ? await this.monitors().findOneBy({ id }) : null;
    this.access.assert(principal, 'view', monitor);
    return monitor;
  }

  /** Ids among these that the user may see; the others are as if they did not exist. */
  visibleIds(principal: UserPrincipal, ids: readonly string[]): string[] {
    return this.access.allowedIds(principal, 'view', ids);
  }

  /** Ids of all monitors, whoever may see them. */
  knownIds(): string[] {
    return Array.from(this.directory.all(), ({ id }) => id);
  }

  /** @returns the monitor and its first report key, which is shown this once */
  async create(principal: UserPrincipal, input: CreateMonitorInput): Promise<CreatedMonitor> {
    const created = await this.dataSource.transaction((manager) =>
      this.createWithin(manager, principal, input, principal),
    );
    this.announceCreated(created.monitor);
    return created;
  }

  /**
   * The same within a transaction of the caller's, who tells by `announceCreated` that it is committed.
   * @param actor whom the audit log names: a key may act for its user
   */
  async createWithin(
    manager: EntityManager,
    principal: Pick<UserPrincipal, 'userId' | 'role'>,
    input: CreateMonitorInput,
    actor: AuditActor,
  ): Promise<CreatedMonitor> {
    const kind = input.kind ?? 'agent';
    assertMayCreate(principal, kind);
    const fields = this.fields.fill(input);
    const { id } = await manager.save(Monitor, {
      ...fields,
      ownerId: principal.userId,
      kind,
    });
    const monitor = await manager.findOneByOrFail(Monitor, { id });
    await this.record('monitor.created', actor, manager, null, monitor);
    const { apiKey, record } = await this.apiKeys.create(id, {}, actor, manager);
    return { monitor, apiKey, apiKeyId: record.id };
  }

  announceCreated(monitor: Monitor): void {
    this.directory.put(monitor);
    this.events.announce('monitor.created', { monitorId: monitor.id });
  }

  /**
   * @param expectedVersion the version that the change builds on; without it the last writer wins
   * @throws DomainError `version_conflict` when someone was faster
   */
  async update(
    principal: UserPrincipal,
    id: string,
    input: UpdateMonitorInput,
    expectedVersion?: number,
  ): Promise<Monitor> {
    refuseUnbuiltFields(input);
    return this.change('monitor.changed', principal, id, (monitor) => {
      const version = expectedVersion ?? input.version;
      if (version !== undefined && version !== monitor.version) {
        throw new DomainError(
          'version_conflict',
          'Somebody else has changed this monitor. Load it again and repeat your change.',
        );
      }
      this.fields.apply(input, monitor);
    });
  }

  /** Starts or stops collection and acceptance; doing it twice is the same as once. */
  async setState(principal: UserPrincipal, id: string, state: MonitorState): Promise<Monitor> {
    const action = state === 'running' ? 'monitor.started' : 'monitor.stopped';
    return this.change(action, principal, id, (monitor) => {
      monitor.state = state;
    });
  }

  /** A user says that no two machines report as this monitor any more. */
  async clearIdentityConflict(principal: UserPrincipal, id: string): Promise<Monitor> {
    return this.change('monitor.conflictCleared', principal, id, (monitor) => {
      monitor.identityConflict = null;
    });
  }

  /** Deletes a monitor with its keys and samples. */
  async delete(principal: UserPrincipal, id: string): Promise<string> {
    const monitor = await this.dataSource.transaction(async (manager) => {
      const stored = await this.getForChange(principal, 'delete', id, manager);
      await this.record('monitor.deleted', principal, manager, stored, null);
      await manager.delete(Monitor, { id: stored.id });
      return stored;
    });
    this.directory.remove(monitor.id);
    this.events.announce('monitor.deleted', { monitorId: monitor.id });
    return monitor.id;
  }

  private async record(
    action: `monitor.${string}`,
    actor: AuditActor,
    manager: EntityManager,
    before: Monitor | null,
    after: Monitor | null,
  ): Promise<void> {
    const { id = null, name = null } = after ?? before ?? {};
    const change = { action, targetType: 'monitor' as const, targetId: id, targetName: name };
    const states = { before: before && describe(before), after: after && describe(after, before) };
    await this.audit.record({ ...change, ...states }, actor, manager);
  }

  private monitors() {
    return this.dataSource.getRepository(Monitor);
  }

  private async getForChange(
    principal: UserPrincipal,
    right: MonitorRight,
    id: string,
    manager: EntityManager,
  ): Promise<Monitor> {
    const monitor = UUID.test(id)
      ? await manager.findOne(Monitor, {
          where: { id },
          ...(manager.queryRunner?.isTransactionActive && { lock: { mode: 'pessimistic_write' as const } }),
        })
      : null;
    this.access.assert(principal, right, monitor);
    return monitor;
  }

  /** Reads, changes and writes a monitor under its row's lock; says so only when something is different. */
  private async change(
    action: `monitor.${string}`,
    principal: UserPrincipal,
    id: string,
    apply: (monitor: Monitor) => void,
  ): Promise<Monitor> {
    const { monitor, isChanged, tagsBefore } = await this.dataSource.transaction(async (manager) => {
      const stored = await this.getForChange(principal, 'change', id, manager);
      const before = { ...stored };
      const tagsBefore = stored.tags;
      apply(stored);
      if (JSON.stringify(stored) === JSON.stringify(before))
        return { monitor: stored, isChanged: false, tagsBefore };
      this.assertMayRetag(principal, stored, tagsBefore);
      stored.version++;
      stored.updatedAt = new Date();
      const monitor = await manager.save(stored);
      await this.record(action, principal, manager, before, monitor);
      return { monitor, isChanged: true, tagsBefore };
    });
    if (isChanged) {
      this.directory.put(monitor);
      this.events.announce('monitor.changed', { monitorId: monitor.id });
      const tagsGone = tagsBefore.filter((tag) => !monitor.tags.includes(tag));
      this.access.announceLoss(this.access.sharesOfTags(monitor.ownerId, tagsGone));
    }
    return monitor;
  }

  /** A tag that is shared decides who sees the monitor: that is for those who may share it. */
  private assertMayRetag(principal: UserPrincipal, monitor: Monitor, tagsBefore: readonly string[]): void {
    if (this.access.may(principal, 'share', { ...monitor, tags: tagsBefore })) return;
    const changed = [
      ...tagsBefore.filter((tag) => !monitor.tags.includes(tag)),
      ...monitor.tags.filter((tag) => !tagsBefore.includes(tag)),
    ];
    const [shared] = this.access.sharesOfTags(monitor.ownerId, changed);
    if (!shared) return;
    throw new DomainError(
      'forbidden',
      `The tag ${shared.tag} decides who sees this monitor: only its owner and admins may add or remove it.`,
      'tags',
    );
  }
}

function assertMayCreate(principal: Pick<UserPrincipal, 'role'>, kind: Monitor['kind']): void {
  if (!mayOnHub(principal.role, 'createMonitor')) {
    throw new DomainError('forbidden', 'Viewers add no monitors. Ask an admin for the role of an editor.');
  }
  if (kind === 'local' && !mayOnHub(principal.role, 'watchHub')) {
    throw new DomainError('forbidden', 'Only admins may watch the machine of the hub itself.', 'kind');
  }
}

/** For the audit log: of the endpoint's key only whether there is one, and whether it is another. */
function describe(monitor: Monitor, before?: Monitor | null): object {
  const { endpointApiKey: key } = monitor;
  const isReplaced = key && before?.endpointApiKey && !key.equals(before.endpointApiKey);
  return { ...monitor, endpointApiKey: isReplaced ? 'replaced' : key ? 'set' : null };
}
