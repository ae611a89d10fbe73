import { type DynamicModule, type LoggerService, type Type, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DomainErrorFilter } from '../domain-error.filter.js';
import { createHttpAdapter, type HttpAdapterOptions } from './create-http-adapter.js';
import type { DoorConfig } from './door-config.js';
import { quietFramework } from './quiet-framework.js';
import { VALIDATION_OPTIONS } from './validation.js';

/** The Nest application behind the hub's own HTTP server, filter and validation. What fails in it throws; nothing exits. */
export async function createHubApp(
  module: Type | DynamicModule,
  config: DoorConfig,
  logger: LoggerService | false,
  options: HttpAdapterOptions = {},
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(module, createHttpAdapter(config, options), {
    bodyParser: false,
    abortOnError: false,
    logger: logger && quietFramework(logger),
  });
  app.useGlobalFilters(new DomainErrorFilter());
  app.useGlobalPipes(new ValidationPipe(VALIDATION_OPTIONS));
  return app;
}
