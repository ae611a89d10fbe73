import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { buildSchema, type GraphQLObjectType } from 'graphql';
import { DataSource } from 'typeorm';
import { AppModule } from '../../src/app.module.js';
import { FIELD_POLICIES, ROUTE_POLICIES, type DoorPolicy } from '../../src/auth/access-policy.js';
import { mayOnHub, mayOnMonitor } from '../../src/auth/rights.js';
import { SessionService } from '../../src/auth/session.service.js';
import { createHubApp } from '../../src/common/http/create-hub-app.js';
import { mountOpenApi } from '../../src/common/http/openapi.js';
import type { Role } from '../../src/common/principal.js';
import type { HubConfig } from '../../src/config/hub-config.js';
import { createTestConfig, removeDataDir } from '../support/auth-hub.js';
import { buildOperation, type Sample } from '../support/build-operation.js';
import { callHub, HubClient, type Json } from '../support/hub-client.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';

/** Words of the one tenant that must never reach the other. */
const SECRET = 'tenant-a-only';

/** One who asks: by which headers, and what they are. */
interface Caller {
  readonly name: string;
  readonly headers: Record<string, string>;
  readonly role?: Role;
  /** To the monitor that is asked for. */
  readonly relation: 'owner' | 'view' | 'none';
  readonly token?: 'read' | 'manage';
  readonly isKey?: true;
}

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const routes: string[] = [];
let database: TestDatabase;
let config: HubConfig;
let app: NestFastifyApplication;
let hub: { url: string };
let owner: HubClient;
let ownerId: string;
let adminClient: HubClient;
let callers: Caller[];

beforeAll(async () => {
  database = await createTestDatabase();
  config = await createTestConfig({ metrics: { host: '127.0.0.1', token: 'a-token-of-twenty-or-more' } });
  app = await createHubApp(AppModule.forRoot(config, database), config, false);
  const instance = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  instance.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push(`${one} ${url}`);
  });
  await app.init();
  mountOpenApi(app, { version: '1.2.3', basePath: '', extraPaths: {} });
  await app.listen(0, '127.0.0.1');
  hub = { url: `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}` };
  const admin = await addUser('admin@b.example', 'admin');
  adminClient = admin.client;
  owner = (await addUser(`${SECRET}@a.example`, 'editor')).client;
  ownerId = (await owner.ask('{ viewer { id } }')).viewer.id;
  const editor = await addUser('editor@b.example', 'editor');
  const viewer = await addUser('viewer@b.example', 'viewer');
  const seeing = await addUser('seeing@b.example', 'viewer');
  const shared = { access: 'VIEW', userId: seeing.id };
  await owner.ask(
    'mutation ($input: ShareInput!) { shareTag(tag: "seen", input: $input) { userErrors { code } } }',
    {
      input: shared,
    },
  );
  const { id, key } = await editor.client.createMonitor();
  const byCookie = (
    name: string,
    role: Role,
    { client }: { client: HubClient },
    relation: Caller['relation'] = 'none',
  ): Caller => ({
    ...{ name, role, relation },
    headers: { cookie: client.cookie },
  });
  const byToken = async (
    name: string,
    role: Role,
    user: HubClient,
    token: 'read' | 'manage',
  ): Promise<Caller> => {
    const { createAccessToken } = await user.ask(
      'mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { token } }',
      { input: { name, scope: token.toUpperCase() } },
    );
    return {
      name,
      role,
      token,
      relation: 'none',
      headers: { authorization: `Bearer ${createAccessToken.token}` },
    };
  };
  callers = [
    { name: 'a stranger', relation: 'none', headers: {} },
    { name: 'a report key', relation: 'none', isKey: true, headers: { 'x-api-key': key } },
    {
      name: 'a report key as a token',
      relation: 'none',
      isKey: true,
      headers: { authorization: `Bearer ${key}` },
    },
    { name: 'a monitor’s id as its key', relation: 'none', headers: { 'x-api-key': id } },
    { name: 'a monitor’s id as a token', relation: 'none', headers: { authorization: `Bearer wk_${id}` } },
    { name: 'a user’s id as a session', relation: 'none', headers: { cookie: `session=${viewer.id}` } },
    byCookie('a viewer', 'viewer', viewer),
    byCookie('a viewer it is shared with', 'viewer', seeing, 'view'),
    byCookie('the other tenant', 'editor', editor),
    byCookie('an admin', 'admin', admin),
    await byToken('a reading token of an editor', 'editor', editor.client, 'read'),
    await byToken('a managing token of an editor', 'editor', editor.client, 'manage'),
    await byToken('a reading token of an admin', 'admin', admin.client, 'read'),
    await byToken('a managing token of an admin', 'admin', admin.client, 'manage'),
    { name: 'the owner', role: 'editor', relation: 'owner', headers: { cookie: owner.cookie } },
  ];
}, 90_000);

