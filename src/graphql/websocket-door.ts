import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { readPersonalToken, UserDoor } from '../auth/user-door.js';
import { createClientAddressReader } from '../common/http/client-address.js';
import type { RequestOrigin } from '../common/principal.js';
import { renderRawProblem } from '../common/problem.js';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { DomainError } from '../core/errors.js';
import { EventBus } from '../events/event-bus.js';
import { OpenSockets } from './open-sockets.js';
import { SocketOperations } from './socket-operations.js';
import { createUpgradeCheck } from './upgrade-check.js';
import { UserAllowance } from './user-allowance.js';

const MAX_UPGRADES_IN_FLIGHT = 100;
/** Sockets that have not said yet who they are, at once. */
const MAX_UNKNOWN = 50;
const INIT_WAIT_SECONDS = 3;
const UPGRADE_DEADLINE_MS = 10_000;
const TEND_EVERY_MS = 1_000;
const GOODBYE_MS = 2_000;
const SERVER_OPTIONS: ServerOptions & {
  maxFragments: number;
  maxBufferedChunks: number;
  closeTimeout: number;
} = {
  noServer: true,
  clientTracking: false,
  maxPayload: 64 * 1024,
  maxFragments: 64,
  maxBufferedChunks: 1024,
  perMessageDeflate: false,
  // Whoever does not answer a goodbye would keep its place for half a minute.
  closeTimeout: GOODBYE_MS,
  handleProtocols: (offered) => offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) && GRAPHQL_TRANSPORT_WS_PROTOCOL,
};

