import { Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentUser } from '../common/current-user.decorator.js';
import type { UserPrincipal } from '../common/principal.js';
import { ALL_HUB_RIGHTS, type HubRight, mayOnHub } from './rights.js';
import { HubRightEnum } from './rights.model.js';
import { UserModel } from './user.model.js';
import { UserService } from './user.service.js';

@Resolver(() => UserModel)
export class ViewerResolver {
  constructor(private readonly users: UserService) {}

  @Query(() => UserModel, { nullable: true, description: 'Who you are.' })
  viewer(@CurrentUser() user: UserPrincipal): Promise<UserModel | null> {
    return this.users.find(user.userId);
  }

  @ResolveField('rights', () => [HubRightEnum], { description: 'What their role may do on the hub.' })
  resolveRights(@Parent() { role }: UserModel): HubRight[] {
    return ALL_HUB_RIGHTS.filter((right) => mayOnHub(role, right));
  }
}