afterAll(async () => {
  await app.close();
  await removeDataDir(config);
  await database.drop();
  await stopTestPostgres();
}, 60_000);

async function addUser(email: string, role: Role): Promise<{ id: string; client: HubClient }> {
  const [{ id }] = await app
    .get(DataSource)
    .query<[{ id: string }]>(
      `insert into app_user (email, password_hash, role) values ($1, 'none', $2) returning id`,
      [email, role],
    );
  const cookie = await app.get(SessionService, { strict: false }).start(id, { ip: '127.0.0.1' });
  return { id, client: new HubClient(hub, cookie.split(';', 1)[0]!) };
}

/** Something of the owner's, made anew for each question, as many answers end it. */
async function makeThings(fieldName = ''): Promise<Sample> {
  const { id: monitorId } = await owner.createMonitor({ name: SECRET, tags: ['seen'] });
  const { id: userId } = await addUser(`${randomUUID()}-${SECRET}@a.example`, 'viewer');
  const ids: Record<string, string> = {
    monitor: monitorId,
    user: userId,
    twoFactor: userId,
    forwarding: monitorId,
  };
  const make: Record<string, () => Promise<string>> = {
    apiKey: async () => {
      const query = 'mutation ($id: ID!) { createApiKey(monitorId: $id) { key { id } } }';
      return (await owner.ask(query, { id: monitorId })).createApiKey.key.id;
    },
    share: async () => {
      const query =
        'mutation ($id: ID!, $input: ShareInput!) { shareMonitor(monitorId: $id, input: $input) { share { id } } }';
      const input = { access: 'VIEW', userId };
      return (await owner.ask(query, { id: monitorId, input })).shareMonitor.share.id;
    },
    accessToken: async () => {
      const query =
        'mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { accessToken { id } } }';
      return (await owner.ask(query, { input: { name: SECRET, scope: 'READ' } })).createAccessToken
        .accessToken.id;
    },
    enrolmentKey: async () => {
      const query =
        'mutation ($input: CreateEnrolmentKeyInput!) { createEnrolmentKey(input: $input) { enrolmentKey { id } } }';
      return (await owner.ask(query, { input: { name: SECRET } })).createEnrolmentKey.enrolmentKey.id;
    },
    session: () => addSessionOf(ownerId),
    provider: async () => {
      const text = `insert into user_identity (user_id, issuer, subject) values ($1, $2, 'x') returning id`;
      const issuer = `https://${randomUUID()}.example`;
      return (await app.get(DataSource).query(text, [ownerId, issuer]))[0].id;
    },
    invitation: async () => {
      const query = 'mutation ($input: InviteUserInput!) { inviteUser(input: $input) { invitation { id } } }';
      const input = { email: `${randomUUID()}@a.example`, role: 'VIEWER' };
      return (await adminClient.ask(query, { input })).inviteUser.invitation.id;
    },
  };
  for (const [kind, makeOne] of Object.entries(make)) {
    if (fieldName.toLowerCase().endsWith(kind.toLowerCase())) ids[kind] = await makeOne();
  }
  return { monitorId, userId, ids };
}

