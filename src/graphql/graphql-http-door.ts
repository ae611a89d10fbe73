import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AdminPresence } from '../auth/admin-presence.js';
import { assertOwnPage } from '../auth/same-origin.js';
import { readPersonalToken, UserDoor } from '../auth/user-door.js';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { DomainError } from '../core/errors.js';
import { UserAllowance } from './user-allowance.js';

export const GRAPHQL_PATH = '/graphql';

/** Stands in front of GraphQL over HTTP: only signed-in users' POSTs of JSON get through, before the body is read. */
@Injectable()
export class GraphqlHttpDoor implements OnModuleInit {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly door: UserDoor,
    private readonly presence: AdminPresence,
    private readonly allowance: UserAllowance,
    @Inject(HUB_CONFIG) private readonly config: HubConfig,
  ) {}

  onModuleInit(): void {
    // Not there when only the schema is printed.
    const instance = this.adapterHost.httpAdapter?.getInstance<FastifyInstance>();
    instance?.addHook('onRequest', (request, reply, done) => {
      if (request.routeOptions.url === GRAPHQL_PATH) this.admit(request, reply).then(() => done(), done);
      else done();
    });
  }

  private async admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.presence.assert();
    const principal = await this.door.authenticate(request.headers, request.ip);
    if (!principal) throw await this.door.refuse(request.headers);
    if (request.method !== 'POST') {
      reply.header('allow', 'POST');
      throw new DomainError('method_not_allowed', 'GraphQL takes POST only.');
    }
    if (readPersonalToken(request.headers) === undefined) assertOwnPage(request, this.config.publicOrigin);
    if (request.headers['content-type'] === undefined) {
      throw new DomainError(
        'unsupported_media_type',
        'Send the operation as Content-Type: application/json.',
      );
    }
    await this.allowance.assertOperation(principal.userId);
    request.principal = { ...principal, origin: { address: request.ip, requestId: request.id } };
  }
}
