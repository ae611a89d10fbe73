import { HttpException } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { DomainError, ERROR_STATUS, type ErrorCode } from '../core/errors.js';

/** One fault of an input, beside others: the field's path (`tags.0`) and what is wrong with it. */
export interface InputFault {
  readonly path: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/** An input refused for several reasons at once: the answer names each of them. */
export class InputError extends DomainError {
  constructor(readonly faults: readonly InputFault[]) {
    const first = faults[0];
    super(first?.code ?? 'invalid_input', first?.message ?? 'The input is not valid.', first?.path);
    this.name = 'InputError';
  }
}

/** The body of every error answer (RFC 9457). It never repeats what the sender wrote. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly requestId: string;
  readonly errors?: readonly InputFault[];
}

export const PROBLEM_TYPE_PREFIX = 'urn:watchkeeper:problem:';

const TITLES: Record<ErrorCode, string> = {
  malformed_json: 'The body is not valid JSON',
  too_deep: 'The body is nested too deeply',
  forbidden_key: 'The body has a forbidden key',
  bad_encoding: 'The body cannot be decompressed',
  invalid_input: 'The input is not valid',
  unknown_field: 'The input has an unknown field',
  not_available_yet: 'Not available yet',
  forwarding_loop: 'Forwarding in a circle',
  unauthenticated: 'Sign-in needed',
  setup_required: 'Set-up needed',
  forbidden: 'Not allowed',
  not_found: 'Not found',
  method_not_allowed: 'Method not allowed',
  timeout: 'The request took too long',
  conflict: 'Conflict',
  monitor_stopped: 'The monitor is stopped',
  version_conflict: 'Somebody else was faster',
  body_too_large: 'The body is too large',
  unsupported_media_type: 'Media type not supported',
  misdirected_host: 'Unknown host name',
  nothing_accepted: 'Nothing was accepted',
  too_many_requests: 'Too many requests',
  internal: 'Internal error',
  overloaded: 'Too busy',
  storage_unavailable: 'Storage is not available',
  storage_full: 'Storage is full',
  not_ready: 'Not ready',
};

const CODE_OF_STATUS: Record<number, ErrorCode> = {
  400: 'invalid_input',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'timeout',
  409: 'conflict',
  412: 'version_conflict',
  413: 'body_too_large',
  414: 'not_found',
  415: 'unsupported_media_type',
  421: 'misdirected_host',
  422: 'invalid_input',
  429: 'too_many_requests',
  431: 'invalid_input',
  503: 'overloaded',
};

/** The stable code of anything that was thrown; what is not one of ours and has no client status is `internal`. */
export function readErrorCode(error: unknown): ErrorCode {
  if (error instanceof DomainError) return error.code;
  if (isDatabaseAway(error)) return 'storage_unavailable';
  if (isDatabaseSlow(error)) return 'overloaded';
  const status =
    error instanceof HttpException
      ? error.getStatus()
      : (error as { statusCode?: unknown } | null)?.statusCode;
  return (typeof status === 'number' && CODE_OF_STATUS[status]) || 'internal';
}

/** SQLSTATE classes and system calls that mean: Postgres is not there, or just going. */
const AWAY_CODE = /^(08...|57P0[1-3]|ECONNREFUSED|ECONNRESET|EPIPE|ENOENT)$/;
const AWAY_MESSAGE = /^Connection terminated|^timeout exceeded when trying to connect/;

/** What TypeORM says where the connection of an open transaction was cut. */
const CUT_IN_TRANSACTION = 'QueryRunnerProviderAlreadyReleasedError';

/** Whether the database could not be reached; an error of pg, alone or as TypeORM wraps it. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall, message } = readDriverFault(error);
  // A file that is missing has the same code as a socket that is missing.
  if (code === 'ENOENT') return syscall === 'connect';
  if (error.name === CUT_IN_TRANSACTION) return true;
  return (code !== undefined && AWAY_CODE.test(code)) || AWAY_MESSAGE.test(message);
}

/** Cut by a timeout of its own or of a lock, the victim of a deadlock, a transaction left open. */
const SLOW_CODE = /^(57014|55P03|40P01|25P03)$/;

/** Whether Postgres gave up a statement because it took or waited too long: nothing of it was done. */
export function isDatabaseSlow(error: unknown): error is Error {
  return error instanceof Error && SLOW_CODE.test(readDriverFault(error).code ?? '');
}

/** The error of pg where TypeORM has wrapped it. */
function readDriverFault(error: Error): NodeJS.ErrnoException {
  return (error as { driverError?: NodeJS.ErrnoException }).driverError ?? error;
}

const SLOW_RETRY_SECONDS = 5;

/** What somebody who asked is told: a database that is too slow as an error of the domain; all else as it is. */
export function explainError(error: unknown): unknown {
  if (!isDatabaseSlow(error)) return error;
  return new DomainError(
    'overloaded',
    'The database took too long, so this was not done. Try again in a moment; if it stays so, the machine of the hub ' +
      'is too busy, or something else holds its database.',
    undefined,
    SLOW_RETRY_SECONDS,
  );
}

/** One line for the log: what was given up, never its values. */
export function describeSlowStatement(error: Error): string {
  const { query = '' } = error as { query?: string };
  return `${error.message}${query && `: ${query.replace(/\s+/g, ' ').slice(0, 200)}`}`;
}

export function buildProblem(error: unknown, requestId: string): Problem {
  const code = readErrorCode(error);
  const errors = listFaults(error);
  const isOurs = error instanceof DomainError && code !== 'internal';
  return {
    type: PROBLEM_TYPE_PREFIX + code,
    title: TITLES[code],
    status: ERROR_STATUS[code],
    code,
    ...(isOurs && { detail: error.message }),
    requestId,
    ...(errors && { errors }),
  };
}

/** The faults that an error names, if it names any. */
export function listFaults(error: unknown): readonly InputFault[] | undefined {
  if (error instanceof InputError) return error.faults;
  if (!(error instanceof DomainError) || error.path === undefined) return undefined;
  return [{ path: error.path, code: error.code, message: error.message }];
}

/**
 * Answers with a problem document; native Fastify routes use it as the filter does.
 * `members` are further members of the document (RFC 9457, section 3.2).
 */
export function sendProblem(reply: FastifyReply, error: unknown, members?: Record<string, unknown>): void {
  if (reply.sent || reply.raw.headersSent) return;
  const { status, headers, body } = renderProblem(error, reply.request.id, members);
  reply.code(status).headers(headers).send(body);
}

/** The same for a request that never came to Fastify. */
export function writeProblem(
  response: ServerResponse,
  error: unknown,
  requestId: string,
  members?: Record<string, unknown>,
): void {
  const { status, headers, body } = renderProblem(error, requestId, members);
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

function renderProblem(
  fault: unknown,
  requestId: string,
  members: Record<string, unknown> | undefined,
): { status: number; headers: Record<string, string>; body: string } {
  const error = explainError(fault);
  const problem = buildProblem(error, requestId);
  const retryAfterSeconds = readRetryAfterSeconds(error);
  return {
    status: problem.status,
    headers: {
      ...(retryAfterSeconds !== undefined && {
        'retry-after': String(Math.max(1, Math.ceil(retryAfterSeconds))),
      }),
      'content-type': 'application/problem+json',
      'x-request-id': problem.requestId,
    },
    body: JSON.stringify(members ? { ...problem, ...members } : problem),
  };
}

/** A database that is away is back in seconds, as its supervisor starts it again. */
const AWAY_RETRY_SECONDS = 2;

function readRetryAfterSeconds(error: unknown): number | undefined {
  if (error instanceof DomainError) return error.retryAfterSeconds;
  return isDatabaseAway(error) ? AWAY_RETRY_SECONDS : undefined;
}

/** The same answer for a socket that Fastify does not (or no longer) look after: one whole HTTP/1.1 message. */
export function renderRawProblem(error: DomainError, requestId: string): string {
  const problem = buildProblem(error, requestId);
  const body = JSON.stringify(problem);
  return (
    `HTTP/1.1 ${problem.status} ${problem.title}\r\n` +
    'Connection: close\r\n' +
    'Content-Type: application/problem+json\r\n' +
    'Cache-Control: no-store\r\n' +
    'X-Content-Type-Options: nosniff\r\n' +
    (error.retryAfterSeconds === undefined ? '' : `Retry-After: ${Math.ceil(error.retryAfterSeconds)}\r\n`) +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}