async function addSessionOf(userId: string): Promise<string> {
  const cookie = (await app.get(SessionService, { strict: false }).start(userId, { ip: '127.0.0.1' })).split(
    ';',
    1,
  )[0]!;
  const { sessions } = await new HubClient(hub, cookie).ask('{ sessions { id isCurrent } }');
  return sessions.find(({ isCurrent }: Json) => isCurrent).id;
}

type Outcome = 'open' | 'unauthenticated' | 'forbidden' | 'not_found';

/** What the tables say that a caller must get. */
function expectOutcome(policy: DoorPolicy, caller: Caller, isChange: boolean): Outcome {
  if (policy.is === 'public') return 'open';
  if (policy.is === 'reportKey') return caller.isKey ? 'open' : 'unauthenticated';
  if (!caller.role) return 'unauthenticated';
  if (caller.token && policy.byToken === false) return 'forbidden';
  if (caller.token === 'read' && isChange) return 'forbidden';
  if (policy.is === 'hub') return mayOnHub(caller.role, policy.right) ? 'open' : 'forbidden';
  if (policy.is === 'own') return 'open';
  if (mayOnMonitor(caller.role, policy.right, caller.relation)) return 'open';
  return mayOnMonitor(caller.role, 'view', caller.relation) ? 'forbidden' : 'not_found';
}

/** Whoever must not do it may as well not find it. */
function isAsClosed(outcome: string | undefined, expected: Outcome): boolean {
  return outcome === expected || (expected === 'forbidden' && outcome === 'not_found');
}

const REFUSALS: readonly string[] = ['unauthenticated', 'forbidden', 'not_found'];

function readGraphqlOutcome(body: Json, field: string): Outcome {
  const code =
    body.code ?? body.errors?.[0]?.extensions.code ?? body.data?.[field]?.userErrors?.[0]?.code ?? undefined;
  if (code === undefined && body.data?.[field] === null) return 'not_found';
  return REFUSALS.includes(code) ? code : 'open';
}

const rootFields = (['Query', 'Mutation'] as const).flatMap((type) =>
  Object.values((schema.getType(type) as GraphQLObjectType).getFields()).map((field) => ({ type, field })),
);

