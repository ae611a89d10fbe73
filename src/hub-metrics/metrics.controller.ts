import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BadKeyLimiter } from '../auth/limits/bad-key-limiter.js';
import { Public } from '../common/public.decorator.js';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { DomainError } from '../core/errors.js';
import { MetricsRegistry } from './metrics-registry.js';
import { showsToken } from './metrics-token.js';

/** The hub's own metrics on its main port; there only where a token is set, which stands in for a user. */
@ApiExcludeController()
@Public()
@Controller()
export class MetricsController {
  constructor(
    private readonly registry: MetricsRegistry,
    private readonly limiter: BadKeyLimiter,
    @Inject(HUB_CONFIG) private readonly config: Pick<HubConfig, 'metrics'>,
  ) {}

  @Get('metrics')
  async read(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (!showsToken(request.headers.authorization, this.config.metrics!.token!)) {
      const retryAfterSeconds = await this.limiter.isBlocked(request.ip);
      if (retryAfterSeconds !== undefined)
        throw new DomainError('too_many_requests', 'Too many wrong tokens.', undefined, retryAfterSeconds);
      await this.limiter.noteBadKey(request.ip);
      throw new DomainError('unauthenticated', 'The token is missing or not valid.');
    }
    const body = await this.registry.render();
    void reply
      .header('content-type', this.registry.contentType)
      .header('cache-control', 'no-store')
      .send(body);
  }
}
