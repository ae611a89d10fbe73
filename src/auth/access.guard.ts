import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import type { GraphQLResolveInfo } from 'graphql';
import type { GraphqlContext } from '../common/graphql-context.js';
import { ACCESS_KEY, SIGNED_IN_KEY } from '../common/public.decorator.js';
import type { UserPrincipal } from '../common/principal.js';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { DomainError } from '../core/errors.js';
import { AdminPresence } from './admin-presence.js';
import type { Verdict } from './api-key-verdict.js';
import { assertOwnPage } from './same-origin.js';
import { readPersonalToken } from './user-door.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the global guard for routes marked `@ByApiKey()`. */
    verdict?: Verdict;
  }
}

const READING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

class UserGuard extends AuthGuard('session') {
  override handleRequest<User>(error: unknown, user: User | false): User {
    if (error) throw error;
    if (!user) throw new DomainError('unauthenticated', 'Sign in first.');
    return user;
  }
}

class ApiKeyGuard extends AuthGuard('api-key') {}

/** The one guard of the hub: every route is closed to all but signed-in users unless it is marked otherwise. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly byUser = new UserGuard({ session: false, property: 'principal' });
  private readonly byApiKey = new ApiKeyGuard({ session: false, property: 'verdict' });

  constructor(
    private readonly reflector: Reflector,
    private readonly presence: AdminPresence,
    @Inject(HUB_CONFIG) private readonly config: HubConfig,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const kind = context.getType<'http' | 'graphql' | 'ws' | 'rpc'>();
    if (kind === 'graphql') return this.admitGraphql(context);
    if (kind !== 'http') throw new DomainError('forbidden', 'There is no such door.');
    const access = this.reflector.getAllAndOverride<'public' | 'api-key' | undefined>(ACCESS_KEY, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access === 'api-key') {
      await this.presence.assert();
      return (await this.byApiKey.canActivate(context)) === true;
    }
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (readPersonalToken(request.headers) === undefined) assertOwnPage(request, this.config.publicOrigin);
    if (access === 'public') return true;
    await this.presence.assert();
    if ((await this.byUser.canActivate(context)) !== true) return false;
    this.assertTokenMay(request.principal!, context, !READING_METHODS.has(request.method));
    return true;
  }

  /** The door in front has let nobody in but users; that it did is checked, not believed. */
  private admitGraphql(context: ExecutionContext): boolean {
    const { principal } = (context.getArgs()[2] ?? {}) as Partial<GraphqlContext>;
    if (!principal) throw new DomainError('unauthenticated', 'Sign in first.');
    const { operation } = context.getArgs()[3] as GraphQLResolveInfo;
    this.assertTokenMay(principal, context, operation.operation === 'mutation');
    return true;
  }

  /** A personal token may less than its user: never what needs a sign-in, and with the scope `read` change nothing. */
  private assertTokenMay({ accessToken }: UserPrincipal, context: ExecutionContext, isChange: boolean): void {
    if (!accessToken) return;
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(SIGNED_IN_KEY, targets)) {
      throw new DomainError('forbidden', 'A personal token cannot do this: sign in to the page for it.');
    }
    if (isChange && accessToken.scope === 'read') {
      throw new DomainError(
        'forbidden',
        'This personal token may only read: make one with the scope “manage”.',
      );
    }
  }
}
