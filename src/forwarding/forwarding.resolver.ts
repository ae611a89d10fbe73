import { UseInterceptors } from '@nestjs/common';
import { Args, ID, Mutation, Resolver } from '@nestjs/graphql';
import { CurrentUser } from '../common/current-user.decorator.js';
import { UserErrorsInterceptor } from '../common/graphql/user-errors.interceptor.js';
import type { UserPrincipal } from '../common/principal.js';
import { MonitorModel } from '../monitors/monitor.model.js';
import { MonitorPayload } from '../monitors/monitor.payloads.js';
import { MonitorPresenter } from '../monitors/monitor-presenter.js';
import { MonitorsService } from '../monitors/monitors.service.js';
import { MonitorAccess } from '../monitors/sharing/monitor-access.js';
import { EndpointTest } from './endpoint-test.js';
import { TestForwardingPayload } from './endpoint-test.model.js';
import { Forwarder } from './forwarder.js';

@Resolver(() => MonitorModel)
@UseInterceptors(UserErrorsInterceptor)
export class ForwardingResolver {
  constructor(
    private readonly access: MonitorAccess,
    private readonly monitors: MonitorsService,
    private readonly presenter: MonitorPresenter,
    private readonly forwarder: Forwarder,
    private readonly endpointTest: EndpointTest,
  ) {}

  @Mutation(() => MonitorPayload, {
    description: 'What waits to be sent on is tried at once: after the far side was mended.',
  })
  async retryForwarding(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<MonitorPayload> {
    this.access.require(user, 'change', id);
    this.forwarder.retry(id);
    return { monitor: this.presenter.present(await this.monitors.get(user, id)), userErrors: [] };
  }

  @Mutation(() => TestForwardingPayload, {
    description:
      'Asks the endpoint whether it would take reports, and sends none: another Watchkeeper is asked about the key, ' +
      'whatever else stands there gets `{"test":true,"reports":[]}`.',
  })
  async testForwarding(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<TestForwardingPayload> {
    this.access.require(user, 'change', id);
    return { test: await this.endpointTest.run(user, id), userErrors: [] };
  }
}
