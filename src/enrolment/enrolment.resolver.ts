import { Inject, UseInterceptors } from '@nestjs/common';
import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import { CurrentUser } from '../common/current-user.decorator.js';
import { UserErrorsInterceptor } from '../common/graphql/user-errors.interceptor.js';
import type { UserPrincipal } from '../common/principal.js';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import {
  AgentInstallerModel,
  CreateEnrolmentKeyInput,
  CreateEnrolmentKeyPayload,
  CreateEnrolmentTokenPayload,
  EnrolmentKeyModel,
  EnrolmentKeyPayload,
} from './enrolment.model.js';
import { EnrolmentService } from './enrolment.service.js';
import { InstallerFiles } from './installer-files.js';

@Resolver()
@UseInterceptors(UserErrorsInterceptor)
export class EnrolmentResolver {
  constructor(
    private readonly enrolment: EnrolmentService,
    private readonly files: InstallerFiles,
    @Inject(HUB_CONFIG) private readonly config: Pick<HubConfig, 'publicOrigin' | 'basePath' | 'tlsPin'>,
  ) {}

  @Query(() => AgentInstallerModel)
  agentInstaller(): AgentInstallerModel {
    const { publicOrigin, basePath, tlsPin } = this.config;
    return {
      url: publicOrigin === undefined ? null : publicOrigin + basePath,
      pin: tlsPin ?? null,
      nodeFor: this.files.listArchitectures(),
    };
  }

  @Query(() => [EnrolmentKeyModel], { description: 'Your enrolment keys; an admin sees everybody’s.' })
  async enrolmentKeys(@CurrentUser() user: UserPrincipal): Promise<EnrolmentKeyModel[]> {
    return this.enrolment.listKeys(user);
  }

  @Mutation(() => CreateEnrolmentTokenPayload, {
    description:
      'A token for `/install.sh`, good once and for an hour, by which a machine gets a report key of this monitor.',
  })
  async createEnrolmentToken(
    @CurrentUser() user: UserPrincipal,
    @Args('monitorId', { type: () => ID }) monitorId: string,
  ): Promise<CreateEnrolmentTokenPayload> {
    return { ...(await this.enrolment.createToken(user, monitorId)), userErrors: [] };
  }

  @Mutation(() => CreateEnrolmentKeyPayload, {
    description: 'A key for `/install.sh` on many machines: each gets a monitor, named by its host name.',
  })
  async createEnrolmentKey(
    @CurrentUser() user: UserPrincipal,
    @Args('input') input: CreateEnrolmentKeyInput,
  ): Promise<CreateEnrolmentKeyPayload> {
    const { token, key } = await this.enrolment.createKey(user, input);
    return { enrolmentKey: key, token, userErrors: [] };
  }

  @Mutation(() => EnrolmentKeyPayload, {
    description: 'No machine enrols by it any more; its monitors stay.',
  })
  async revokeEnrolmentKey(
    @CurrentUser() user: UserPrincipal,
    @Args('id', { type: () => ID }) id: string,
  ): Promise<EnrolmentKeyPayload> {
    return { enrolmentKey: await this.enrolment.revokeKey(user, id), userErrors: [] };
  }
}
