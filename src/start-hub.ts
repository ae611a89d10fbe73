import 'reflect-metadata';
import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { SetupService } from './auth/setup.service.js';
import { printSetupLink } from './auth/setup-notice.js';
import { createHubApp } from './common/http/create-hub-app.js';
import { createHubLogger } from './common/http/logging.js';
import { mountOpenApi } from './common/http/openapi.js';
import { installShutdown } from './common/http/shutdown.js';
import type { HubConfig } from './config/hub-config.js';
import { readConfig } from './config/read-config.js';
import type { OpenDatabase } from './database/open-database.js';
import { openDatabase } from './database/open-database.js';
import { WebsocketDoor } from './graphql/websocket-door.js';
import { INGESTION_PATHS } from './ingestion/ingestion.openapi.js';
import { HUB_VERSION } from './config/hub-version.js';
import { describeStartFault, exitCodeOf } from './start-fault.js';

/** Starts the hub: configuration, database, modules, doors. What cannot work ends the process with one clear line. */
export async function startHub(): Promise<void> {
  try {
    const config = readConfig(process.env);
    if (config.timeZone) process.env['TZ'] = config.timeZone;
    await run(config, createHubLogger(config.logLevel));
  } catch (error) {
    process.stderr.write(`${describeStartFault(error)}\n`);
    process.exit(exitCodeOf(error));
  }
}

async function run(config: HubConfig, logger: LoggerService): Promise<void> {
  const log = {
    info: (line: string) => logger.log(line, 'start'),
    warn: (line: string) => logger.warn(line, 'start'),
    error: (line: string) => logger.error(line, 'start'),
  };
  const waiting = new AbortController();
  const stopWaiting = (): void => waiting.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stopWaiting);
  const database = await openDatabase(config, log, {
    signal: waiting.signal,
    onLost: () => {
      // Another hub may be writing by now: nothing may be acknowledged here any more.
      process.stderr.write(
        'The hub has lost its lock on the database and ends. Start it again to take over.\n',
      );
      process.exit(1);
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stopWaiting);
  try {
    await serve(config, database, logger);
  } catch (error) {
    await database.close().catch(() => undefined);
    throw error;
  }
}

async function serve(config: HubConfig, database: OpenDatabase, logger: LoggerService): Promise<void> {
  const app = await createHubApp(AppModule.forRoot(config, database), config, logger);
  installShutdown({
    app,
    closeSockets: () => app.get(WebsocketDoor, { strict: false }).stop(),
    closeLast: () => database.close(),
    log: (message) => logger.log(message, 'stop'),
    exit: (code) => process.exit(code),
  });
  await app.init();
  mountOpenApi(app, { version: HUB_VERSION, basePath: config.basePath, extraPaths: INGESTION_PATHS });
  await app.listen({ port: config.port, host: config.host });
  const address = publicAddress(config, app);
  const setupLink = await app.get(SetupService, { strict: false }).prepare(address);
  if (setupLink) printSetupLink(setupLink);
  warnOfPlainHttp(config, logger);
  process.stdout.write(`Watchkeeper is running: ${address}/\n`);
}

/** As users reach the hub, without a slash at the end. */
function publicAddress(config: HubConfig, app: NestFastifyApplication): string {
  if (config.publicOrigin) return config.publicOrigin + config.basePath;
  const bound = app.getHttpServer().address() as { port: number };
  const host = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}${config.basePath}`;
}

function warnOfPlainHttp(config: HubConfig, logger: LoggerService): void {
  if (!config.isHttpAllowed) return;
  logger.warn('WATCHKEEPER_ALLOW_HTTP is set: passwords, keys and samples travel unencrypted', 'start');
}
