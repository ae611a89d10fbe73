import { Controller, Get, type OnModuleInit, Req } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiKeyDoor } from '../auth/api-key-door.js';
import type { Verdict } from '../auth/api-key-verdict.js';
import { readErrorCode, sendProblem } from '../common/problem.js';
import { ByApiKey } from '../common/public.decorator.js';
import { HealthWatch } from '../monitors/health-watch.js';
import { IngestionCounts } from './ingestion-counts.js';
import { HubIdentity } from '../storage/hub-identity.js';
import { readVia, VIA_HEADER } from '../common/via.js';
import { findRefusal, IngestionService, type MonitorConfig } from './ingestion.service.js';

export const INGESTION_PATH = '/api/monitoring/data';

interface DoorDescription {
  /** The hub's clock, epoch milliseconds. */
  readonly now: number;
  readonly config: MonitorConfig;
  /** When the hub last received a report of this monitor, epoch milliseconds; null = never. */
  readonly lastReceivedAt: number | null;
}

/**
 * The door for reports.
 *
 * The POST is a native Fastify route beside Nest's: the hottest path of the hub, twice as cheap without
 * the framework's pipes and guard chain. Its key is judged in `onRequest`, before a byte of the body is
 * read, by the same verdict that the API-key strategy gives to Nest's routes.
 */
@ApiTags('ingestion')
@Controller('api/monitoring')
export class IngestionController implements OnModuleInit {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly door: ApiKeyDoor,
    private readonly ingestion: IngestionService,
    private readonly counts: IngestionCounts,
    private readonly health: HealthWatch,
    private readonly identity: HubIdentity,
  ) {}

  onModuleInit(): void {
    const fastify = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
    fastify.post(INGESTION_PATH, {
      config: { boundsItsWaits: true, takesBytes: true },
      onRequest: (request, _, done) => this.admit(request, done),
      handler: (request, reply) => this.receive(request, reply),
      onError: (_request, _reply, error, done) => {
        this.counts.refused.add(readErrorCode(error));
        done();
      },
    });
  }

  @Get('data')
  @ByApiKey()
  @ApiSecurity('reportKey')
  @ApiOperation({ summary: 'What the hub wants of this key’s monitor: tells whether a key works.' })
  describe(@Req() request: FastifyRequest): DoorDescription {
    const { monitorId } = request.verdict!;
    return {
      now: Date.now(),
      config: this.ingestion.describeConfig(monitorId),
      lastReceivedAt: this.health.lastHeardOf(monitorId)?.receivedAt ?? null,
    };
  }

  private admit(request: FastifyRequest, done: (error?: Error) => void): void {
    let verdict: Verdict | Promise<Verdict>;
    try {
      verdict = this.door.admit(request.headers, request.ip);
    } catch (error) {
      done(error as Error);
      return;
    }
    if (!(verdict instanceof Promise)) {
      request.verdict = verdict;
      done();
      return;
    }
    verdict.then(
      (known) => {
        request.verdict = known;
        done();
      },
      (error: Error) => done(error),
    );
  }

  private async receive(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const begunAt = performance.now();
    const via = readVia(request.headers[VIA_HEADER], this.identity.id);
    const body = request.body as Buffer;
    const answer = await this.ingestion.receive(request.verdict!.monitorId, body, request.ip, via);
    this.counts.noteDuration(begunAt);
    const refusal = findRefusal(answer);
    if (refusal) {
      sendProblem(reply, refusal, { ...answer });
      return;
    }
    void reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(answer));
  }
}
