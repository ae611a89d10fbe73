import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import {
  type Answer,
  callHub,
  type HubClient,
  type Json,
  postReport,
  signIn,
} from '../support/hub-client.js';
import { ADMIN, ADMIN_ENV, HubProcess, MAIN } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';

const EDITOR = { email: 'editor@example.com', password: ADMIN.password };
const TOKEN_FORM = /^wkp_[0-9A-Za-z]{49}$/;
const CREATE = `mutation ($input: CreateAccessTokenInput!) {
  createAccessToken(input: $input) { token accessToken { id name scope prefix expiresAt } userErrors { code path } } }`;
const REVOKE =
  'mutation ($id: ID!) { revokeAccessToken(id: $id) { accessToken { id } userErrors { code } } }';
const LIST = '{ accessTokens { id name scope prefix isExpired lastUsedAt lastUsedAddress } }';
const DAY_MS = 24 * 3_600_000;

let hub: HubProcess;
let admin: HubClient;
let editor: HubClient;

beforeAll(async () => {
  hub = await HubProcess.start({ env: ADMIN_ENV });
  admin = await signIn(hub);
  await hub.query(
    `insert into app_user (email, password_hash, role) select $1, password_hash, 'editor' from app_user`,
    [EDITOR.email],
  );
  editor = await signIn(hub, EDITOR);
}, 90_000);
afterAll(() => hub.clean(), 60_000);

async function createToken(user: HubClient, scope: 'READ' | 'MANAGE', input: Json = {}): Promise<Json> {
  const { createAccessToken } = await user.ask(CREATE, { input: { name: 'script', scope, ...input } });
  return createAccessToken;
}

const bearer = (token: string, headers: Record<string, string> = {}) => ({
  authorization: `Bearer ${token}`,
  ...headers,
});
const call = (token: string, method: string, path: string, body?: unknown, headers = {}): Promise<Answer> =>
  callHub(hub, method, path, { body, headers: bearer(token, headers) });
const gql = async (token: string, query: string, variables: Json = {}): Promise<Json> =>
  (await call(token, 'POST', '/graphql', { query, variables })).body;
const readCode = ({ status, body }: Answer): [number, string] => [status, body.code];

/** A client that is no browser: no Origin, no cookie. */
function openSocket(url: string, options: { headers?: Json; connectionParams?: Json }) {
  const closed: number[] = [];
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    retryAttempts: 0,
    ...(options.connectionParams && { connectionParams: options.connectionParams }),
    webSocketImpl: class extends WebSocket {
      constructor(address: string, protocol: string) {
        super(address, protocol, { headers: options.headers });
      }
    },
    on: { closed: (event) => closed.push((event as { code: number }).code) },
  });
  return { client, closed };
}

async function askSocket(options: Parameters<typeof openSocket>[1], query: string): Promise<Json> {
  const { client } = openSocket(hub.url, options);
  try {
    for await (const result of client.iterate({ query })) return result;
  } catch (error) {
    return (error as { code?: number }).code ?? error;
  } finally {
    await client.dispose();
  }
}

