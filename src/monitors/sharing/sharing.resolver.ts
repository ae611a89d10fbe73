import { UseInterceptors } from '@nestjs/common';
import { Args, Context, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { MonitorRight } from '../../auth/rights.js';
import { MonitorRightEnum } from '../../auth/rights.model.js';
import { PersonModel } from '../../auth/users/person.model.js';
import { CurrentUser } from '../../common/current-user.decorator.js';
import type { GraphqlContext } from '../../common/graphql-context.js';
import { DeletePayload } from '../../common/graphql/payload.model.js';
import { UserErrorsInterceptor } from '../../common/graphql/user-errors.interceptor.js';
import type { UserPrincipal } from '../../common/principal.js';
import { DomainError } from '../../core/errors.js';
import { MonitorDirectory } from '../monitor-directory.js';
import { MonitorLoaders } from '../monitor-loaders.js';
import { MonitorModel } from '../monitor.model.js';
import { MonitorAccess } from './monitor-access.js';
import type { MonitorShare } from './monitor-share.entity.js';
import { MonitorShareModel, ShareInput, SharePayload } from './sharing.model.js';
import { SharingService, type ShareWith } from './sharing.service.js';

/** Whose a monitor is, what you may do with it, and with whom it is shared. */
@Resolver(() => MonitorModel)
@UseInterceptors(UserErrorsInterceptor)
export class SharingResolver {
  constructor(
    private readonly sharing: SharingService,
    private readonly access: MonitorAccess,
    private readonly directory: MonitorDirectory,
    private readonly loaders: MonitorLoaders,
  ) {}

  @ResolveField('owner', () => PersonModel, {
    nullable: true,
    description: 'Null until the hub has its first admin.',
  })
  async resolveOwner(
    @Parent() monitor: MonitorModel,
    @Context() context: GraphqlContext,
  ): Promise<PersonModel | null> {
    const ownerId = this.directory.find(monitor.id)?.ownerId;
    return ownerId ? this.loaders.of(context).people.load(ownerId) : null;
  }

  @ResolveField('rights', () => [MonitorRightEnum], { description: 'What you may do with it.' })
  resolveRights(@CurrentUser() user: UserPrincipal, @Parent() { id }: MonitorModel): MonitorRight[] {
    const monitor = this.directory.find(id);
    return monitor ? this.access.rightsOf(user, monitor) : [];
  }

  @ResolveField('shares', () => [MonitorShareModel], {
    description: 'With whom it is shared, by itself or by one of its tags; empty unless you may share it.',
  })
  async resolveShares(
    @CurrentUser() user: UserPrincipal,
    @Parent() { id }: MonitorModel,
    @Context() context: GraphqlContext,
  ): Promise<MonitorShareModel[]> {
    return this.presentAll(this.sharing.listOf(user, id), context);
  }

  @Query(() => [MonitorShareModel], { description: 'The shares by tag that you may take away.' })
  async tagShares(
    @CurrentUser() user: UserPrincipal,
    @Context() context: GraphqlContext,
  ): Promise<MonitorShareModel[]> {
    return this.presentAll(await this.sharing.listByTag(user), context);
  }

  @Mutation(() => SharePayload, { description: 'Again with the same user: changes the access.' })
  async shareMonitor(
    @CurrentUser() user: UserPrincipal,
    @Args('monitorId', { type: () => ID }) monitorId: string,
    @Args('input') input: ShareInput,
    @Context() context: GraphqlContext,
  ): Promise<SharePayload> {
    const share = await this.sharing.shareMonitor(user, monitorId, readShareWith(input));
    return { share: await this.present(share, context), userErrors: [] };
  }

  @Mutation(() => SharePayload, {
    description: 'Shares all your monitors with this tag; admins also those of every owner.',
  })
  async shareTag(
    @CurrentUser() user: UserPrincipal,
    @Args('tag') tag: string,
    @Args('input') input: ShareInput,
    @Args('ofEveryOwner', { type: () => Boolean, nullable: true, defaultValue: false }) ofEveryOwner: boolean,
    @Context() context: GraphqlContext,
  ): Promise<SharePayload> {
    const share = await this.sharing.shareTag(user, tag.trim(), ofEveryOwner, readShareWith(input));
    return { share: await this.present(share, context), userErrors: [] };
  }

  @Mutation(() => DeletePayload)
  async removeShare(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<DeletePayload> {
    return { deletedId: await this.sharing.remove(user, id), userErrors: [] };
  }

  private presentAll(shares: readonly MonitorShare[], context: GraphqlContext): Promise<MonitorShareModel[]> {
    return Promise.all(shares.map((share) => this.present(share, context)));
  }

  private async present(share: MonitorShare, context: GraphqlContext): Promise<MonitorShareModel> {
    const { id, monitorId, tag, ownerId, userId, access, createdAt } = share;
    const person = userId === null ? null : await this.loaders.of(context).people.load(userId);
    return { id, monitorId, tag, ofEveryOwner: tag !== null && ownerId === null, person, access, createdAt };
  }
}

function readShareWith({ userId, everyone, access }: ShareInput): ShareWith {
  if ((userId ?? null) !== null ? everyone === true : everyone !== true) {
    throw new DomainError('invalid_input', 'Name either a user or everyone.', 'userId');
  }
  return { userId: userId ?? null, access };
}
