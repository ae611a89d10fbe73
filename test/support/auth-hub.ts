import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Module, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test, type TestingModule } from '@nestjs/testing';
import { AuthModule } from '../../src/auth/auth.module.js';
import { CLOCK } from '../../src/auth/clock.js';
import { createHubApp } from '../../src/common/http/create-hub-app.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { DEFAULT_RETENTION } from '../../src/core/blocks/retention.js';
import type { HubConfig } from '../../src/config/hub-config.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { EventsModule } from '../../src/events/events.module.js';
import type { TestDatabase } from './test-database.js';

/** A configuration as a plain start has it, with a data directory of its own; remove that by `removeDataDir`. */
export async function createTestConfig(changes: Partial<HubConfig> = {}): Promise<HubConfig> {
  return {
    port: 0,
    host: '127.0.0.1',
    basePath: '',
    dataDir: await mkdtemp(path.join(os.tmpdir(), 'watchkeeper-auth-')),
    logLevel: 'silent',
    allowedHosts: [],
    trustedProxies: [],
    outboundAllowedCidrs: [],
    isHttpAllowed: false,
    liveSpacingMs: 1_000,
    retention: DEFAULT_RETENTION,
    ...changes,
  };
}

export async function removeDataDir(config: HubConfig): Promise<void> {
  await rm(config.dataDir, { recursive: true, force: true });
}

/** The services of accounts and keys on a real database, with a clock that the test moves. */
export async function startAuthServices(
  database: TestDatabase,
  config: HubConfig,
  clock: () => number = Date.now,
): Promise<TestingModule> {
  const module = await Test.createTestingModule({ imports: listImports(database, config) })
    .overrideProvider(CLOCK)
    .useValue(clock)
    .compile();
  return module.init();
}

/** The doors of accounts as the hub serves them, with a few routes of the test's own behind the guard. */
export async function startAuthHub(
  database: TestDatabase,
  config: HubConfig,
  controllers: Type[] = [],
): Promise<NestFastifyApplication> {
  class AuthHub {}
  Module({ imports: listImports(database, config), controllers })(AuthHub);
  const app = await createHubApp(AuthHub, config, false);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

function listImports(database: TestDatabase, config: HubConfig) {
  return [ConfigModule.forRoot(config), DatabaseModule.forRoot(database), EventsModule, AuthModule];
}
