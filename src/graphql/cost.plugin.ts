import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import { Plugin } from '@nestjs/apollo';
import { GraphQLError } from 'graphql';
import type { GraphqlContext } from '../common/graphql-context.js';
import { DomainError } from '../core/errors.js';
import { findCostFault, measureCost } from './operation-cost.js';
import { UserAllowance } from './user-allowance.js';

/** Measures what each operation over HTTP costs, before it runs. Over WebSocket `SocketOperations` does the same. */
@Plugin()
export class CostPlugin implements ApolloServerPlugin<GraphqlContext> {
  constructor(private readonly allowance: UserAllowance) {}

  async requestDidStart(): Promise<GraphQLRequestListener<GraphqlContext>> {
    return {
      didResolveOperation: async ({ schema, document, request, operationName, contextValue }) => {
        const { variables } = request;
        const cost = measureCost({ schema, document, operationName, variables });
        if (cost === undefined) return;
        const fault = findCostFault(cost);
        if (fault) throw withStatus(fault, 400);
        try {
          await this.allowance.assertCost(contextValue.principal.userId, cost);
        } catch (error) {
          throw toHttpError(error as DomainError);
        }
      },
    };
  }
}

function toHttpError(error: DomainError): GraphQLError {
  const headers = new Map([['retry-after', String(error.retryAfterSeconds ?? 1)]]);
  return new GraphQLError(error.message, {
    originalError: error,
    extensions: { http: { status: 429, headers } },
  });
}

function withStatus(error: GraphQLError, status: number): GraphQLError {
  return new GraphQLError(error.message, { extensions: { ...error.extensions, http: { status } } });
}
