import { randomUUID } from 'node:crypto';
import { HttpException, Logger } from '@nestjs/common';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import {
  buildProblem,
  describeSlowStatement,
  explainError,
  isDatabaseSlow,
  listFaults,
  readErrorCode,
} from '../common/problem.js';
import { DomainError } from '../core/errors.js';

/** Faults of the operation itself, found before anything ran: GraphQL's own texts are of use and hold no secret. */
const OPERATION_CODES = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
]);
const SUGGESTION = / Did you mean [\s\S]*\?$/;

const logger = new Logger('graphql');

/**
 * What a client sees of an error: `extensions.code` is stable (a code of `core/errors`, or GraphQL's own for
 * a faulty operation), `extensions.errors` names faults of an input. Anything unexpected is masked; its
 * `extensions.requestId` is in the log beside the stack.
 */
export function formatGraphqlError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const { path, locations } = formatted;
  const place = { ...(locations && { locations }), ...(path && { path }) };
  const fault = findCause(error);
  if (isDatabaseSlow(fault)) logger.warn(`an operation was given up: ${describeSlowStatement(fault)}`);
  const cause = explainError(fault);
  if (cause instanceof DomainError && cause.code !== 'internal') {
    return { message: cause.message, ...place, extensions: describeDomainError(cause) };
  }
  const code = readErrorCode(cause);
  if ((cause instanceof HttpException || code === 'storage_unavailable') && code !== 'internal') {
    return { message: buildProblem(cause, '').title, ...place, extensions: { code } };
  }
  const operationCode = String(formatted.extensions?.code);
  if (OPERATION_CODES.has(operationCode)) {
    return {
      message: formatted.message.replace(SUGGESTION, ''),
      ...place,
      extensions: { code: operationCode },
    };
  }
  const requestId = randomUUID();
  logger.error(`operation ${requestId} failed`, cause instanceof Error ? cause.stack : undefined);
  return {
    message: 'Something went wrong in the hub.',
    ...place,
    extensions: { code: 'internal', requestId },
  };
}

function describeDomainError(error: DomainError): Record<string, unknown> {
  const errors = listFaults(error);
  return {
    code: error.code,
    ...(errors && { errors }),
    ...(error.retryAfterSeconds !== undefined && { retryAfterSeconds: error.retryAfterSeconds }),
  };
}

function findCause(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}
