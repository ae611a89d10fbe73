import { Injectable } from '@nestjs/common';
import DataLoader from 'dataloader';
import type { ApiKeyRecord } from '../auth/api-key-record.js';
import { ApiKeyService } from '../auth/api-key.service.js';
import { type Person, UserService } from '../auth/user.service.js';
import type { GraphqlContext } from '../common/graphql-context.js';
import type { LatestValuesModel, SeriesInfoModel } from './monitor.model.js';
import { MonitorPresenter } from './monitor-presenter.js';
import { MonitorAccess, type Asker } from './sharing/monitor-access.js';

interface Loaders {
  readonly latest: DataLoader<string, LatestValuesModel | null>;
  /** By `fromAt`. */
  readonly series: Map<number | null, DataLoader<string, SeriesInfoModel[]>>;
  readonly apiKeys: DataLoader<string, ApiKeyRecord[]>;
  readonly people: DataLoader<string, Person | null>;
}

/** Reads a field of many monitors in one query: a list of fifty costs what one costs. */
@Injectable()
export class MonitorLoaders {
  private readonly byOperation = new WeakMap<GraphqlContext, Loaders>();

  constructor(
    private readonly presenter: MonitorPresenter,
    private readonly apiKeys: ApiKeyService,
    private readonly access: MonitorAccess,
    private readonly users: UserService,
  ) {}

  /** @param context the GraphQL context: one operation, and nobody else, has it */
  of(context: GraphqlContext): Loaders {
    const known = this.byOperation.get(context);
    if (known) return known;
    const loaders: Loaders = {
      latest: batch((ids) => this.presenter.readLatest(ids), null),
      series: new Map(),
      apiKeys: batch((ids) => this.readApiKeys(context.principal, ids), []),
      people: batch((ids) => this.users.findPeople(ids), null),
    };
    this.byOperation.set(context, loaders);
    return loaders;
  }

  /** The series of a monitor. @param fromAt as `MonitorPresenter.readSeries` takes it */
  loadSeries(context: GraphqlContext, monitorId: string, fromAt: number | null): Promise<SeriesInfoModel[]> {
    const { series } = this.of(context);
    let loader = series.get(fromAt);
    if (!loader) {
      loader = batch<SeriesInfoModel[], SeriesInfoModel[]>(
        (ids) => this.presenter.readSeries(ids, fromAt),
        [],
      );
      series.set(fromAt, loader);
    }
    return loader.load(monitorId);
  }

  private async readApiKeys(
    user: Asker,
    monitorIds: readonly string[],
  ): Promise<Map<string, ApiKeyRecord[]>> {
    const ids = this.access.allowedIds(user, 'manageKeys', monitorIds);
    return Map.groupBy(await this.apiKeys.list(ids), ({ monitorId }) => monitorId);
  }
}

/** Nothing is remembered: a subscription lives long in one context, and must see what is true now. */
function batch<Value, Missing>(
  read: (monitorIds: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
  missing: Missing,
): DataLoader<string, Value | Missing> {
  return new DataLoader<string, Value | Missing>(
    async (ids) => {
      const found = await read([...new Set(ids)]);
      return ids.map((id) => found.get(id) ?? missing);
    },
    { cache: false },
  );
}
