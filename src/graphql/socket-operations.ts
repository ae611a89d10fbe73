import {
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import {
  CloseCode,
  makeServer,
  MessageType,
  type Context,
  type Server,
  type SubscribePayload,
} from 'graphql-ws';
import { Logger } from '@nestjs/common';
import type { WebSocket } from 'ws';
import type { GraphqlContext } from '../common/graphql-context.js';
import { readJsonBody } from '../common/http/json-body.js';
import type { UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { formatGraphqlError } from './format-graphql-error.js';
import { findCostFault, measureCost } from './operation-cost.js';
import { limitQueries, QUERY_LIMITS } from './query-limits.js';
import type { UserAllowance } from './user-allowance.js';

export const MAX_OPERATIONS_PER_SOCKET = 50;
const INIT_WAIT_MS = 3_000;
const MAX_VALIDATION_ERRORS = 20;
const RULES = [...specifiedRules, limitQueries];
const CLIENT_MESSAGES: ReadonlySet<unknown> = new Set([
  MessageType.ConnectionInit,
  MessageType.Ping,
  MessageType.Pong,
  MessageType.Subscribe,
  MessageType.Complete,
]);

/** Who may use a socket: known from its upgrade, or by what its first message says. */
export type SocketUser =
  UserPrincipal | ((parameters: Readonly<Record<string, unknown>>) => Promise<UserPrincipal | undefined>);

interface SocketExtra {
  principal: UserPrincipal | undefined;
  readonly introduce: Exclude<SocketUser, UserPrincipal> | undefined;
}
type SocketContext = Context<Record<string, unknown>, SocketExtra>;

/** The graphql-transport-ws protocol over sockets that the door has let in. */
export class SocketOperations {
  private readonly logger = new Logger('websocket');
  private readonly server: Server<SocketExtra>;

  constructor(
    private readonly readSchema: () => GraphQLSchema,
    private readonly allowance: UserAllowance,
  ) {
    this.server = makeServer<Record<string, unknown>, SocketExtra>({
      connectionInitWaitTimeout: INIT_WAIT_MS,
      onConnect: (context) => admit(context),
      onSubscribe: (context, _id, payload) => this.admitOperation(context, payload),
      onError: (_context, _id, _payload, errors) => errors.map(formatSocketError),
      onNext: (_context, _id, _payload, _args, { errors, ...result }) =>
        errors ? { ...result, errors: errors.map(formatSocketError) } : undefined,
    });
  }

  serve(socket: WebSocket, user: SocketUser): void {
    const isKnown = typeof user !== 'function';
    const closed = this.server.opened(
      {
        protocol: socket.protocol,
        // Resolves when the bytes have left: a slow reader holds back its own operations, nothing piles up.
        send: (data) =>
          new Promise((resolve, reject) => {
            if (socket.readyState !== socket.OPEN) resolve();
            else socket.send(data, (error) => (error ? reject(error) : resolve()));
          }),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) => {
          socket.on(
            'message',
            (data, isBinary) => void this.receive(socket, data as Buffer, isBinary, handle),
          );
        },
      },
      { principal: isKnown ? user : undefined, introduce: isKnown ? undefined : user },
    );
    socket.once('close', (code, reason) => {
      closed(code, reason.toString()).catch((error: unknown) => this.logFault(error));
    });
  }

  private async receive(
    socket: WebSocket,
    data: Buffer,
    isBinary: boolean,
    handle: (text: string) => Promise<void>,
  ): Promise<void> {
    if (isBinary || !isClientMessage(data)) {
      socket.close(CloseCode.BadRequest, 'Invalid message received');
      return;
    }
    try {
      await handle(data.toString('utf8'));
    } catch (error) {
      if (socket.readyState !== socket.OPEN) return;
      this.logFault(error);
      socket.close(CloseCode.InternalServerError, 'Internal server error');
    }
  }

  private async admitOperation(
    context: SocketContext,
    payload: SubscribePayload,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const { principal } = context.extra;
    // The library lets nobody subscribe before `onConnect` has admitted them; that it did is checked, not believed.
    if (!principal) throw new DomainError('unauthenticated', 'Sign in first.');
    try {
      if (Object.keys(context.subscriptions).length > MAX_OPERATIONS_PER_SOCKET) {
        const message = `${MAX_OPERATIONS_PER_SOCKET} operations at once are the limit of a connection.`;
        throw new DomainError('too_many_requests', message);
      }
      await this.allowance.assertOperation(principal.userId);
      return await this.prepare(principal, payload);
    } catch (error) {
      if (error instanceof DomainError) return [new GraphQLError(error.message, { originalError: error })];
      throw error;
    }
  }

  private async prepare(
    principal: UserPrincipal,
    payload: SubscribePayload,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const schema = this.readSchema();
    let document: DocumentNode;
    try {
      document = parse(payload.query, { maxTokens: QUERY_LIMITS.tokens });
    } catch (error) {
      return [withCode(error as GraphQLError, 'GRAPHQL_PARSE_FAILED')];
    }
    const errors = validate(schema, document, RULES, { maxErrors: MAX_VALIDATION_ERRORS });
    if (errors.length > 0) return errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED'));
    const { operationName, variables } = payload;
    const cost = measureCost({ schema, document, operationName, variables });
    if (cost !== undefined) {
      const fault = findCostFault(cost);
      if (fault) return [fault];
      await this.allowance.assertCost(principal.userId, cost);
    }
    const contextValue: GraphqlContext = { principal };
    return {
      schema,
      document,
      operationName: operationName ?? null,
      variableValues: variables ?? null,
      contextValue,
    };
  }

  private logFault(error: unknown): void {
    this.logger.error('a message could not be handled', error instanceof Error ? error.stack : undefined);
  }
}

/** False closes the socket with 4403. */
async function admit({ extra, connectionParams }: SocketContext): Promise<boolean> {
  const hasToken = connectionParams !== undefined && 'authorization' in lowerKeys(connectionParams);
  // One or the other: a token beside a session's cookie would leave open whose socket it is.
  if (extra.principal) return !hasToken;
  extra.principal = await extra.introduce?.(lowerKeys(connectionParams ?? {}));
  return extra.principal !== undefined;
}

function lowerKeys(parameters: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key.toLowerCase(), value]));
}

function isClientMessage(data: Buffer): boolean {
  try {
    return CLIENT_MESSAGES.has((readJsonBody(data) as { type?: unknown } | null)?.type);
  } catch {
    return false;
  }
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    extensions: { code },
  });
}

function formatSocketError(error: GraphQLError): ReturnType<typeof formatGraphqlError> {
  const formatted = error.toJSON();
  // An error without a place in the answer is one of the variables: nothing was executed.
  const code = error.extensions.code ?? (error.path === undefined ? 'BAD_USER_INPUT' : undefined);
  return formatGraphqlError({ ...formatted, extensions: { ...formatted.extensions, code } }, error);
}
