import { Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentUser } from '../common/current-user.decorator.js';
import type { UserPrincipal } from '../common/principal.js';
import { ALL_HUB_RIGHTS, type HubRight, mayOnHub } from './rights.js';
import { HubRightEnum } from './rights.model.js';
import { UserModel } from './user.model.js';

@Resolver(() => UserModel)
export class ViewerResolver {
  @Query(() => UserModel, { nullable: true, description: 'Who you are.' })
  viewer(@CurrentUser() user: UserPrincipal): UserModel {
    return { id: user.userId, email: user.email, role: user.role };
  }

  @ResolveField('rights', () => [HubRightEnum], { description: 'What their role may do on the hub.' })
  resolveRights(@Parent() { role }: UserModel): HubRight[] {
    return ALL_HUB_RIGHTS.filter((right) => mayOnHub(role, right));
  }
}
