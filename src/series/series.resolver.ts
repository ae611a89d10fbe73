import { Args, ID, Info, Int, Query, Resolver } from '@nestjs/graphql';
import type { GraphQLResolveInfo } from 'graphql';
import { CurrentUser } from '../common/current-user.decorator.js';
import { DateTimeScalar } from '../common/graphql/scalars.js';
import type { UserPrincipal } from '../common/principal.js';
import { LatestValuesModel } from '../monitors/monitor.model.js';
import { MonitorPresenter } from '../monitors/monitor-presenter.js';
import { MonitorsService } from '../monitors/monitors.service.js';
import { SeriesResultModel } from './series.model.js';
import { isAskedFor } from './selected-fields.js';
import { SeriesService } from './series.service.js';

@Resolver()
export class SeriesResolver {
  constructor(
    private readonly seriesService: SeriesService,
    private readonly monitors: MonitorsService,
    private readonly presenter: MonitorPresenter,
  ) {}

  @Query(() => [LatestValuesModel], {
    description: 'The newest values of these monitors, or of all that you may see.',
  })
  async latest(
    @CurrentUser() user: UserPrincipal,
    @Args('monitorIds', { type: () => [ID], nullable: true }) monitorIds?: string[] | null,
    @Args('metrics', { type: () => [String], nullable: true }) metrics?: string[] | null,
  ): Promise<LatestValuesModel[]> {
    const ids = this.monitors.visibleIds(user, monitorIds ?? this.monitors.knownIds());
    return [...(await this.presenter.readLatest(ids, metrics)).values()];
  }

  @Query(() => SeriesResultModel, {
    description: 'Samples over a range. A metric without labels stands for every device’s series.',
  })
  series(
    @CurrentUser() user: UserPrincipal,
    @Args('monitorIds', { type: () => [ID] }) monitorIds: string[],
    @Args('metrics', { type: () => [String] }) metrics: string[],
    @Args('from', { type: () => DateTimeScalar }) from: Date,
    @Args('to', { type: () => DateTimeScalar }) to: Date,
    @Args('maxPoints', { type: () => Int, nullable: true, defaultValue: 500 }) maxPoints: number,
    @Info() info: GraphQLResolveInfo,
  ): Promise<SeriesResultModel> {
    const hasExtremes = isAskedFor(info, 'columns', ['min', 'max']);
    return this.seriesService.query(user, { monitorIds, metrics, from, to, maxPoints }, { hasExtremes });
  }
}
