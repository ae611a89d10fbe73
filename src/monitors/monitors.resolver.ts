import { UseInterceptors } from '@nestjs/common';
import { Args, Context, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentUser } from '../common/current-user.decorator.js';
import type { GraphqlContext } from '../common/graphql-context.js';
import { DeletePayload } from '../common/graphql/payload.model.js';
import { UserErrorsInterceptor } from '../common/graphql/user-errors.interceptor.js';
import type { UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { CreateMonitorInput, MonitorFilter, UpdateMonitorInput } from './monitor.input.js';
import { ApiKeyModel } from './keys/keys.model.js';
import { LatestValuesModel, MonitorModel, SeriesInfoModel, TopProcessesModel } from './monitor.model.js';
import { CreateMonitorPayload, MonitorPayload } from './monitor.payloads.js';
import { MonitorAccess } from './sharing/monitor-access.js';
import { MonitorDirectory } from './monitor-directory.js';
import { MonitorLoaders } from './monitor-loaders.js';
import { MonitorPresenter } from './monitor-presenter.js';
import { matchesFilter } from './monitor-filter.js';
import { MonitorsService } from './monitors.service.js';
import { ReportedBoots } from './reported-boots.js';
import { TopProcesses } from './top-processes.js';

@Resolver(() => MonitorModel)
@UseInterceptors(UserErrorsInterceptor)
export class MonitorsResolver {
  constructor(
    private readonly monitors: MonitorsService,
    private readonly presenter: MonitorPresenter,
    private readonly loaders: MonitorLoaders,
    private readonly topProcesses: TopProcesses,
    private readonly directory: MonitorDirectory,
    private readonly access: MonitorAccess,
    private readonly boots: ReportedBoots,
  ) {}

  @Query(() => [MonitorModel], { name: 'monitors', description: 'The monitors that you may see.' })
  async listMonitors(
    @CurrentUser() user: UserPrincipal,
    @Args('filter', { type: () => MonitorFilter, nullable: true }) filter?: MonitorFilter,
  ): Promise<MonitorModel[]> {
    const monitors = await this.monitors.list(user, { ids: filter?.ids ?? undefined });
    const models = monitors.map((monitor) => this.presenter.present(monitor));
    return models
      .filter((model) => matchesFilter(model, filter))
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  @Query(() => MonitorModel, {
    name: 'monitor',
    nullable: true,
    description: 'Null when there is none for you.',
  })
  async getMonitor(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<MonitorModel | null> {
    try {
      return this.presenter.present(await this.monitors.get(user, id));
    } catch (error) {
      if (error instanceof DomainError && error.code === 'not_found') return null;
      throw error;
    }
  }

  @Mutation(() => CreateMonitorPayload)
  async createMonitor(
    @CurrentUser() user: UserPrincipal,
    @Args('input') input: CreateMonitorInput,
  ): Promise<CreateMonitorPayload> {
    const { monitor, apiKey } = await this.monitors.create(user, input);
    return { monitor: this.presenter.present(monitor), apiKey, userErrors: [] };
  }

  @Mutation(() => MonitorPayload)
  async updateMonitor(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
    @Args('input') input: UpdateMonitorInput,
  ): Promise<MonitorPayload> {
    const monitor = await this.monitors.update(user, id, input);
    return { monitor: this.presenter.present(monitor), userErrors: [] };
  }

  @Mutation(() => DeletePayload, { description: 'Deletes the monitor with its keys and samples.' })
  async deleteMonitor(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<DeletePayload> {
    return { deletedId: await this.monitors.delete(user, id), userErrors: [] };
  }

  @Mutation(() => MonitorPayload)
  async startMonitor(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<MonitorPayload> {
    const monitor = await this.monitors.setState(user, id, 'running');
    return { monitor: this.presenter.present(monitor), userErrors: [] };
  }

  @Mutation(() => MonitorPayload)
  async stopMonitor(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<MonitorPayload> {
    const monitor = await this.monitors.setState(user, id, 'stopped');
    return { monitor: this.presenter.present(monitor), userErrors: [] };
  }

  @Mutation(() => MonitorPayload, {
    description: 'No two machines report as this monitor any more; should they, it is told again.',
  })
  async clearIdentityConflict(
    @CurrentUser() user: UserPrincipal,
    @Args('monitorId', { type: () => ID }) monitorId: string,
  ): Promise<MonitorPayload> {
    const monitor = await this.monitors.clearIdentityConflict(user, monitorId);
    this.boots.forget(monitorId);
    return { monitor: this.presenter.present(monitor), userErrors: [] };
  }

  @ResolveField('latest', () => LatestValuesModel, { nullable: true })
  resolveLatest(
    @Parent() monitor: MonitorModel,
    @Context() context: GraphqlContext,
  ): Promise<LatestValuesModel | null> {
    return this.loaders.of(context).latest.load(monitor.id);
  }

  @ResolveField('metrics', () => [SeriesInfoModel], {
    description: 'The series that it has; with `from` also those that it has samples of since then.',
  })
  resolveMetrics(
    @Parent() monitor: MonitorModel,
    @Context() context: GraphqlContext,
    @Args('from', { type: () => Date, nullable: true }) from?: Date,
  ): Promise<SeriesInfoModel[]> {
    return this.loaders.loadSeries(context, monitor.id, from?.getTime() ?? null);
  }

  @ResolveField('topProcesses', () => TopProcessesModel, {
    nullable: true,
    description: 'The heaviest by CPU and by memory; null until the machine tells.',
  })
  resolveTopProcesses(@Parent() monitor: MonitorModel): TopProcessesModel | null {
    const list = this.topProcesses.find(monitor.id);
    return list ? { at: new Date(list.at), processes: list.processes } : null;
  }

  @ResolveField('endpointUrl', () => String, {
    nullable: true,
    description: 'Where its reports go on to; null also for those who may not change the monitor.',
  })
  resolveEndpointUrl(@Parent() { id }: MonitorModel, @CurrentUser() user: UserPrincipal): string | null {
    if (this.access.allowedIds(user, 'change', [id]).length === 0) return null;
    return this.directory.find(id)?.endpointUrl ?? null;
  }

  @ResolveField('hasEndpointApiKey', () => Boolean, {
    description: 'Whether an endpointApiKey is set; never which.',
  })
  resolveHasEndpointApiKey(@Parent() { id }: MonitorModel): boolean {
    return this.directory.find(id)?.hasEndpointApiKey ?? false;
  }

  @ResolveField('apiKeys', () => [ApiKeyModel])
  resolveApiKeys(
    @Parent() monitor: MonitorModel,
    @Context() context: GraphqlContext,
  ): Promise<ApiKeyModel[]> {
    return this.loaders.of(context).apiKeys.load(monitor.id);
  }
}
