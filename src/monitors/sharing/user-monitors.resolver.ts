import { Int, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { UserModel } from '../../auth/user.model.js';
import { MonitorDirectory } from '../monitor-directory.js';

/** What monitors add to users. */
@Resolver(() => UserModel)
export class UserMonitorsResolver {
  constructor(private readonly directory: MonitorDirectory) {}

  @ResolveField('monitorCount', () => Int, { description: 'How many monitors they own.' })
  countMonitors(@Parent() { id }: UserModel): number {
    let count = 0;
    for (const { ownerId } of this.directory.all()) if (ownerId === id) count++;
    return count;
  }
}
