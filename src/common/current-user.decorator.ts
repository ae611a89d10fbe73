import type { ExecutionContext } from '@nestjs/common';
import { createParamDecorator } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../core/errors.js';
import type { GraphqlContext } from './graphql-context.js';
import type { UserPrincipal } from './principal.js';

/** The signed-in user of this request, whichever door it came through. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): UserPrincipal => {
  const principal =
    context.getType<'http' | 'graphql'>() === 'graphql'
      ? (context.getArgs()[2] as GraphqlContext).principal
      : context.switchToHttp().getRequest<FastifyRequest>().principal;
  if (!principal) throw new DomainError('unauthenticated', 'Sign in first.');
  return principal;
});
