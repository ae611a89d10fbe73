import { Module, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { AddressInfo, Server } from 'node:net';
import { HUB_CONFIG, type HubConfig } from '../../config/hub-config.js';
import { type ClosedDoor, Outbound } from './outbound.js';

const POSTGRES_PORT = 5432;

/** Gives `Outbound` to the features that call other servers. */
@Module({
  providers: [
    {
      provide: Outbound,
      inject: [HUB_CONFIG, HttpAdapterHost],
      useFactory: (config: HubConfig, host: HttpAdapterHost) =>
        new Outbound({
          allowedCidrs: config.outboundAllowedCidrs,
          closedDoors: () => listClosedDoors(config, host),
        }),
    },
  ],
  exports: [Outbound],
})
export class OutboundModule implements OnModuleDestroy {
  constructor(private readonly outbound: Outbound) {}

  onModuleDestroy(): void {
    this.outbound.close();
  }
}

/** Where the hub itself listens, and its Postgres: nobody may speak to them in the hub's name. */
function listClosedDoors(config: HubConfig, { httpAdapter }: HttpAdapterHost): ClosedDoor[] {
  const bound = (httpAdapter?.getHttpServer() as Server | undefined)?.address() as
    AddressInfo | null | undefined;
  const doors: ClosedDoor[] = [{ port: bound?.port ?? config.port }, { port: POSTGRES_PORT }];
  if (config.metrics?.port !== undefined) doors.push({ port: config.metrics.port });
  for (const url of [config.databaseUrl, config.ownerDatabaseUrl]) {
    if (url === undefined) continue;
    const database = new URL(url.replace('@/', '@localhost/'));
    const host = database.searchParams.get('host') ?? database.hostname.replace(/^\[|\]$/g, '');
    const port = Number(database.searchParams.get('port') ?? (database.port || POSTGRES_PORT));
    if (!host.startsWith('/')) doors.push({ host, port });
    if (host === 'localhost') doors.push({ port });
  }
  return doors;
}
