import { Query, Resolver } from '@nestjs/graphql';
import { CurrentUser } from '../common/current-user.decorator.js';
import type { UserPrincipal } from '../common/principal.js';
import { UserModel } from './user.model.js';

@Resolver()
export class ViewerResolver {
  @Query(() => UserModel, { nullable: true, description: 'Who you are.' })
  viewer(@CurrentUser() user: UserPrincipal): UserModel {
    return { id: user.userId, email: user.email, role: user.role };
  }
}