describe('every field of GraphQL', () => {
  it.each(rootFields.map(({ type, field }) => [`${type}.${field.name}`, type, field] as const))(
    '%s is open to whom its policy says, and to nobody else',
    async (name, type, field) => {
      const policy = FIELD_POLICIES[name]!;
      // Whoever is nobody is refused before anything is looked at, and ends nothing.
      const untouched = await makeThings(field.name);
      for (const caller of callers) {
        const things = caller.role ? await makeThings(field.name) : untouched;
        const operation = buildOperation(schema, type, field.name, things);
        const answer = await callHub(hub, 'POST', '/graphql', { body: operation, headers: caller.headers });
        const isSomebodyElses =
          policy.is === 'own' &&
          /Session$|Token$|EnrolmentKey$|Provider$/.test(field.name) &&
          'id' in operation.variables;
        const outcome = readGraphqlOutcome(answer.body, field.name);
        const expected = expectOutcome(policy, caller, type === 'Mutation');
        const mayNotFind = isSomebodyElses && expected === 'open' && caller.relation !== 'owner';
        // An admin ends anybody's key for enrolling.
        const mayEndAll = caller.role === 'admin' && field.name === 'revokeEnrolmentKey';
        const closed = mayNotFind && !mayEndAll ? 'not_found' : expected;
        if (!isAsClosed(outcome, closed))
          expect([name, caller.name, outcome]).toEqual([name, caller.name, closed]);
        const maySeeTenant = caller.role === 'admin' || caller.relation !== 'none' || policy.is === 'hub';
        if (!maySeeTenant)
          expect([name, caller.name, answer.text]).toEqual([
            name,
            caller.name,
            expect.not.stringContaining(SECRET),
          ]);
      }
    },
    60_000,
  );

  it('takes nothing but an id for an id (S6, S27)', async () => {
    const fields = rootFields.filter(({ field }) => field.args.some(({ name }) => name === 'id'));
    expect(fields.length).toBeGreaterThan(10);
    for (const { type, field } of fields) {
      const things = await makeThings(field.name);
      for (const id of [
        { id: things.monitorId },
        [things.monitorId],
        null,
        true,
        '../../etc',
        `${things.monitorId}\n`,
        "' or 1=1 --",
        '',
      ]) {
        const { query, variables } = buildOperation(schema, type, field.name, things);
        const { body, status } = await adminClient.call('POST', '/graphql', {
          query,
          variables: { ...variables, id },
        });
        const fault = body.errors?.[0]?.extensions.code ?? body.data?.[field.name]?.userErrors?.[0]?.code;
        const isRefused =
          body.data?.[field.name] === null ||
          ['BAD_USER_INPUT', 'not_found', 'invalid_input'].includes(fault);
        expect([field.name, id, isRefused, status < 500]).toEqual([field.name, id, true, true]);
      }
    }
    const { id } = await owner.createMonitor();
    for (const odd of ['x', `${id}x`, `${id}%0a`, '..%2f..%2fetc', '%00', `${id},${id}`, '[object Object]']) {
      expect((await adminClient.call('DELETE', `/api/monitoring/${odd}`)).status).toBe(404);
    }
  }, 30_000);

  it('of a monitor that is only looked at gives neither keys nor shares', async () => {
    const { monitorId } = await makeThings('share');
    for (const caller of callers.filter(({ role }) => role)) {
      const body = { query: `{ monitor(id: "${monitorId}") { apiKeys { id } shares { id } } }` };
      const { data } = (await callHub(hub, 'POST', '/graphql', { body, headers: caller.headers })).body;
      const isAllowed = caller.role === 'admin' || caller.relation === 'owner';
      const seen = caller.relation === 'view' ? { apiKeys: [], shares: [] } : null;
      const all = {
        apiKeys: [expect.anything()],
        shares: expect.arrayContaining([expect.anything()]),
      };
      expect([caller.name, data.monitor]).toEqual([caller.name, isAllowed ? all : seen]);
    }
  });

  it('that is live tells nobody of what they may not see', async () => {
    const { id, key } = await owner.createMonitor({ name: SECRET });
    const other = callers.find(({ name }) => name === 'the other tenant')!;
    const viewer = callers.find(({ name }) => name === 'a viewer')!;
    const asked = [
      ['subscription { monitorStatusChanged { id name } }', {}],
      [
        'subscription ($ids: [ID!]!) { reportsReceived(monitorIds: $ids) { reports { monitorId } } }',
        { ids: [id] },
      ],
      ['subscription ($ids: [ID!]!) { samplesBackfilled(monitorIds: $ids) { monitorId } }', { ids: [id] }],
    ] as const;
    const listen = (cookie: string) =>
      asked.map(([query, variables]) => new HubClient(hub, cookie).subscribe<Json>(query, variables));
    const foreign = [other, viewer].flatMap(({ headers }) => listen(headers['cookie']!));
    const own = listen(owner.cookie);
    while (![...foreign, ...own].every(({ isOpen }) => isOpen))
      await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const at = Date.now();
    for (const instant of [at, at - 7_200_000]) {
      await callHub(hub, 'POST', '/api/monitoring/data', {
        body: { at: new Date(instant).toISOString(), cpu: { usagePercent: 1 } },
        headers: { 'x-api-key': key },
      });
    }
    for (const subscription of own) await subscription.waitForEvent();
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const { events } of foreign) expect(events).toEqual([]);
    await Promise.all([...foreign, ...own].map((each) => each.close()));
  }, 30_000);
});

