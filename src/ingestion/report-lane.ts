import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { ApiKeyDoor } from '../auth/api-key-door.js';
import type { Verdict } from '../auth/api-key-verdict.js';
import { MAX_WIRE_BYTES } from '../common/http/body-parser.js';
import { createRequestIdSource } from '../common/http/create-http-adapter.js';
import { createHostCheck } from '../common/http/own-hosts.js';
import { buildSecurityHeaders } from '../common/http/security-headers.js';
import { readErrorCode, writeProblem } from '../common/problem.js';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { DomainError } from '../core/errors.js';
import { INGESTION_PATH } from './ingestion.controller.js';
import { IngestionCounts } from './ingestion-counts.js';
import { VIA_HEADER } from '../common/via.js';
import { findRefusal, type IngestionAnswer, IngestionService } from './ingestion.service.js';

/**
 * The short way in for reports that are sent as agents send them: a POST with a key that is known, plain JSON of
 * an announced length. It lies before Fastify, whose routing, hooks and request objects cost as much as all the rest.
 * Everything else, and every refusal that can be told before the body, takes the general way
 * (`IngestionController`): this one knows no rule that the other does not have.
 */
@Injectable()
export class ReportLane implements OnModuleInit {
  private readonly logger = new Logger(ReportLane.name);
  private readonly isAllowedHost: (header: string | undefined) => boolean;
  private readonly path: string;
  private readonly hasProxies: boolean;
  private readonly headers: readonly string[];
  private readonly problemHeaders: Record<string, string>;
  private readonly createRequestId = createRequestIdSource();
  private isClosing = false;

  constructor(
    @Inject(HUB_CONFIG) config: HubConfig,
    private readonly adapterHost: HttpAdapterHost,
    private readonly door: ApiKeyDoor,
    private readonly ingestion: IngestionService,
    private readonly counts: IngestionCounts,
  ) {
    this.isAllowedHost = createHostCheck(config);
    this.path = config.basePath + INGESTION_PATH;
    this.hasProxies = config.trustedProxies.length > 0;
    this.problemHeaders = { ...buildSecurityHeaders(config), 'cache-control': 'no-store' };
    this.headers = [
      ...Object.entries(this.problemHeaders).flat(),
      ...['content-type', 'application/json; charset=utf-8'],
    ];
  }

  onModuleInit(): void {
    const adapter = this.adapterHost.httpAdapter;
    const server = adapter.getHttpServer() as Server;
    const general = server.listeners('request') as RequestListener[];
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
      if (!this.take(request, response))
        for (const listener of general) listener.call(server, request, response);
    });
    adapter.getInstance<FastifyInstance>().addHook('preClose', (done) => {
      this.isClosing = true;
      done();
    });
  }

  /** Whether this request goes this way; then it will be answered. */
  private take(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'POST' || request.url !== this.path || this.isClosing) return false;
    const length = this.findLength(request);
    const verdict = length === undefined ? undefined : this.findVerdict(request);
    if (length === undefined || !verdict) return false;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A sender that goes away in between gets no answer, and nothing is stored: `end` comes only when all is here.
    request.on('end', () => {
      const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length);
      const begunAt = performance.now();
      this.ingestion.receive(verdict.monitorId, body, request.socket.remoteAddress).then(
        (answer) => {
          this.counts.noteDuration(begunAt);
          this.answer(response, answer);
        },
        (error: unknown) => {
          this.counts.refused.add(readErrorCode(error));
          this.refuse(response, error);
        },
      );
    });
    return true;
  }

  /** The length of a body that this way is for. */
  private findLength({ headers }: IncomingMessage): number | undefined {
    const isPlain =
      headers['content-type'] === 'application/json' &&
      headers['content-encoding'] === undefined &&
      headers['transfer-encoding'] === undefined &&
      headers[VIA_HEADER] === undefined &&
      // Whose address that is, Fastify works out.
      !(this.hasProxies && headers['x-forwarded-for'] !== undefined) &&
      this.isAllowedHost(headers.host);
    const length = Number(headers['content-length']);
    return isPlain && length > 0 && length <= MAX_WIRE_BYTES ? length : undefined;
  }

  private findVerdict(request: IncomingMessage): Verdict | undefined {
    try {
      return this.door.admitKnown(request.headers, request.socket.remoteAddress ?? '');
    } catch {
      // The general way finds the same fault, and says so.
      return undefined;
    }
  }

  private answer(response: ServerResponse, answer: IngestionAnswer): void {
    const refusal = findRefusal(answer);
    if (refusal) {
      this.refuse(response, refusal, { ...answer });
      return;
    }
    const body = JSON.stringify(answer);
    // An answer to a request from before the end of the hub is the last one of its connection.
    const closing = this.isClosing ? ['connection', 'close'] : [];
    response.writeHead(200, [...this.headers, ...closing, 'content-length', String(Buffer.byteLength(body))]);
    response.end(body);
  }

  private refuse(response: ServerResponse, error: unknown, members?: Record<string, unknown>): void {
    const requestId = this.createRequestId();
    if (!(error instanceof DomainError)) {
      this.logger.error(`request ${requestId} failed`, error instanceof Error ? error.stack : String(error));
    }
    for (const [name, value] of Object.entries(this.problemHeaders)) response.setHeader(name, value);
    if (this.isClosing) response.setHeader('connection', 'close');
    writeProblem(response, error, requestId, members);
  }
}
