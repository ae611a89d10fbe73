import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import {
  Args,
  Field,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ScheduleModule } from '@nestjs/schedule';
import { IsString, MaxLength } from 'class-validator';
import { DataSource } from 'typeorm';
import { SessionService } from '../../src/auth/session.service.js';
import { AuthModule } from '../../src/auth/auth.module.js';
import { CurrentUser } from '../../src/common/current-user.decorator.js';
import { NumberColumnScalar } from '../../src/common/graphql/scalars.js';
import { createHubApp } from '../../src/common/http/create-hub-app.js';
import { mountOpenApi } from '../../src/common/http/openapi.js';
import { OpenApiModule } from '../../src/common/http/openapi.module.js';
import type { UserPrincipal } from '../../src/common/principal.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { DEFAULT_RETENTION } from '../../src/core/blocks/retention.js';
import type { HubConfig } from '../../src/config/hub-config.js';
import { DomainError } from '../../src/core/errors.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { EventsModule } from '../../src/events/events.module.js';
import { GraphqlModule } from '../../src/graphql/graphql.module.js';
import { HealthModule } from '../../src/health/health.module.js';
import { PageModule } from '../../src/page/page.module.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

@InputType()
class NoteInput {
  @Field()
  @IsString()
  @MaxLength(5)
  text!: string;
}

@ObjectType()
class Branch {
  @Field(() => Int)
  level!: number;

  @Field(() => Branch)
  next?: Branch;
}

/** A few fields of the test's own behind the real doors. */
@Resolver(() => Branch)
class TrialResolver {
  static openStreams = 0;

  @Query(() => String)
  whoAmI(@CurrentUser() user: UserPrincipal): string {
    return user.email;
  }

  @Query(() => NumberColumnScalar)
  column(): Float64Array {
    return Float64Array.of(1, NaN, 2.5);
  }

  @Query(() => String)
  async slow(): Promise<string> {
    await sleep(500);
    return 'done';
  }

  @Query(() => Branch)
  branch(): Branch {
    const branch: Branch = { level: 0 };
    branch.next = branch;
    return branch;
  }

  @Query(() => [Branch])
  page(@Args('first', { type: () => Int }) first: number): Branch[] {
    return Array.from({ length: Math.min(first, 3) }, (_, level) => ({ level }));
  }

  @Query(() => Date)
  echoInstant(@Args('at') at: Date): Date {
    return at;
  }

  @Mutation(() => String)
  note(@Args('input') input: NoteInput): string {
    return input.text;
  }

  @Mutation(() => String)
  refuse(): string {
    throw new DomainError('conflict', 'It is taken.', 'name');
  }

  @Mutation(() => String)
  crash(): string {
    throw new Error('password=hunter2');
  }

  @Subscription(() => Int, { resolve: (tick: number) => tick })
  async *ticks(@CurrentUser() user: UserPrincipal): AsyncGenerator<number> {
    if (!user) return;
    TrialResolver.openStreams++;
    try {
      for (let tick = 0; ; tick++) {
        yield tick;
        await sleep(20);
      }
    } finally {
      TrialResolver.openStreams--;
    }
  }

  @Subscription(() => String, { resolve: (text: string) => text })
  async *pages(): AsyncGenerator<string> {
    for (;;) {
      yield 'x'.repeat(256 * 1024);
      await sleep(1);
    }
  }

  @Subscription(() => Int, { resolve: (tick: number) => tick })
  breakingStream(): AsyncGenerator<number> {
    throw new DomainError('not_found', 'There is no such monitor.', 'monitorIds');
  }
}

export const countOpenStreams = (): number => TrialResolver.openStreams;

@Module({ providers: [TrialResolver] })
class TrialModule {}

export interface DoorsHub {
  readonly app: NestFastifyApplication;
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly dataDir: string;
  /** A user with a session; the first call makes the hub set up. */
  signIn(email?: string): Promise<SignedInUser>;
  close(): Promise<void>;
}

