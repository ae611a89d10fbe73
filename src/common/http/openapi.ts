import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { ERROR_STATUS } from '../../core/errors.js';
import { OpenApiDocument } from './openapi-document.js';

const PROBLEM_SCHEMA = {
  type: 'object' as const,
  required: ['type', 'title', 'status', 'code', 'requestId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(ERROR_STATUS), description: 'Stable: rely on this one.' },
    detail: { type: 'string' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, code: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};

/**
 * Builds the OpenAPI 3.1 document that `/openapi.json` answers with. Native Fastify routes are not seen by
 * Nest: their path items come in `extraPaths`. Call it after the application was created with `OpenApiModule`.
 */
export function mountOpenApi(
  app: INestApplication,
  options: { version: string; basePath: string; extraPaths?: OpenAPIObject['paths'] },
): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Watchkeeper')
    .setDescription('Errors are application/problem+json (RFC 9457), described by the schema Problem.')
    .setVersion(options.version)
    .addServer(options.basePath || '/')
    .addCookieAuth('session', { type: 'apiKey', in: 'cookie' }, 'session')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: 'A personal access token, wkp_…' },
      'personalToken',
    )
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, 'reportKey')
    .build();
  const document = SwaggerModule.createDocument(app, settings);
  document.paths = { ...document.paths, ...options.extraPaths };
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: PROBLEM_SCHEMA as never },
  };
  app.get(OpenApiDocument, { strict: false }).set(document);
  return document;
}
