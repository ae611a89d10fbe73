import { Args, ID, Query, Resolver } from '@nestjs/graphql';
import { CurrentUser } from '../../common/current-user.decorator.js';
import type { UserPrincipal } from '../../common/principal.js';
import { RetentionEstimate, RetentionInput } from './retention.model.js';
import { RetentionService } from './retention.service.js';

@Resolver()
export class RetentionResolver {
  constructor(private readonly retention: RetentionService) {}

  @Query(() => RetentionEstimate, {
    description: 'What keeping a monitor’s samples takes, and would take with another retention.',
  })
  retentionEstimate(
    @CurrentUser() user: UserPrincipal,
    @Args('monitorId', { type: () => ID }) monitorId: string,
    @Args('retention', { type: () => RetentionInput, nullable: true }) wished?: RetentionInput,
  ): Promise<RetentionEstimate> {
    return this.retention.estimate(user, monitorId, wished ?? null);
  }
}