describe('every route', () => {
  const known = (): string[] => [
    ...new Set(routes.map((route) => route.replace(/^HEAD /, 'GET ').replace(/(?<=.)\/$/, ''))),
  ];

  it('has a policy, and every policy its route', () => {
    const declared = Object.keys(ROUTE_POLICIES);
    const others = known().filter((route) => !declared.includes(route) && !/^\w+ \/graphql$/.test(route));
    expect(others).toEqual([]);
    expect(declared.filter((route) => !known().includes(route))).toEqual([]);
  });

  it('is open to whom its policy says, and to nobody else', async () => {
    for (const [route, policy] of Object.entries(ROUTE_POLICIES)) {
      if (policy.is === 'public') continue;
      const [method, pattern] = route.split(' ') as [string, string];
      const untouched = await makeThings();
      for (const caller of callers) {
        if (pattern.endsWith('logout') && caller.role) continue;
        const { monitorId } = caller.role ? await makeThings() : untouched;
        const body = ['POST', 'PUT', 'PATCH'].includes(method) ? { name: 'x' } : undefined;
        const path = pattern.replace(':id', monitorId);
        const answer = await callHub(hub, method, path, { ...(body && { body }), headers: caller.headers });
        const code = answer.body?.code as string | undefined;
        const outcome = REFUSALS.includes(code ?? '') ? code : 'open';
        const expected = expectOutcome(policy, caller, method !== 'GET');
        expect([route, caller.name, outcome]).toEqual([route, caller.name, expected]);
        if (caller.role !== 'admin' && caller.relation === 'none') expect(answer.text).not.toContain(SECRET);
      }
    }
  }, 60_000);

  it('is no more open by another spelling of its address', async () => {
    const { monitorId } = await makeThings();
    const [other, stranger] = [callers.find(({ name }) => name === 'the other tenant')!, callers[0]!];
    for (const [route, policy] of Object.entries(ROUTE_POLICIES)) {
      if (policy.is === 'public') continue;
      const [method, pattern] = route.split(' ') as [string, string];
      const path = pattern.replace(':id', monitorId);
      const isForEachUser = policy.is === 'own' || pattern === '/api/monitoring';
      const asking = spell(path).flatMap((target) =>
        [...new Set([method, 'GET', 'HEAD', 'OPTIONS'])].flatMap((verb) =>
          (isForEachUser ? [stranger] : [stranger, other]).map((caller) => ({ target, verb, caller })),
        ),
      );
      await Promise.all(
        asking.map(async ({ target, verb, caller }) => {
          const answer = await sendRaw(verb, target, caller.headers);
          const isPage = /^content-type: text\/html/im.test(answer);
          const isOpen = answer.startsWith('HTTP/1.1 2') && !isPage;
          const where = [verb, target, caller.name];
          expect([...where, isOpen, answer.includes(SECRET)]).toEqual([...where, false, false]);
        }),
      );
    }
    const { monitors } = await owner.ask('{ monitors { id state } }');
    expect(monitors).toContainEqual({ id: monitorId, state: 'RUNNING' });
  }, 60_000);
});

function spell(path: string): string[] {
  const encoded = path.replace(/[a-z]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
  return [
    ...[path, encoded, path.toUpperCase(), `${path}/`, `/${path}`, `${path}//`, `${path};x`, `${path}?x`],
    ...[path.replaceAll('/', '\\'), path.replaceAll('/', '%2f'), path.replaceAll('/', '//'), `/x/..${path}`],
    ...[
      `/livez/..%2f..${path}`,
      `/livez/%2e%2e${path}`,
      `/.${path}`,
      `http://127.0.0.1${path}`,
      `${path}%00`,
      `${path}%20`,
      `${path}#x`,
    ],
  ];
}

function sendRaw(method: string, target: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port, host } = new URL(hub.url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    const lines = Object.entries({ host, connection: 'close', ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    const body = method === 'POST' || method === 'PUT' || method === 'PATCH' ? '{}' : '';
    if (body) lines.push('content-type: application/json', `content-length: ${body.length}`);
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
    socket.on('error', reject).on('close', () => resolve(answer));
    socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  });
}
