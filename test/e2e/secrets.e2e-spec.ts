import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  buildSchema,
  getNamedType,
  type GraphQLField,
  type GraphQLOutputType,
  isLeafType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import {
  type Answer,
  callHub,
  type HubClient,
  type Json,
  postReport,
  setUpAdmin,
  signIn,
} from '../support/hub-client.js';
import { ADMIN, HubProcess, MAIN } from '../support/hub-process.js';
import { SecretSweep } from '../support/secret-sweep.js';

/** The secrets that there are, each made by the way that users make it. A new kind is a line here. */
const SECRETS: Record<string, (world: World) => Promise<string> | string> = {
  'password of the first admin': () => ADMIN.password,
  'session of the first admin': ({ admin }) => admin.cookie.split('=')[1]!,
  'password of an invited user': () => EDITOR.password,
  'report key of a new monitor': ({ monitor }) => monitor.key,
  'second report key': ({ admin, monitor }) =>
    ask(admin, 'createApiKey(monitorId: $id) { apiKey }', monitor.id, 'apiKey'),
  'report key that another takes the place of': async ({ admin, monitor }) => {
    const { monitor: found } = await admin.ask('query ($id: ID!) { monitor(id: $id) { apiKeys { id } } }', {
      id: monitor.id,
    });
    return ask(admin, 'rotateApiKey(id: $id) { apiKey }', found.apiKeys[0].id, 'apiKey');
  },
  'personal token': ({ admin }) =>
    ask(admin, 'createAccessToken(input: { name: "sweep", scope: MANAGE }) { token }', '', 'token'),
  'invitation that is open': ({ admin }) => invite(admin, 'open@example.com'),
  'invitation that was used': async ({ hub, admin }) => {
    const token = await invite(admin, EDITOR.email);
    const body = { token, name: 'Editor', password: EDITOR.password };
    const answer = await callHub(hub, 'POST', '/api/auth/invitation', { body });
    if (answer.status !== 200) throw new Error(answer.text);
    return token;
  },
  'session of an invited user': async ({ hub }) => (await signIn(hub, EDITOR)).cookie.split('=')[1]!,
  'reset link': async ({ hub }) => {
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'reset-password', EDITOR.email], {
      env: { PATH: process.env['PATH'], DATA_DIR: hub.dataDir, PORT: String(hub.port) },
    });
    return /#token=([\w-]+)/.exec(stdout)![1]!;
  },
  'token of the metrics': () => METRICS_TOKEN,
  'password of the database': ({ hub }) => {
    const file = path.join(hub.dataDir, 'pg', 'watchkeeper-secret.json');
    return (JSON.parse(readFileSync(file, 'utf8')) as { app: string }).app;
  },
};
const METRICS_TOKEN = 'a-scraper-shows-this-one-0123456789';
const EDITOR = { email: 'editor@example.com', password: 'eleven pipers in the rain' };

interface World {
  readonly hub: HubProcess;
  readonly admin: HubClient;
  readonly monitor: { readonly id: string; readonly key: string };
}

let world: World;
let folder: string;
/** Shown once by design: on the console, until it is used. */
let setupToken: string;
const sweep = new SecretSweep();

async function ask(user: HubClient, mutation: string, id: string, field: string): Promise<string> {
  const data = await user.ask(`mutation${id && ' ($id: ID!)'} { payload: ${mutation} }`, { id });
  return data.payload[field];
}

