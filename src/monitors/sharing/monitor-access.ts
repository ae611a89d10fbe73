import type { OnModuleInit } from '@nestjs/common';
import { Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { ALL_MONITOR_RIGHTS, mayOnMonitor, type MonitorRight, type Relation } from '../../auth/rights.js';
import type { UserPrincipal } from '../../common/principal.js';
import { DomainError } from '../../core/errors.js';
import { EventBus } from '../../events/event-bus.js';
import { MonitorDirectory, type MonitorSettings } from '../monitor-directory.js';
import { MonitorShare } from './monitor-share.entity.js';
import { ShareIndex, type Shareable } from './share-index.js';

export type Asker = Pick<UserPrincipal, 'userId' | 'role'>;

/** Who may do what with which monitor: the one policy under REST, GraphQL, live streams and everything that hangs on a monitor. */
@Injectable()
export class MonitorAccess implements OnModuleInit {
  private readonly logger = new Logger(MonitorAccess.name);
  private readonly index = new ShareIndex();
  private loading: Promise<void> = Promise.resolve();

  constructor(
    @InjectRepository(MonitorShare) private readonly shares: Repository<MonitorShare>,
    private readonly directory: MonitorDirectory,
    private readonly events: EventBus,
  ) {
    events.on('access.changed', () => {
      this.reload().catch((error: Error) =>
        this.logger.warn(`shares were not read, trying again with the next change: ${error.message}`),
      );
    });
  }

  onModuleInit(): Promise<void> {
    return this.reload();
  }

  relationOf(user: Asker, monitor: Shareable): Relation {
    return this.index.relationOf(user.userId, monitor);
  }

  may(user: Asker, right: MonitorRight, monitor: Shareable): boolean {
    // What a role may with any monitor needs no look at the shares.
    if (mayOnMonitor(user.role, right, 'none')) return true;
    return mayOnMonitor(user.role, right, this.relationOf(user, monitor));
  }

  rightsOf(user: Asker, monitor: Shareable): MonitorRight[] {
    const relation = this.relationOf(user, monitor);
    return ALL_MONITOR_RIGHTS.filter((right) => mayOnMonitor(user.role, right, relation));
  }

  /** @throws DomainError `not_found` for a monitor that the user may not even see, `forbidden` for one that they may */
  assert(
    user: Asker,
    right: MonitorRight,
    monitor: Shareable | null | undefined,
  ): asserts monitor is Shareable {
    if (!monitor || !this.may(user, 'view', monitor)) {
      throw new DomainError('not_found', 'There is no such monitor.');
    }
    if (!this.may(user, right, monitor)) throw new DomainError('forbidden', REFUSALS[right]);
  }

  /** The monitor's settings, for features that hang on a monitor. @throws DomainError as `assert` does */
  require(user: Asker, right: MonitorRight, monitorId: string): MonitorSettings {
    const monitor = this.directory.find(monitorId);
    this.assert(user, right, monitor);
    return monitor;
  }

  /** Ids among these for which the user has the right, each once; the others are as if they did not exist. */
  allowedIds(user: Asker, right: MonitorRight, monitorIds: Iterable<string>): string[] {
    return [...new Set(monitorIds)].filter((id) => {
      const monitor = this.directory.find(id);
      return monitor !== undefined && this.may(user, right, monitor);
    });
  }

  sharesOf(monitor: Shareable): MonitorShare[] {
    return this.index.sharesOf(monitor);
  }

  sharesOfTags(ownerId: string | null, tags: readonly string[]): MonitorShare[] {
    return this.index.sharesOfTags(ownerId, tags);
  }

  /** Reads the shares anew. Whoever had a share that is gone, or is worth less, is told so. */
  reload(): Promise<void> {
    // One after the other: an answer that was overtaken must not be the last word.
    this.loading = this.loading.catch(() => undefined).then(() => this.load());
    return this.loading;
  }

  private async load(): Promise<void> {
    const before = this.index.all();
    this.index.replaceAll(await this.shares.find({ order: { createdAt: 'ASC', id: 'ASC' } }));
    const now = new Map(this.index.all().map((share) => [share.id, share]));
    const lost = before.filter(
      ({ id, access, monitorId }) =>
        now.get(id)?.access !== access && (monitorId === null || this.directory.find(monitorId)),
    );
    this.announceLoss(lost);
  }

  /** Ends the open streams of those who see a monitor by one of these shares only until now. */
  announceLoss(lost: readonly MonitorShare[]): void {
    if (lost.length === 0) return;
    const isEveryone = lost.some(({ userId }) => userId === null);
    const userIds = [...new Set(lost.map(({ userId }) => userId!))];
    this.events.announce('access.lost', { userIds: isEveryone ? 'everyone' : userIds });
  }
}

const REFUSALS: Record<MonitorRight, string> = {
  view: 'You may not see this monitor.',
  change: 'You may see this monitor, not change it.',
  manageRules: 'You may see this monitor, not change its rules.',
  manageKeys: 'You may see this monitor, not its keys.',
  seeEndpoint: 'You may see this monitor, not where it forwards to.',
  share: 'Only its owner and admins may share this monitor.',
  delete: 'Only its owner and admins may delete this monitor.',
};
