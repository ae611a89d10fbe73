import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import type { LoggerService } from '@nestjs/common';
import { AppModule } from './app.module.js';
import { SetupService } from './auth/setup.service.js';
import { printSetupLink } from './auth/setup-notice.js';
import { createHubApp } from './common/http/create-hub-app.js';
import { createHubLogger } from './common/http/logging.js';
import { mountOpenApi } from './common/http/openapi.js';
import { buildPublicAddress, describeReach } from './common/http/reach.js';
import { installShutdown } from './common/http/shutdown.js';
import { openTls } from './common/tls/open-tls.js';
import type { TlsSource } from './common/tls/tls-identity.js';
import type { HubConfig } from './config/hub-config.js';
import { readConfig } from './config/read-config.js';
import type { OpenDatabase } from './database/open-database.js';
import { openDatabase } from './database/open-database.js';
import { EXIT_CONFIG, StartError } from './database/start-error.js';
import { WebsocketDoor } from './graphql/websocket-door.js';
import { INGESTION_PATHS } from './ingestion/ingestion.openapi.js';
import { HUB_VERSION } from './config/hub-version.js';
import { describeStartFault, exitCodeOf } from './start-fault.js';

/** Starts the hub: configuration, database, modules, doors. What cannot work ends the process with one clear line. */
export async function startHub(): Promise<void> {
  tuneEngine();
  try {
    const config = readConfig(process.env);
    if (config.timeZone) process.env['TZ'] = config.timeZone;
    await run(config, createHubLogger(config.logLevel));
  } catch (error) {
    process.stderr.write(`${describeStartFault(error)}\n`);
    process.exit(exitCodeOf(error));
  }
}

/**
 * Tells the engine what it cannot know of a program whose requests are many and short (`docs/decisions/0018`).
 *
 * It must not put parts of requests among long-lived objects. After a start it takes them for long-lived, and each of
 * them then keeps the rest of its request alive until the next full collection: 15 % of all that is allocated under
 * load, pauses of 25 ms instead of 2, and 200 MiB.
 *
 * And a full collection is due when the heap has doubled, not when it has grown by a third: what bodies and values
 * take outside of the heap between two scavenges counts there, and alone is that third.
 */
function tuneEngine(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
  setFlagsFromString('--heap-growing-percent=100');
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

async function serve(given: HubConfig, database: OpenDatabase, logger: LoggerService): Promise<void> {
  const tls = await openOwnTls(given, logger);
  const config = Object.freeze({ ...given, tlsPin: given.tls === 'auto' ? tls?.pin : undefined });
  const app = await createHubApp(AppModule.forRoot(config, database), config, logger, { tls });
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
  const { port } = app.getHttpServer().address() as { port: number };
  const address = buildPublicAddress(config, port);
  const setupLink = await app.get(SetupService, { strict: false }).prepare(address);
  if (setupLink) printSetupLink(setupLink);
  sayHowToReach(config, port, logger);
  process.stdout.write(`Watchkeeper is running: ${address}/\n`);
}

/** The hub's own certificate, where it speaks TLS itself. */
async function openOwnTls(config: HubConfig, logger: LoggerService): Promise<TlsSource | undefined> {
  try {
    return await openTls(config, (line) => logger.warn(line, 'tls'));
  } catch (error) {
    throw new StartError((error as Error).message, EXIT_CONFIG);
  }
}

function sayHowToReach(config: HubConfig, port: number, logger: LoggerService): void {
  const { warnings, hints } = describeReach(config, port);
  for (const line of warnings) logger.warn(line, 'start');
  for (const line of hints) logger.log(line, 'start');
}
