import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Module } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import type { FastifyRequest } from 'fastify';
import { AuthModule } from '../auth/auth.module.js';
import type { GraphqlContext } from '../common/graphql-context.js';
import { DomainError } from '../core/errors.js';
import { BUILD_SCHEMA_OPTIONS } from './build-schema-options.js';
import { CostPlugin } from './cost.plugin.js';
import { formatGraphqlError } from './format-graphql-error.js';
import { GRAPHQL_PATH, GraphqlHttpDoor } from './graphql-http-door.js';
import { limitQueries, QUERY_LIMITS } from './query-limits.js';
import { UserAllowance } from './user-allowance.js';
import { WebsocketDoor } from './websocket-door.js';

function createContext(request: FastifyRequest): GraphqlContext {
  if (!request.principal) throw new DomainError('unauthenticated', 'Sign in first.');
  return { principal: request.principal };
}

/** GraphQL over HTTP by Apollo; over WebSocket by our own door, as the library's can be crashed by strangers. */
@Module({
  imports: [
    AuthModule,
    GraphQLModule.forRoot<ApolloDriverConfig>({
      driver: ApolloDriver,
      path: GRAPHQL_PATH,
      autoSchemaFile: true,
      sortSchema: true,
      buildSchemaOptions: BUILD_SCHEMA_OPTIONS,
      graphiql: false,
      introspection: true,
      csrfPrevention: true,
      allowBatchedHttpRequests: false,
      persistedQueries: false,
      parseOptions: { maxTokens: QUERY_LIMITS.tokens },
      validationRules: [limitQueries],
      includeStacktraceInErrorResponses: false,
      autoTransformHttpErrors: false,
      formatError: formatGraphqlError,
      context: createContext,
    }),
  ],
  providers: [CostPlugin, GraphqlHttpDoor, UserAllowance, WebsocketDoor],
  exports: [WebsocketDoor],
})
export class GraphqlModule {}