export interface SignedInUser {
  readonly cookie: string;
  readonly userId: string;
  end(): Promise<void>;
}

const INDEX_HTML = `<!doctype html><html><head><link rel="icon" href="/__BASE__/favicon.svg">
<style>body { margin: 0 }</style></head>
<body><script>globalThis.base = "/__BASE__";</script><script src="/__BASE__/_app/immutable/start.js"></script></body></html>`;

async function buildPages(folder: string): Promise<{ dashboard: string; graphiql: string }> {
  const dashboard = path.join(folder, 'build');
  const graphiql = path.join(folder, 'build-graphiql');
  await mkdir(path.join(dashboard, '_app/immutable'), { recursive: true });
  await mkdir(path.join(graphiql, 'assets'), { recursive: true });
  await writeFile(path.join(dashboard, 'index.html'), INDEX_HTML);
  await writeFile(path.join(dashboard, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(path.join(dashboard, '_app/immutable/start.js'), 'globalThis.started = true;');
  await writeFile(path.join(dashboard, '_app/immutable/start.js.br'), 'not really brotli, but chosen');
  await writeFile(
    path.join(graphiql, 'index.html'),
    '<!doctype html><script src="./assets/main.js"></script>',
  );
  await writeFile(path.join(graphiql, 'assets/main.js'), '1;');
  return { dashboard, graphiql };
}

export async function startDoorsHub(
  changes: Partial<HubConfig> = {},
  options = { isBuilt: true },
): Promise<DoorsHub> {
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'watchkeeper-doors-'));
  const config: HubConfig = {
    port: 0,
    host: '127.0.0.1',
    basePath: '',
    dataDir,
    logLevel: 'silent',
    allowedHosts: [],
    trustedProxies: [],
    outboundAllowedCidrs: [],
    isHttpAllowed: false,
    liveSpacingMs: 1_000,
    retention: DEFAULT_RETENTION,
    ...changes,
  };
  const folders = options.isBuilt
    ? await buildPages(dataDir)
    : { dashboard: path.join(dataDir, 'none'), graphiql: path.join(dataDir, 'none') };
  const app = await createHubApp(composeHub(config, database, folders), config, false);
  mountOpenApi(app, {
    version: '1.2.3',
    basePath: config.basePath,
    extraPaths: { '/api/monitoring/data': {} },
  });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    app,
    port,
    url: `http://127.0.0.1:${port}`,
    dataDir,
    signIn: (email = 'admin@example.com') => signIn(app, email),
    close: async () => {
      await app.close();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function composeHub(
  config: HubConfig,
  database: TestDatabase,
  folders: { dashboard: string; graphiql: string },
) {
  class DoorsHubModule {}
  Module({
    imports: [
      ConfigModule.forRoot(config),
      DatabaseModule.forRoot(database),
      EventsModule,
      ScheduleModule.forRoot(),
      AuthModule,
      TrialModule,
      GraphqlModule,
      OpenApiModule,
      HealthModule,
      PageModule.forRoot(folders),
    ],
  })(DoorsHubModule);
  return DoorsHubModule;
}

async function signIn(app: NestFastifyApplication, email: string): Promise<SignedInUser> {
  const sessions = app.get(SessionService, { strict: false });
  const [{ id: userId }] = await app.get(DataSource).query<[{ id: string }]>(
    `insert into app_user (email, password_hash, role) values ($1, 'none', 'admin')
     on conflict (lower(email)) do update set role = 'admin' returning id`,
    [email],
  );
  const setCookie = await sessions.start(userId, { ip: '127.0.0.1' });
  const cookie = setCookie.split(';')[0]!;
  return {
    cookie,
    userId,
    end: async () => {
      const principal = await sessions.authenticate({ cookie });
      if (principal) await sessions.end(principal.sessionId);
    },
  };
}