async function invite(admin: HubClient, email: string): Promise<string> {
  const link = await ask(
    admin,
    `inviteUser(input: { email: "${email}", role: EDITOR }) { link }`,
    '',
    'link',
  );
  return /#token=([\w-]+)/.exec(link)![1]!;
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'watchkeeper-secrets-'));
  const file = path.join(folder, 'metrics-token');
  await writeFile(file, METRICS_TOKEN);
  const hub = await HubProcess.start({
    env: { LOG_LEVEL: 'trace', WATCHKEEPER_METRICS_TOKEN_FILE: file },
  });
  ({ setupToken } = hub);
  const admin = await setUpAdmin(hub);
  const monitor = await admin.createMonitor({ name: 'swept', tags: ['sweep'] });
  await postReport(hub, monitor.key, { host: { hostname: 'swept' }, cpu: { usagePercent: 5 } });
  world = { hub, admin, monitor };
  for (const [kind, make] of Object.entries(SECRETS)) sweep.add(kind, await make(world));
}, 120_000);
afterAll(async () => {
  await world?.hub.clean();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** The operation that asks for all there is of a query field: every leaf, four levels deep. */
function askForAll(field: GraphQLField<unknown, unknown>, values: Json): string {
  const giveArguments = ({ args }: GraphQLField<unknown, unknown>): string | undefined => {
    const given = args.filter(({ name }) => name in values);
    if (
      args.some((arg) => isNonNullType(arg.type) && arg.defaultValue === undefined && !(arg.name in values))
    ) {
      return undefined;
    }
    const list = given.map(({ name }) => `${name}: ${writeLiteral(values[name])}`).join(', ');
    return list && `(${list})`;
  };
  const select = (type: GraphQLOutputType, depth: number): string | undefined => {
    const named = getNamedType(type);
    if (isLeafType(named)) return '';
    if (!isObjectType(named) || depth === 0) return undefined;
    const parts = Object.values(named.getFields()).flatMap((inner) => {
      const list = giveArguments(inner);
      const selection = list === undefined ? undefined : select(inner.type, depth - 1);
      return selection === undefined ? [] : [`${inner.name}${list} ${selection}`];
    });
    return parts.length > 0 ? `{ ${parts.join(' ')} }` : undefined;
  };
  const list = giveArguments(field);
  if (list === undefined) throw new Error(`this test gives no arguments for ${field.name}`);
  return `{ ${field.name}${list} ${select(field.type, 4) ?? ''} }`;
}

/** As GraphQL writes it: names of fields without quotes. */
const writeLiteral = (value: unknown): string => JSON.stringify(value).replace(/"(\w+)":/g, '$1:');

describe('a secret', () => {
  it('would be found by this test, whole, in part and encoded', () => {
    const { key } = world.monitor;
    const bytes = Buffer.from(key);
    for (const form of [key, key.slice(4, 32), bytes.toString('hex'), bytes.toString('base64')]) {
      expect(sweep.find(`{"any":"${form}"}`)).toEqual([
        expect.stringMatching(/^report key of a new monitor/),
      ]);
    }
    expect(sweep.find(EDITOR.password)).toHaveLength(1);
    expect(sweep.kinds).toEqual(Object.keys(SECRETS));
  });

  it('stands in no answer of GraphQL', async () => {
    const { admin, monitor } = world;
    const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
    const now = Date.now();
    const values = {
      id: monitor.id,
      monitorId: monitor.id,
      monitorIds: [monitor.id],
      metrics: ['cpu.usagePercent'],
      from: new Date(now - 3_600_000).toISOString(),
      to: new Date(now).toISOString(),
      first: 200,
    };
    const fields = Object.values(schema.getQueryType()!.getFields());
    expect(fields.length).toBeGreaterThan(8);
    for (const field of fields) {
      // Everything of every monitor at once would cost more than one question may.
      const narrowed = field.name === 'monitors' ? { ...values, filter: { ids: [monitor.id] } } : values;
      const query = askForAll(field, narrowed);
      const answer = await admin.call('POST', '/graphql', { query });
      // Whatever cannot be asked at once by these limits must be told here, not be passed over.
      expect([field.name, answer.body.errors]).toEqual([field.name, undefined]);
      expect(sweep.find(answer.text)).toEqual([]);
    }
  });

  it('stands in no answer of REST', async () => {
    const { hub, admin, monitor } = world;
    const { body: document } = await admin.call('GET', '/openapi.json');
    const paths = Object.entries<Json>(document.paths).filter(([, item]) => item.get);
    expect(paths.length).toBeGreaterThan(4);
    for (const [template] of paths) {
      const target = template.replaceAll(/\{\w+\}/g, monitor.id);
      const headers: Record<string, string> = target.endsWith('/data') ? { 'x-api-key': monitor.key } : {};
      const answer = await admin.call('GET', target, undefined, headers);
      expect([target, answer.status]).toEqual([target, 200]);
      expect(sweep.find(answer.text)).toEqual([]);
      expect(sweep.find(JSON.stringify([...answer.headers]))).toEqual([]);
    }
    const metrics = await callHub(hub, 'GET', '/metrics', {
      headers: { authorization: `Bearer ${METRICS_TOKEN}` },
    });
    for (const answer of [
      metrics,
      await admin.call('PUT', `/api/monitoring/${monitor.id}`, { name: 'swept again' }),
      await admin.call('POST', `/api/monitoring/${monitor.id}/stop`),
      await admin.call('POST', `/api/monitoring/${monitor.id}/start`),
      await postReport(hub, monitor.key, { cpu: { usagePercent: 6 } }),
    ]) {
      expect(answer.status).toBe(200);
      expect(sweep.find(answer.text)).toEqual([]);
    }
  });

  it('stands in no refusal, also not where it was sent to the wrong place', async () => {
    const { hub, admin, monitor } = world;
    const answers: Answer[] = [];
    for (const secret of [monitor.key, EDITOR.password]) {
      answers.push(
        await callHub(hub, 'POST', '/api/auth/login', { body: { email: ADMIN.email, password: secret } }),
        await callHub(hub, 'POST', '/api/auth/login', { body: { email: secret, password: secret } }),
        await callHub(hub, 'GET', `/api/monitoring/${monitor.key}`, { headers: { cookie: admin.cookie } }),
        await callHub(hub, 'GET', '/api/monitoring/', {
          headers: { authorization: `Bearer ${monitor.key}` },
        }),
        await admin.call('PUT', `/api/monitoring/${monitor.id}`, { [monitor.key]: secret, name: 7 }),
        await admin.call('POST', '/graphql', { query: `{ monitor(id: "${monitor.key}") { id } }` }),
        await postReport(hub, monitor.key, { at: secret, cpu: { usagePercent: monitor.key } }),
      );
    }
    for (const { status, text } of answers) {
      expect(status).toBeLessThan(500);
      // The name of an unknown field is told: without it nobody could find the typing error.
      expect(sweep.find(text.replaceAll(`"path":"${monitor.key}"`, ''))).toEqual([]);
    }
  });

  it('stands in no line of the log, at its most talkative', () => {
    const { hub } = world;
    expect(hub.output).toContain(setupToken);
    expect(sweep.find(hub.output)).toEqual([]);
  });

  it('stands in no row of the audit log and its export, which know of each', async () => {
    const { admin } = world;
    const { text } = await admin.call('GET', '/api/audit');
    expect(text).toMatch(/apiKey\.created/);
    expect(text).toMatch(/accessToken\.created/);
    expect(sweep.find(text)).toEqual([]);
  });

  it('stands in no table of the database', async () => {
    const { hub } = world;
    sweep.add('used set-up token', setupToken);
    const tables = await hub.query<{ name: string }>(
      `select quote_ident(table_name) as name from information_schema.tables
        where table_schema = 'public' and table_type = 'BASE TABLE'`,
    );
    expect(tables.length).toBeGreaterThan(15);
    for (const { name } of tables) {
      const rows = await hub.query<{ row: string }>(`select t::text as row from ${name} t`);
      expect([name, sweep.find(rows.map(({ row }) => row).join('\n'))]).toEqual([name, []]);
    }
  });

  it('stands in the arguments and the environment of no process', () => {
    const { hub } = world;
    for (const pid of listFamily(hub.pid)) {
      for (const file of ['cmdline', 'environ']) expect(sweep.find(readProcessFile(pid, file))).toEqual([]);
    }
  });
});

function readProcessFile(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', '\n');
  } catch (error) {
    // It has ended meanwhile, as connections of Postgres do.
    if (/^(ESRCH|ENOENT)$/.test((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

/** The hub, its Postgres, and all that they started. */
function listFamily(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const isOfFamily = (pid: number): boolean => {
    for (let at: number | undefined = pid; at; at = parents.get(at)) if (at === root) return true;
    return false;
  };
  const family = [...parents.keys()].filter(isOfFamily);
  if (family.length < 3) throw new Error('Postgres was not found among the children of the hub');
  return family;
}
