import fastifyStatic from '@fastify/static';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SessionService } from '../auth/session.service.js';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { DomainError } from '../core/errors.js';
import { BuiltPage } from './built-page.js';
import { PAGE_FOLDERS, type PageFolders } from './page-folders.js';
import { buildDashboardPolicy, buildGraphiqlPolicy } from './page-policy.js';

const GRAPHIQL_PREFIX = 'graphiql/';
const NOT_BUILT = 'The pages are not built. Run "npm start", or "npm -w web run build" and start again.\n';

/**
 * Serves the pages, on every address that no other route has. The dashboard's files are public (they hold
 * nothing); GraphiQL is for signed-in users.
 */
@Injectable()
export class PageRoutes implements OnModuleInit {
  private readonly logger = new Logger('page');
  private dashboard: BuiltPage | undefined;
  private graphiql: BuiltPage | undefined;

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly sessions: SessionService,
    @Inject(HUB_CONFIG) private readonly config: HubConfig,
    @Inject(PAGE_FOLDERS) private readonly folders: PageFolders,
  ) {}

  onModuleInit(): void {
    const instance = this.adapterHost.httpAdapter?.getInstance<FastifyInstance>();
    if (!instance) return;
    const { basePath } = this.config;
    this.dashboard = BuiltPage.load(this.folders.dashboard, basePath, buildDashboardPolicy);
    this.graphiql = BuiltPage.load(this.folders.graphiql, basePath, buildGraphiqlPolicy);
    if (!this.dashboard) this.logger.warn(NOT_BUILT.trim());
    instance.register(fastifyStatic, { serve: false, root: this.folders.dashboard, preCompressed: true });
    instance.get<{ Params: { '*': string } }>('/*', (request, reply) =>
      this.answer(request, reply, request.params['*']),
    );
  }

  private async answer(request: FastifyRequest, reply: FastifyReply, file: string): Promise<FastifyReply> {
    if (/^(api|graphql|metrics)(\/|$)/.test(file)) throw nothingHere();
    if (file === 'graphiql') return reply.redirect(`${this.config.basePath}/${GRAPHIQL_PREFIX}`);
    if (file.startsWith(GRAPHIQL_PREFIX))
      return this.answerGraphiql(request, reply, file.slice(GRAPHIQL_PREFIX.length));
    if (!this.dashboard) return sendNotBuilt(reply);
    if (this.dashboard.has(file)) return this.dashboard.sendFile(reply, file);
    // A browser asking for a script must not get the page instead: it would fail with a riddle.
    if (file.startsWith('_app/') || /\.(js|css|map|json|png|ico|svg|txt|webmanifest|woff2?)$/.test(file)) {
      throw nothingHere();
    }
    return this.dashboard.sendIndex(request, reply);
  }

  private async answerGraphiql(
    request: FastifyRequest,
    reply: FastifyReply,
    file: string,
  ): Promise<FastifyReply> {
    const isIndex = file === '' || file === 'index.html';
    reply.header('cache-control', 'no-store');
    if (!(await this.sessions.authenticate(request.headers))) {
      if (!isIndex) throw new DomainError('unauthenticated', 'Sign in first.');
      const { basePath } = this.config;
      return reply.redirect(`${basePath}/login?next=${encodeURIComponent(`${basePath}/${GRAPHIQL_PREFIX}`)}`);
    }
    if (!this.graphiql) return sendNotBuilt(reply);
    if (isIndex) return this.graphiql.sendIndex(request, reply);
    if (!this.graphiql.has(file)) throw nothingHere();
    return this.graphiql.sendFile(reply, file);
  }
}

function nothingHere(): DomainError {
  return new DomainError('not_found', 'There is nothing at this address.');
}

function sendNotBuilt(reply: FastifyReply): FastifyReply {
  return reply.code(503).header('content-type', 'text/plain; charset=utf-8').send(NOT_BUILT);
}
