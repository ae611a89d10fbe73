import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server, ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../../core/errors.js';
import { renderRawProblem, sendProblem } from '../problem.js';
import { dropApiTrailingSlash, stripBasePath } from './base-path.js';
import { MAX_WIRE_BYTES, parseJsonBody } from './body-parser.js';
import { findConnectionLimit, limitConnections } from './connection-limit.js';
import type { DoorConfig } from './door-config.js';
import { createHostCheck } from './own-hosts.js';
import { buildSecurityHeaders } from './security-headers.js';
import type { TlsSource } from '../tls/tls-identity.js';
import { buildTlsOptions, followTls } from '../tls/tls-server.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** This route's handler never waits without an end of its own: it needs no timer for each request. */
    boundsItsWaits?: boolean;
  }
}

/**
 * How often Node looks for late requests (30 s by default). Those that are late together, such as a flood's, are
 * answered together, and all others wait meanwhile: few at a time are hardly noticed.
 */
const LATENESS_CHECK_MS = 100;
const GRAPHQL_BODY_BYTES = 64 * 1024;
const SERVER_OPTIONS = {
  maxHeaderSize: 16 * 1024,
  // Clients that offer HTTP/2 by an upgrade get their answer over HTTP/1.1 instead of no answer.
  shouldUpgradeCallback: (request: IncomingMessage) => request.headers.upgrade?.toLowerCase() === 'websocket',
};

/** How long a request may take, in milliseconds; what takes longer is answered and cut. */
export interface DoorTimeouts {
  /** Until the last header is here: 408. */
  readonly headersMs: number;
  /** Until the last byte of the body is here: 408. */
  readonly requestMs: number;
  /** The same and what the API then makes of it: 503. */
  readonly handlerMs: number;
}

// A second below 15 and 30, for the answer to arrive.
const TIMEOUTS: DoorTimeouts = { headersMs: 14_000, requestMs: 29_000, handlerMs: 45_000 };

export interface HttpAdapterOptions {
  readonly timeouts?: DoorTimeouts;
  /** Where the hub itself speaks TLS. */
  readonly tls?: TlsSource;
}

/** The HTTP server of the hub with all its limits. Create the Nest application with `bodyParser: false`. */
export function createHttpAdapter(
  config: DoorConfig,
  { timeouts = TIMEOUTS, tls }: HttpAdapterOptions = {},
): FastifyAdapter {
  const createRequestId = createRequestIdSource();
  const setHeaders = createHeaderSetter(config);
  const serverOptions = {
    ...SERVER_OPTIONS,
    headersTimeout: timeouts.headersMs,
    connectionsCheckingInterval: Math.min(LATENESS_CHECK_MS, timeouts.headersMs),
  };
  const options: FastifyHttpOptions<Server> & { http?: ServerOptions; https?: ServerOptions } = {
    ...(tls ? { https: { ...serverOptions, ...buildTlsOptions(tls) } } : { http: serverOptions }),
    requestTimeout: timeouts.requestMs,
    // Reports each 10 to 60 s find their connection still open; beyond that an idle one is not worth keeping.
    keepAliveTimeout: 75_000,
    bodyLimit: MAX_WIRE_BYTES,
    logger: false,
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    requestIdHeader: false,
    genReqId: createRequestId,
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, ignoreDuplicateSlashes: false },
    rewriteUrl: (request) => dropApiTrailingSlash(stripBasePath(request.url ?? '/', config.basePath)),
    frameworkErrors: (_error, request, reply) => {
      setHeaders(request, reply);
      // Not echoed, and no stricter than an unknown path: the router could not even read it.
      sendProblem(reply, new DomainError('not_found', 'There is nothing at this address.'));
    },
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket as Socket, createRequestId()),
  };
  const adapter = new FastifyAdapter(options);
  const instance = adapter.getInstance() as unknown as FastifyInstance;
  setUpInstance(instance, config, setHeaders, timeouts);
  limitConnections(instance.server, findConnectionLimit());
  if (tls) followTls(instance, tls);
  return adapter;
}

function setUpInstance(
  instance: FastifyInstance,
  config: DoorConfig,
  setHeaders: (request: FastifyRequest, reply: FastifyReply) => void,
  timeouts: DoorTimeouts,
): void {
  const isAllowedHost = createHostCheck(config);
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('*', parseJsonBody as never);
  instance.addHook('onRoute', (route) => {
    if (route.url === '/graphql') route.bodyLimit = GRAPHQL_BODY_BYTES;
    // Not the page's files, which a slow line may take long to carry, nor a hot route that bounds its waits itself.
    const hasDeadline = /^\/(?:api\/|graphql$)/.test(route.url) && !route.config?.boundsItsWaits;
    if (hasDeadline) route.handlerTimeout = timeouts.handlerMs;
  });
  instance.addHook('onRequest', (request, reply, done) => {
    setHeaders(request, reply);
    if (!isAllowedHost(request.headers.host)) {
      done(
        new DomainError(
          'misdirected_host',
          'This host name is not one of the hub. Set PUBLIC_URL, or add the name to WATCHKEEPER_ALLOWED_HOSTS.',
        ),
      );
    } else if (request.raw.url?.charCodeAt(0) !== 0x2f) {
      // An absolute-form or asterisk target: a door that nobody needs and that others have been entered by.
      done(new DomainError('invalid_input', 'The request target must be a path.'));
    } else done();
  });
}

function createHeaderSetter(config: DoorConfig): (request: FastifyRequest, reply: FastifyReply) => void {
  const headers = buildSecurityHeaders(config);
  const unstored = { ...headers, 'cache-control': 'no-store' };
  return (request, reply) => {
    const url = request.raw.url ?? '';
    reply.headers(url.startsWith('/api/') || url.startsWith('/graphql') ? unstored : headers);
  };
}

/** Short ids, unique over restarts; a counter is enough within one process and costs nothing on the hot route. */
export function createRequestIdSource(): () => string {
  const boot = randomBytes(5).toString('hex');
  let count = 0;
  return () => `${boot}-${(++count).toString(36)}`;
}

/** Answers what the HTTP parser itself refused or gave up waiting for; Fastify never sees such a request. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket, requestId: string): void {
  if (socket.destroyed || error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const answer =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? new DomainError('timeout', 'The request did not arrive in time.')
      : new DomainError('invalid_input', 'This is not an HTTP request that the hub can read.');
  socket.write(renderRawProblem(answer, requestId));
  socket.destroySoon();
}
