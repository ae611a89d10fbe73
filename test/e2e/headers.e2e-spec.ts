import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { AppModule } from '../../src/app.module.js';
import { createHubApp } from '../../src/common/http/create-hub-app.js';
import { mountOpenApi } from '../../src/common/http/openapi.js';
import type { HubConfig } from '../../src/config/hub-config.js';
import { createTestConfig, removeDataDir } from '../support/auth-hub.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';

interface Route {
  readonly method: string;
  readonly url: string;
}

describe('the headers of every answer', () => {
  let database: TestDatabase;
  let config: HubConfig;
  let app: NestFastifyApplication;
  const routes: Route[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    config = await createTestConfig({ publicOrigin: 'https://watch.example' });
    app = await createHubApp(AppModule.forRoot(config, database), config, false);
    const instance = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
    instance.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) routes.push({ method: one, url });
    });
    await app.init();
    mountOpenApi(app, { version: '1.2.3', basePath: '', extraPaths: {} });
    await instance.ready();
  }, 60_000);

  afterAll(async () => {
    await app.close();
    await removeDataDir(config);
    await database.drop();
    await stopTestPostgres();
  });

  const ask = ({ method, url }: Route, headers: Record<string, string> = {}) =>
    app.inject({
      method: method as 'GET',
      url: url.replace(/:\w+/g, '00000000-0000-4000-8000-000000000000').replace('*', 'x'),
      headers: { host: 'watch.example', origin: 'https://evil.example', ...headers },
    });

  it('guard whoever opens them: each route, and what leads nowhere', async () => {
    // All of the hub's doors are there, so that a new one is among them by itself.
    expect(routes.length).toBeGreaterThan(30);
    const nowhere = ['/api/nothing', '/nothing', '/api/%zz', '/graphql/x', '/.env'].map((url) => ({
      method: 'GET',
      url,
    }));
    for (const route of [...routes, ...nowhere]) {
      const { headers } = await ask(route);
      const where = `${route.method} ${route.url}`;
      expect([where, headers]).toEqual([
        where,
        expect.objectContaining({
          'content-security-policy': expect.stringMatching(/^default-src 'none';.*frame-ancestors 'none'/),
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
          'cross-origin-opener-policy': 'same-origin',
          'cross-origin-resource-policy': 'same-origin',
          'permissions-policy': expect.stringContaining('camera=(), '),
          'strict-transport-security': 'max-age=31536000',
        }),
      ]);
      const names = Object.keys(headers);
      expect([where, names.filter((name) => /^access-control|^x-powered-by|^server$/.test(name))]).toEqual([
        where,
        [],
      ]);
    }
  });

  it('keep what the API says out of every cache', async () => {
    const api = routes.filter(({ url }) => /^\/(api\/|graphql$|livez|readyz)/.test(url));
    expect(api.length).toBeGreaterThan(20);
    for (const route of api) {
      const { headers } = await ask(route);
      expect([route.method, route.url, headers['cache-control']]).toEqual([
        route.method,
        route.url,
        'no-store',
      ]);
    }
  });

  it('let the page run nothing but its own files, and make no markup of text', async () => {
    const { headers, statusCode } = await ask({ method: 'GET', url: '/' }, { accept: 'text/html' });
    const policy = String(headers['content-security-policy']);
    expect(statusCode).toBe(200);
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).toContain("base-uri 'none'");
    expect(policy).toContain("form-action 'self'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  });
});