/** The hub's only way from an HTTP upgrade to GraphQL: see docs/decisions/0002-own-websocket-door.md. */
@Injectable()
export class WebsocketDoor implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('websocket');
  private readonly sockets = new OpenSockets();
  private readonly operations: SocketOperations;
  private readonly webSocketServer = new WebSocketServer(SERVER_OPTIONS);
  private readonly checkUpgrade: (request: IncomingMessage) => DomainError | undefined;
  private readonly readAddress: (request: IncomingMessage) => string;
  private readonly arriving = new Set<Socket>();
  /** Open, and not yet said who they are. */
  private readonly unknown = new Set<WebSocket>();
  private tending: NodeJS.Timeout | undefined;
  private isStopping = false;

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly door: UserDoor,
    private readonly allowance: UserAllowance,
    events: EventBus,
    schemaHost: GraphQLSchemaHost,
    @Inject(HUB_CONFIG) config: HubConfig,
  ) {
    this.checkUpgrade = createUpgradeCheck(config);
    this.readAddress = createClientAddressReader(config.trustedProxies);
    this.operations = new SocketOperations(() => schemaHost.schema, allowance);
    events.on('session.ended', ({ sessionId }) => this.sockets.closeSession(sessionId));
    events.on('access.lost', ({ userIds }) => this.sockets.closeUsers(userIds));
    events.on('access.changed', () => {
      this.sockets.recheckAll();
      void this.tend();
    });
  }

  /** Sockets that are open. */
  get openCount(): number {
    return this.sockets.size;
  }

  onApplicationBootstrap(): void {
    const server = this.adapterHost.httpAdapter.getHttpServer() as Server;
    server.on('upgrade', (request, socket, head) => this.receive(request, socket as Socket, head));
    this.tending = setInterval(() => void this.tend(), TEND_EVERY_MS).unref();
  }

  onModuleDestroy(): Promise<void> {
    return this.stop();
  }

  /** Tells every socket to go (1001) and resolves when none is left, after two seconds at the latest. */
  async stop(): Promise<void> {
    if (this.isStopping) return;
    this.isStopping = true;
    clearInterval(this.tending);
    for (const socket of this.arriving) socket.destroy();
    for (const socket of this.unknown) socket.terminate();
    this.sockets.closeAll(1001, 'Going away');
    const giveUpAt = Date.now() + GOODBYE_MS;
    while (this.sockets.size > 0 && Date.now() < giveUpAt)
      await new Promise((resolve) => setTimeout(resolve, 20));
    this.sockets.terminateAll();
  }

  private receive(request: IncomingMessage, socket: Socket, head: Buffer): void {
    // First of all: Node has taken its own listener off, and a reset before there is another ends the process.
    socket.on('error', () => socket.destroy());
    const isFull = this.isStopping || this.arriving.size >= MAX_UPGRADES_IN_FLIGHT;
    const refusal = isFull
      ? new DomainError('overloaded', 'Try again.', undefined, 1)
      : this.checkUpgrade(request);
    if (refusal) {
      refuse(socket, refusal);
      return;
    }
    this.arriving.add(socket);
    socket.once('close', () => this.arriving.delete(socket));
    socket.setTimeout(UPGRADE_DEADLINE_MS, () => socket.destroy());
    this.admit(request, socket, head)
      .catch((error: unknown) => refuse(socket, this.judgeFailure(error)))
      .finally(() => this.arriving.delete(socket));
  }

  private async admit(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const origin = {
      address: this.readAddress(request),
      requestId: `ws-${randomBytes(6).toString('hex')}`,
    };
    await this.allowance.assertMayTry(origin.address);
    const known = await this.door.authenticate(request.headers, origin.address);
    if (!known && !maySayWho(request)) {
      await this.allowance.noteStranger(origin.address);
      throw new DomainError('unauthenticated', 'Sign in first.');
    }
    if (!known && this.unknown.size >= MAX_UNKNOWN) {
      throw new DomainError('overloaded', 'Try again.', undefined, INIT_WAIT_SECONDS);
    }
    if (known) {
      this.assertRoom(known.userId);
      await this.allowance.assertConnection(known.userId);
      // Others may have come meanwhile.
      this.assertRoom(known.userId);
    }
    if (socket.destroyed || this.isStopping) {
      socket.destroy();
      return;
    }
    this.webSocketServer.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      // Broken frames end the socket by themselves; unheard they would end the process.
      webSocket.on('error', () => undefined);
      if (known) {
        const principal = { ...known, origin };
        this.sockets.add(webSocket, principal, request.headers, Date.now());
        this.operations.serve(webSocket, principal);
      } else this.serveUnknown(webSocket, origin);
    });
  }

  /** A program that cannot set headers says who it is in its first message, within three seconds. */
  private serveUnknown(webSocket: WebSocket, origin: RequestOrigin): void {
    this.unknown.add(webSocket);
    webSocket.once('close', () => {
      if (this.unknown.delete(webSocket)) void this.allowance.noteStranger(origin.address);
    });
    this.operations.serve(webSocket, async ({ authorization }) => {
      if (typeof authorization !== 'string') return undefined;
      const headers = { authorization };
      if (readPersonalToken(headers) === undefined) return undefined;
      const known = await this.door.authenticate(headers, origin.address).catch(() => undefined);
      if (!known || !this.sockets.hasRoomFor(known.userId)) return undefined;
      await this.allowance.assertConnection(known.userId);
      const isOpen = webSocket.readyState === webSocket.OPEN && !this.isStopping;
      if (!isOpen || !this.sockets.hasRoomFor(known.userId)) return undefined;
      const principal = { ...known, origin };
      this.unknown.delete(webSocket);
      this.sockets.add(webSocket, principal, headers, Date.now());
      return principal;
    });
  }

  private assertRoom(userId: string): void {
    if (this.sockets.hasRoomFor(userId)) return;
    throw new DomainError('too_many_requests', 'This user has too many open connections.', undefined, 60);
  }

  private judgeFailure(error: unknown): DomainError {
    if (error instanceof DomainError) return error;
    this.logger.error('a session could not be looked up', error instanceof Error ? error.stack : undefined);
    return new DomainError('storage_unavailable', 'The session could not be looked up.', undefined, 5);
  }

  private async tend(): Promise<void> {
    await Promise.all(
      this.sockets.tend(Date.now()).map(async (open) => {
        try {
          const { role, origin } = open.principal;
          const known = await this.door.authenticate(open.headers, origin?.address ?? '');
          // With another role the socket would go on with the rights of the old one.
          if (known?.role !== role) open.socket.close(4403, 'Forbidden');
        } catch {
          // A database that is away for a moment is no reason to sign everybody out.
        }
      }),
    );
  }
}

/** Whether this is a program without any credential in its headers; a browser's page always has a session. */
function maySayWho({ headers }: IncomingMessage): boolean {
  return headers.cookie === undefined && headers.authorization === undefined && headers.origin === undefined;
}

function refuse(socket: Socket, error: DomainError): void {
  if (socket.destroyed) return;
  socket.write(renderRawProblem(error, 'upgrade'));
  socket.destroySoon();
}
