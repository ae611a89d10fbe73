import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { createHostCheck } from '../common/http/own-hosts.js';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { StartError } from '../database/start-error.js';
import { MetricsRegistry } from './metrics-registry.js';
import { showsToken } from './metrics-token.js';

const LIMITS = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 75_000,
};

/** The hub's own metrics on a port of their own, for a Prometheus beside it: `GET /metrics` and nothing else. */
@Injectable()
export class MetricsServer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('metrics');
  private server: Server | undefined;

  constructor(
    private readonly registry: MetricsRegistry,
    @Inject(HUB_CONFIG) private readonly config: HubConfig,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { port, host = '' } = this.config.metrics ?? {};
    if (port === undefined) return;
    const isOwnHost = createHostCheck(this.config);
    const server = createServer(LIMITS, (request, response) => {
      void this.answer(request, response, isOwnHost);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const message = `Port ${port} on ${host} cannot be used for metrics (${error.code}): set WATCHKEEPER_METRICS_PORT to another one.`;
        reject(new StartError(message));
      });
      server.listen(port, host, resolve);
    });
    this.server = server;
    const name = host.includes(':') ? `[${host}]` : host;
    this.logger.log(`metrics are at http://${name}:${(server.address() as { port: number }).port}/metrics`);
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { server } = this;
    if (!server) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  private async answer(
    request: IncomingMessage,
    response: ServerResponse,
    isOwnHost: (header: string | undefined) => boolean,
  ): Promise<void> {
    const refuse = (status: number): void => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end();
    };
    const { token } = this.config.metrics!;
    const path = request.url?.split('?', 1)[0];
    // A name that is not the hub's may be another site's that points here (DNS rebinding).
    if (!isOwnHost(request.headers.host)) refuse(421);
    else if (path !== '/metrics' || request.method !== 'GET') refuse(404);
    else if (token !== undefined && !showsToken(request.headers.authorization, token)) refuse(401);
    else {
      try {
        const body = await this.registry.render();
        response.writeHead(200, { 'content-type': this.registry.contentType }).end(body);
      } catch (error) {
        this.logger.error(`the metrics could not be read: ${(error as Error).message}`);
        refuse(500);
      }
    }
  }
}