describe('a personal access token', () => {
  it('is shown once, lives ninety days unless it is told otherwise, and a year at most', async () => {
    const { token, accessToken } = await createToken(admin, 'READ');
    expect(token).toMatch(TOKEN_FORM);
    expect((Date.parse(accessToken.expiresAt) - Date.now()) / DAY_MS).toBeCloseTo(90, 2);
    expect(JSON.stringify(await admin.ask(LIST))).not.toContain(token.slice(4, 20));
    const at = (days: number, ms = 0): string => new Date(Date.now() + days * DAY_MS + ms).toISOString();
    const faults = async (expiresAt: string | null): Promise<Json> =>
      (await createToken(admin, 'READ', { expiresAt })).userErrors;
    expect(await faults(at(365, -5_000))).toEqual([]);
    expect(await faults(null)).toEqual([]);
    expect(await faults(at(365, 5_000))).toEqual([{ code: 'invalid_input', path: 'expiresAt' }]);
    expect(await faults(at(0, -1_000))).toEqual([{ code: 'invalid_input', path: 'expiresAt' }]);
  });

  it('is its user over REST and GraphQL, with that user’s rights and no more', async () => {
    const { token } = await createToken(editor, 'MANAGE');
    const foreign = await admin.createMonitor({ name: 'foreign' });
    const created = await call(token, 'POST', '/api/monitoring/', { name: 'by-script' });
    expect(created.status).toBe(201);
    const { id } = created.body.monitor;
    expect((await call(token, 'PUT', `/api/monitoring/${id}`, { name: 'renamed' })).status).toBe(200);
    expect((await gql(token, '{ viewer { email role } monitors { id } }')).data).toEqual({
      viewer: { email: EDITOR.email, role: 'EDITOR' },
      monitors: [{ id }],
    });
    expect((await call(token, 'GET', `/api/monitoring/${foreign.id}`)).status).toBe(404);
    expect((await call(token, 'GET', '/api/audit')).status).toBe(403);
    const { auditLog } = await admin.ask(
      `query ($id: String) { auditLog(filter: { targetId: $id }) { entries { action actorKind actorEmail credentialId } } }`,
      { id },
    );
    expect(auditLog.entries).toContainEqual({
      action: 'monitor.created',
      actorKind: 'TOKEN',
      actorEmail: EDITOR.email,
      credentialId: expect.any(String),
    });
  });

  it('with the scope “read” sees everything of its user and changes nothing', async () => {
    const { token } = await createToken(admin, 'READ');
    const { id } = await admin.createMonitor({ name: 'kept' });
    expect((await call(token, 'GET', `/api/monitoring/${id}`)).status).toBe(200);
    for (const [method, end, body] of [
      ['POST', '', { name: 'x' }],
      ['PUT', `/${id}`, { name: 'x' }],
      ['PATCH', `/${id}`, { name: 'x' }],
      ['DELETE', `/${id}`, undefined],
      ['POST', `/${id}/stop`, undefined],
    ] as const) {
      expect(readCode(await call(token, method, `/api/monitoring${end}`, body))).toEqual([403, 'forbidden']);
    }
    const mutation = `mutation { stopMonitor(id: "${id}") { userErrors { code } } }`;
    expect((await gql(token, mutation)).errors[0].extensions.code).toBe('forbidden');
    const overSocket = await askSocket({ headers: bearer(token) }, mutation);
    expect(overSocket.errors[0].extensions.code).toBe('forbidden');
    expect((await admin.call('GET', `/api/monitoring/${id}`)).body).toMatchObject({
      name: 'kept',
      state: 'running',
    });
  });

  it('cannot touch passwords, sessions, tokens or users, whatever its scope', async () => {
    const { token, accessToken } = await createToken(admin, 'MANAGE');
    const refused = [
      LIST,
      `mutation { createAccessToken(input: { name: "x", scope: MANAGE }) { token } }`,
      `mutation { revokeAccessToken(id: "${accessToken.id}") { userErrors { code } } }`,
      `mutation { changePassword(input: { currentPassword: "${ADMIN.password}", newPassword: "another good one 1" }) { userErrors { code } } }`,
      `mutation { changeEmail(input: { currentPassword: "${ADMIN.password}", email: "x@example.org" }) { userErrors { code } } }`,
      '{ sessions { id } }',
      'mutation { endOtherSessions { count } }',
      'mutation { inviteUser(input: { email: "x@example.org", role: ADMIN }) { userErrors { code } } }',
    ];
    for (const query of refused) {
      const { data, errors } = await gql(token, query);
      expect([query, data ?? null, errors?.[0].extensions.code]).toEqual([query, null, 'forbidden']);
    }
    expect(readCode(await call(token, 'POST', '/api/auth/logout'))).toEqual([403, 'forbidden']);
  });

  it('is never mixed with a cookie: a bad one is refused beside a good session', async () => {
    const { token } = await createToken(editor, 'READ');
    const asked = await call(
      token,
      'POST',
      '/graphql',
      { query: '{ viewer { email } }' },
      { cookie: admin.cookie },
    );
    expect(asked.body.data.viewer.email).toBe(EDITOR.email);
    const bad = `wkp_${'0'.repeat(49)}`;
    expect((await call(bad, 'GET', '/api/monitoring/', undefined, { cookie: admin.cookie })).status).toBe(
      401,
    );
    // A foreign page cannot make a browser send it, so that where it comes from does not matter.
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await call(token, 'POST', '/graphql', { query: '{ viewer { id } }' }, foreign)).status).toBe(200);
    expect((await admin.call('POST', '/graphql', { query: '{ viewer { id } }' }, foreign)).status).toBe(403);
  });

  it('speaks over WebSocket by a header or by the first message', async () => {
    const { token } = await createToken(editor, 'READ');
    const query = '{ viewer { email } }';
    const viewer = { data: { viewer: { email: EDITOR.email } } };
    expect(await askSocket({ headers: bearer(token) }, query)).toEqual(viewer);
    for (const connectionParams of [
      { authorization: `Bearer ${token}` },
      { Authorization: `Bearer ${token}` },
    ]) {
      expect(await askSocket({ connectionParams }, query)).toEqual(viewer);
    }
    const bad = { connectionParams: { authorization: `Bearer wkp_${'0'.repeat(49)}` } };
    expect(await askSocket(bad, query)).toBe(4403);
    expect(await askSocket({ connectionParams: { authorization: 'Basic eDp5' } }, query)).toBe(4403);
    expect(await askSocket({}, query)).toBe(4403);
    const both = { headers: bearer(token), connectionParams: { authorization: `Bearer ${token}` } };
    expect(await askSocket(both, query)).toBe(4403);
  });

  it('ends within a second of its revocation, and of its user’s disabling, open sockets too', async () => {
    const follow = async (token: string) => {
      const { client, closed } = openSocket(hub.url, { headers: bearer(token) });
      let isOpen = false;
      client.on('connected', () => (isOpen = true));
      client.subscribe(
        { query: 'subscription { monitorStatusChanged { id } }' },
        { next: () => undefined, error: () => undefined, complete: () => undefined },
      );
      await waitFor(() => isOpen);
      return closed;
    };
    const first = await createToken(editor, 'READ');
    const second = await createToken(editor, 'READ');
    const [closedFirst, closedSecond] = [await follow(first.token), await follow(second.token)];
    const status = async ({ token }: Json): Promise<number> =>
      (await call(token, 'GET', '/api/monitoring/')).status;
    expect([await status(first), await status(second)]).toEqual([200, 200]);

    await editor.ask(REVOKE, { id: first.accessToken.id });
    expect([await status(first), await status(second)]).toEqual([401, 200]);
    await waitFor(() => closedFirst.length > 0, { deadlineMs: 1_500 });
    expect(closedFirst).toEqual([4403]);
    expect(closedSecond).toEqual([]);

    // By hand, as another hub or an operator would.
    await hub.query('update app_user set is_disabled = true where email = $1', [EDITOR.email]);
    await waitFor(() => closedSecond.length > 0, { deadlineMs: 2_500 });
    expect(await status(second)).toBe(401);
    await hub.query('update app_user set is_disabled = false where email = $1', [EDITOR.email]);
    editor = await signIn(hub, EDITOR);
    expect(await status(second)).toBe(200);
  }, 30_000);

  it('ends with a password that is reset, with its user’s disabling, and with a new password if so asked', async () => {
    const [{ id }] = await hub.query<{ id: string }>('select id from app_user where email = $1', [
      EDITOR.email,
    ]);
    const isGood = async ({ token }: Json): Promise<boolean> =>
      (await call(token, 'GET', '/api/monitoring/')).status === 200;
    const changePassword = async (newPassword: string, input: Json): Promise<void> => {
      const variables = { input: { currentPassword: editorPassword, newPassword, ...input } };
      const query =
        'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { userErrors { code } } }';
      expect((await editor.ask(query, variables)).changePassword.userErrors).toEqual([]);
      editorPassword = newPassword;
    };
    const signInAgain = async () => (editor = await signIn(hub, { ...EDITOR, password: editorPassword }));
    let editorPassword = EDITOR.password;
    const foreign = await createToken(admin, 'READ');

    const first = await createToken(editor, 'READ');
    expect(await isGood(first)).toBe(true);
    await changePassword('ten goats over a river', {});
    expect(await isGood(first)).toBe(true);
    await changePassword('nine goats over a river', { revokeAccessTokens: true });
    expect(await isGood(first)).toBe(false);
    expect((await editor.ask(LIST)).accessTokens).toEqual([]);

    const second = await createToken(editor, 'READ');
    expect(await isGood(second)).toBe(true);
    const setDisabled = (field: string) =>
      admin.ask(`mutation ($id: ID!) { ${field}(id: $id) { userErrors { code } } }`, { id });
    await setDisabled('disableUser');
    expect(await isGood(second)).toBe(false);
    await setDisabled('enableUser');
    await signInAgain();
    expect(await isGood(second)).toBe(false);

    const third = await createToken(editor, 'READ');
    const { client, closed } = openSocket(hub.url, { headers: bearer(third.token) });
    let isOpen = false;
    client.on('connected', () => (isOpen = true));
    const sink = { next: () => undefined, error: () => undefined, complete: () => undefined };
    client.subscribe({ query: 'subscription { monitorStatusChanged { id } }' }, sink);
    await waitFor(() => isOpen);
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'reset-password', EDITOR.email], {
      env: { PATH: process.env['PATH']!, DATA_DIR: hub.dataDir, PORT: String(hub.port), HOME: '/' },
    });
    expect(await isGood(third)).toBe(true);
    const body = { token: stdout.trim().split('#token=')[1], password: EDITOR.password };
    expect((await callHub(hub, 'POST', '/api/auth/reset', { body })).status).toBe(200);
    expect(await isGood(third)).toBe(false);
    await waitFor(() => closed.length > 0, { deadlineMs: 1_500 });
    expect(closed).toEqual([4403]);
    editorPassword = EDITOR.password;
    await signInAgain();

    expect(await isGood(foreign)).toBe(true);
    const { auditLog } = await admin.ask(
      '{ auditLog(filter: { action: "accessToken.revoked" }, first: 3) { entries { actorEmail targetId } } }',
    );
    expect(auditLog.entries).toEqual([
      { actorEmail: EDITOR.email, targetId: third.accessToken.id },
      { actorEmail: ADMIN.email, targetId: second.accessToken.id },
      { actorEmail: EDITOR.email, targetId: first.accessToken.id },
    ]);
  }, 60_000);

  it('is another’s only: nobody else can list or revoke it', async () => {
    const { accessToken } = await createToken(admin, 'READ');
    const { revokeAccessToken } = await editor.ask(REVOKE, { id: accessToken.id });
    expect(revokeAccessToken.userErrors).toEqual([{ code: 'not_found' }]);
    const { accessTokens } = await editor.ask(LIST);
    expect(accessTokens.map(({ id }: Json) => id)).not.toContain(accessToken.id);
  });

  it('opens only the doors of users, as a report key opens only that of reports', async () => {
    const { token, accessToken } = await createToken(admin, 'MANAGE');
    const { id, key } = await admin.createMonitor();
    const missing = await callHub(hub, 'POST', '/api/monitoring/data', { body: {} });
    const strip = ({ status, body: { requestId: _, ...body } }: Answer): Json => [status, body];
    // An id, a name, a prefix is no credential.
    for (const credential of [token, id, accessToken.id, accessToken.prefix, 'web-01', admin.cookie]) {
      expect(strip(await postReport(hub, credential, {}))).toEqual(strip(missing));
    }
    const nobody = await callHub(hub, 'GET', '/api/monitoring/');
    for (const credential of [key, id, accessToken.id, `wkp_${accessToken.id}`, 'eyJhbGciOiJub25lIn0.e30.']) {
      expect(strip(await call(credential, 'GET', '/api/monitoring/'))).toEqual(strip(nobody));
    }
  });

  it('has its last use noted', async () => {
    const { token, accessToken } = await createToken(admin, 'READ', { name: 'used' });
    await call(token, 'GET', '/api/monitoring/');
    await waitFor(async () => {
      const { accessTokens } = await admin.ask(LIST);
      const used = accessTokens.find(({ id }: Json) => id === accessToken.id);
      return used.lastUsedAt && used.lastUsedAddress === '127.0.0.1';
    });
  });
});

describe('guessing tokens', () => {
  // Last in this file: the network of this test is blocked for a minute afterwards.
  it('is refused in the same words, and braked; a token that is known goes on', async () => {
    const { token } = await createToken(admin, 'READ');
    const expired = await createToken(admin, 'READ', {
      expiresAt: new Date(Date.now() + 1_000).toISOString(),
    });
    expect((await call(expired.token, 'GET', '/api/monitoring/')).status).toBe(200);
    await waitFor(async () => (await call(expired.token, 'GET', '/api/monitoring/')).status === 401);
    await call(token, 'GET', '/api/monitoring/');
    const statuses: number[] = [];
    for (let n = 0; n < 25; n += 1) statuses.push((await call(`wkp_${n}`, 'GET', '/api/monitoring/')).status);
    expect(statuses[0]).toBe(401);
    expect(statuses.at(-1)).toBe(429);
    expect((await call(token, 'GET', '/api/monitoring/')).status).toBe(200);
  });
});
