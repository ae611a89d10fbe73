import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Args, ID, Resolver, Subscription } from '@nestjs/graphql';
import { CurrentUser } from '../common/current-user.decorator.js';
import type { UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { makeSeriesFilter, presentReport } from '../core/model/present-report.js';
import type { EventMap, EventName } from '../events/event-map.js';
import { EventBus } from '../events/event-bus.js';
import type { Monitor } from '../monitors/monitor.entity.js';
import { MonitorModel } from '../monitors/monitor.model.js';
import { MonitorPresenter } from '../monitors/monitor-presenter.js';
import { MonitorsService } from '../monitors/monitors.service.js';
import { CoalescingStream, flattenStream } from './coalescing-stream.js';
import { BackfillModel, LiveBatchModel } from './live.model.js';
import { LiveReports } from './live-reports.js';

const MAX_WATCHED_MONITORS = 10_000;
const MAX_METRICS = 500;
/** Several changes of one monitor within this are one. */
const STATUS_SPACING_MS = 100;
const READ_AGAIN_MS = 1_000;

/** What the subscriptions give; rights are looked at again with every event. */
@Resolver()
export class LiveResolver {
  private readonly logger = new Logger(LiveResolver.name);

  constructor(
    private readonly liveReports: LiveReports,
    private readonly monitors: MonitorsService,
    private readonly presenter: MonitorPresenter,
    private readonly events: EventBus,
  ) {}

  @Subscription(() => LiveBatchModel, {
    description: 'The newest report of each monitor, at most one batch a second.',
    resolve: (batch: LiveBatchModel) => batch,
  })
  async reportsReceived(
    @CurrentUser() user: UserPrincipal,
    @Args('monitorIds', { type: () => [ID] }) monitorIds: string[],
    @Args('metrics', { type: () => [String], nullable: true }) metrics?: string[] | null,
  ): Promise<AsyncIterableIterator<LiveBatchModel>> {
    checkSize(monitorIds, MAX_WATCHED_MONITORS, 'monitorIds');
    checkSize(metrics ?? [], MAX_METRICS, 'metrics');
    const isWanted = makeSeriesFilter(metrics);
    const source = await this.liveReports.watch(this.monitors.visibleIds(user, monitorIds));
    return flattenStream(source, (batch) => {
      const reports = this.monitors.visibleIds(user, [...batch.keys()]).map((monitorId) => {
        const { report, previous } = batch.get(monitorId)!;
        return {
          monitorId,
          at: new Date(report.at),
          previousAt: previous && new Date(previous.at),
          ...presentReport(report, previous, isWanted),
        };
      });
      return reports.length > 0 ? [{ reports }] : [];
    });
  }

  @Subscription(() => BackfillModel, {
    description: 'Late reports arrived: history has changed within this span.',
    resolve: (backfill: BackfillModel) => backfill,
  })
  samplesBackfilled(
    @CurrentUser() user: UserPrincipal,
    @Args('monitorIds', { type: () => [ID] }) monitorIds: string[],
  ): AsyncIterableIterator<BackfillModel> {
    checkSize(monitorIds, MAX_WATCHED_MONITORS, 'monitorIds');
    const watched = new Set(monitorIds);
    const stream = this.listen(['report.backfilled'], (event) =>
      watched.has(event.monitorId) ? event : undefined,
    );
    return flattenStream(stream, (batch) =>
      this.monitors.visibleIds(user, [...batch.keys()]).map((monitorId) => {
        const { fromAt, toAt } = batch.get(monitorId)!;
        return { monitorId, from: new Date(fromAt), to: new Date(toAt) };
      }),
    );
  }

  @Subscription(() => MonitorModel, {
    description: 'A monitor’s state, health or settings are others than before, or it is new.',
    resolve: (monitor: MonitorModel) => monitor,
  })
  monitorStatusChanged(
    @CurrentUser() user: UserPrincipal,
    @Args('monitorIds', { type: () => [ID], nullable: true }) monitorIds?: string[] | null,
  ): AsyncIterableIterator<MonitorModel> {
    checkSize(monitorIds ?? [], MAX_WATCHED_MONITORS, 'monitorIds');
    const watched = monitorIds && new Set(monitorIds);
    const stream = this.listen(['monitor.statusChanged', 'monitor.changed', 'monitor.created'], (event) =>
      !watched || watched.has(event.monitorId) ? event : undefined,
    );
    return flattenStream(stream, async (batch) => {
      const monitors = await this.readChanged(user, [...batch.keys()], () => !stream.hasEnded);
      return monitors.map((monitor) => this.presenter.present(monitor));
    });
  }

  /** The monitors as they are now. Waits while the database is away: the change has happened all the same. */
  private async readChanged(
    user: UserPrincipal,
    monitorIds: readonly string[],
    isAwaited: () => boolean,
  ): Promise<Monitor[]> {
    while (isAwaited()) {
      const ids = this.monitors.visibleIds(user, monitorIds);
      if (ids.length === 0) break;
      try {
        // One query for all of them: after the hub's own absence a whole fleet changes at once.
        return await this.monitors.list(user, { ids });
      } catch (error) {
        this.logger.warn(`changed monitors could not be read, trying again: ${(error as Error).message}`);
        await sleep(READ_AGAIN_MS);
      }
    }
    return [];
  }

  private listen<Name extends EventName, Value extends { monitorId: string }>(
    names: readonly Name[],
    pick: (event: EventMap[Name]) => Value | undefined,
  ): CoalescingStream<string, Value> {
    const stops = names.map((name) =>
      this.events.on(name, (event) => {
        const value = pick(event);
        if (value) stream.note(value.monitorId, value, mergeSpans as (waiting: Value, value: Value) => Value);
      }),
    );
    const stream = new CoalescingStream<string, Value>(STATUS_SPACING_MS, () =>
      stops.forEach((stop) => stop()),
    );
    return stream;
  }
}

type Span = { fromAt?: number; toAt?: number };

/** Two spans that wait become the one that holds both; events without a span just replace each other. */
function mergeSpans<Value extends Span>(waiting: Value, value: Value): Value {
  if (waiting.fromAt === undefined || value.fromAt === undefined) return value;
  return {
    ...value,
    fromAt: Math.min(waiting.fromAt, value.fromAt),
    toAt: Math.max(waiting.toAt!, value.toAt!),
  };
}

function checkSize(list: readonly unknown[], max: number, name: string): void {
  if (list.length > max) throw new DomainError('invalid_input', `${name} may name at most ${max}.`, name);
}
