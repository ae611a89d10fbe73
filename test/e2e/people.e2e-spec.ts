import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Answer, callHub, HubClient, postReport, signIn } from '../support/hub-client.js';
import { ADMIN, ADMIN_ENV, HubProcess, MAIN } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';

const PASSWORD = 'nine goats under a bridge';
const SECOND_MS = 1_000;

let hub: HubProcess;
let admin: HubClient;

beforeAll(async () => {
  hub = await HubProcess.start({ env: ADMIN_ENV });
  admin = await signIn(hub);
}, 90_000);
afterAll(() => hub.clean(), 60_000);

const readToken = (link: string): string => link.split('#token=')[1]!;
const readProblem = ({ status, body }: Answer): [number, string] => [status, body.code];
const post = (path: string, body: unknown): Promise<Answer> => callHub(hub, 'POST', path, { body });

async function invite(email: string, role: string): Promise<{ id: string; token: string }> {
  const { inviteUser } = await admin.ask(
    `mutation ($input: InviteUserInput!) {
       inviteUser(input: $input) { invitation { id email role } link userErrors { code message path } } }`,
    { input: { email, role } },
  );
  expect(inviteUser.userErrors).toEqual([]);
  return { id: inviteUser.invitation.id, token: readToken(inviteUser.link) };
}

interface Somebody {
  readonly id: string;
  readonly email: string;
  readonly client: HubClient;
}

let count = 0;
async function join(role: 'ADMIN' | 'EDITOR' | 'VIEWER'): Promise<Somebody> {
  const email = `${role.toLowerCase()}-${++count}@example.org`;
  const { token } = await invite(email, role);
  const answer = await post('/api/auth/invitation', {
    token,
    name: `The ${role} ${count}`,
    password: PASSWORD,
  });
  const cookie = answer.headers.get('set-cookie')?.split(';', 1)[0];
  expect([answer.status, cookie]).toEqual([200, expect.stringMatching(/^session=/)]);
  return { id: answer.body.user.id, email, client: new HubClient(hub, cookie!) };
}

const isSignedIn = async ({ client }: Pick<Somebody, 'client'>): Promise<boolean> =>
  (await client.call('GET', '/api/monitoring/')).status === 200;

async function change(who: HubClient, field: string, variables: Record<string, unknown>): Promise<string[]> {
  const types = Object.entries(variables).map(([name, value]) => {
    if (name === 'id' || name === 'monitorId') return `$${name}: ID!`;
    if (typeof value === 'boolean') return `$${name}: Boolean`;
    return typeof value === 'string' ? `$${name}: String!` : `$${name}: ${INPUTS[field]}!`;
  });
  const args = Object.keys(variables).map((name) => `${name}: $${name}`);
  const head = types.length > 0 ? `(${types.join(', ')})` : '';
  const call = args.length > 0 ? `(${args.join(', ')})` : '';
  const data = await who.ask(`mutation ${head} { it: ${field}${call} { userErrors { code } } }`, variables);
  return data.it.userErrors.map(({ code }: { code: string }) => code);
}
const INPUTS: Record<string, string> = {
  shareMonitor: 'ShareInput',
  shareTag: 'ShareInput',
  updateUser: 'UpdateUserInput',
  updateMonitor: 'UpdateMonitorInput',
  changePassword: 'ChangePasswordInput',
  changeEmail: 'ChangeEmailInput',
  updateProfile: 'UpdateProfileInput',
  inviteUser: 'InviteUserInput',
};

describe('an invitation', () => {
  it('says whom it is for, makes that user once, and is gone', async () => {
    const { token } = await invite('Lee@example.org', 'EDITOR');
    expect((await post('/api/auth/invitation', { token })).body).toEqual({
      email: 'Lee@example.org',
      role: 'editor',
    });
    const weak = await post('/api/auth/invitation', { token, name: 'Lee', password: 'lee@example.org' });
    expect([weak.status, weak.body.errors[0].path]).toEqual([400, 'password']);
    const [first, second] = await Promise.all(
      [1, 2].map(() => post('/api/auth/invitation', { token, name: ' Lee ', password: PASSWORD })),
    );
    expect([first!.status, second!.status].sort()).toEqual([200, 401]);
    expect(readProblem(await post('/api/auth/invitation', { token }))).toEqual([401, 'unauthenticated']);
    const lee = await signIn(hub, { email: 'lee@example.org', password: PASSWORD });
    expect((await lee.ask('{ viewer { email name role rights } }')).viewer).toEqual({
      email: 'Lee@example.org',
      name: 'Lee',
      role: 'EDITOR',
      rights: ['CREATE_MONITOR', 'MANAGE_CHANNELS', 'SEE_PEOPLE'],
    });
  });

  it('is void once it is taken back, renewed or too old', async () => {
    const { id, token } = await invite('max@example.org', 'VIEWER');
    const { renewInvitation } = await admin.ask(
      'mutation ($id: ID!) { renewInvitation(id: $id) { link invitation { id } } }',
      { id },
    );
    const newer = readToken(renewInvitation.link);
    expect((await post('/api/auth/invitation', { token })).status).toBe(401);
    expect((await post('/api/auth/invitation', { token: newer })).status).toBe(200);
    await hub.query(`update user_invitation set expires_at = now() where email = 'max@example.org'`);
    expect((await post('/api/auth/invitation', { token: newer })).status).toBe(401);
    expect(await change(admin, 'revokeInvitation', { id: renewInvitation.invitation.id })).toEqual([]);
    expect((await admin.ask('{ invitations { email } }')).invitations).not.toContainEqual({
      email: 'max@example.org',
    });
  });

  it('is not for an address that is taken, nor for more than it says (S20)', async () => {
    const taken = { email: ADMIN.email.toUpperCase(), role: 'VIEWER' };
    expect(await change(admin, 'inviteUser', { input: taken })).toEqual(['conflict']);
    const { token } = await invite('kim@example.org', 'VIEWER');
    for (const field of ['role', 'isAdmin', 'userId', 'id', 'passwordHash', 'email']) {
      const body = { token, name: 'Kim', password: PASSWORD, [field]: 'admin' };
      expect([field, ...readProblem(await post('/api/auth/invitation', body))]).toEqual([
        field,
        400,
        'unknown_field',
      ]);
    }
    expect(await hub.query(`select 1 from app_user where email = 'kim@example.org'`)).toEqual([]);
  });
});

describe('two tenants', () => {
  it('see nothing of each other until they share, and then just that, over every door (S5, S7)', async () => {
    const [kim, max, eve] = await Promise.all([join('EDITOR'), join('EDITOR'), join('VIEWER')]);
    const secret = await kim.client.createMonitor({ name: 'secret', tags: ['prod'] });
    const other = await kim.client.createMonitor({ name: 'other' });
    const listOf = async ({ client }: Somebody): Promise<string[]> => {
      const overRest = ((await client.call('GET', '/api/monitoring/')).body as { id: string }[]).map(
        ({ id }) => id,
      );
      const overGraphql = (await client.ask('{ monitors { id } }')).monitors.map(
        ({ id }: { id: string }) => id,
      );
      expect(overGraphql.sort()).toEqual(overRest.sort());
      return overRest;
    };
    expect([await listOf(max), await listOf(eve)]).toEqual([[], []]);
    expect(
      await change(max.client, 'shareMonitor', {
        monitorId: secret.id,
        input: { userId: max.id, access: 'EDIT' },
      }),
    ).toEqual(['not_found']);

    // By name: eve looks, and does no more than that.
    expect(
      await change(kim.client, 'shareMonitor', {
        monitorId: secret.id,
        input: { userId: eve.id, access: 'EDIT' },
      }),
    ).toEqual([]);
    expect([await listOf(max), await listOf(eve)]).toEqual([[], [secret.id]]);
    const seen = await eve.client.ask(
      'query ($id: ID!) { monitor(id: $id) { owner { name } rights apiKeys { id } shares { id } } }',
      { id: secret.id },
    );
    expect(seen.monitor).toEqual({
      owner: { name: expect.stringMatching(/^The EDITOR/) },
      rights: ['VIEW'],
      apiKeys: [],
      shares: [],
    });
    for (const [field, variables] of [
      ['updateMonitor', { id: secret.id, input: { name: 'taken' } }],
      ['stopMonitor', { id: secret.id }],
      ['deleteMonitor', { id: secret.id }],
      ['createApiKey', { monitorId: secret.id }],
      ['shareMonitor', { monitorId: secret.id, input: { everyone: true, access: 'VIEW' } }],
    ] as const) {
      expect([field, await change(eve.client, field, variables)]).toEqual([field, ['forbidden']]);
    }

    // By tag, for changing: max changes it, but neither deletes nor shares it, not by its tags either.
    expect(
      await change(kim.client, 'shareTag', { tag: 'prod', input: { userId: max.id, access: 'EDIT' } }),
    ).toEqual([]);
    expect(await listOf(max)).toEqual([secret.id]);
    expect(
      await change(max.client, 'updateMonitor', { id: secret.id, input: { description: 'mine too' } }),
    ).toEqual([]);
    expect(await change(max.client, 'createApiKey', { monitorId: secret.id })).toEqual([]);
    expect(await change(max.client, 'updateMonitor', { id: secret.id, input: { tags: [] } })).toEqual([
      'forbidden',
    ]);
    expect(await change(max.client, 'deleteMonitor', { id: secret.id })).toEqual(['forbidden']);
    expect(await change(max.client, 'deleteMonitor', { id: other.id })).toEqual(['not_found']);
    const ofEveryOwner = { tag: 'prod', ofEveryOwner: true, input: { everyone: true, access: 'VIEW' } };
    expect(await change(max.client, 'shareTag', ofEveryOwner)).toEqual(['forbidden']);

    for (const tag of ['', ' ', 'a\u0000b', 'x'.repeat(51)]) {
      const input = { everyone: true, access: 'VIEW' };
      expect([tag, await change(kim.client, 'shareTag', { tag, input })]).toEqual([tag, ['invalid_input']]);
    }

    // Taken away while they look: the stream ends within a second, and nothing of it comes any more.
    const stream = eve.client.subscribe<{ reports: unknown[] }>(
      'subscription ($ids: [ID!]!) { reportsReceived(monitorIds: $ids) { reports { monitorId } } }',
      { ids: [secret.id] },
    );
    await waitFor(async () => {
      await postReport(hub, secret.key, { cpu: { usagePercent: 1 } });
      return stream.events.length > 0;
    });
    const { monitor } = await kim.client.ask(
      'query ($id: ID!) { monitor(id: $id) { shares { id person { id } } } }',
      { id: secret.id },
    );
    const share = monitor.shares.find(({ person }: { person: { id: string } }) => person.id === eve.id);
    expect(await change(max.client, 'removeShare', { id: share.id })).toEqual(['not_found']);
    expect(await change(kim.client, 'removeShare', { id: share.id })).toEqual([]);
    await waitFor(() => stream.closeCode === 4403, { deadlineMs: SECOND_MS, everyMs: 20 });
    expect(await listOf(eve)).toEqual([]);
    expect((await eve.client.call('GET', `/api/monitoring/${secret.id}`)).status).toBe(404);
    await stream.close();
  }, 30_000);
});

describe('admins and the others', () => {
  it('a role that changes, disabling and deleting end sessions and sockets within a second (S12)', async () => {
    const boss = await join('ADMIN');
    for (const [field, variables] of [
      ['updateUser', { input: { role: 'EDITOR' } }],
      ['disableUser', {}],
      ['deleteUser', {}],
    ] as const) {
      const kim = await join('VIEWER');
      const stream = kim.client.subscribe('subscription { monitorStatusChanged { id } }');
      await waitFor(async () => (await isSignedIn(kim)) && stream.isOpen);
      expect([field, await change(boss.client, field, { id: kim.id, ...variables })]).toEqual([field, []]);
      await waitFor(() => stream.closeCode === 4403, { deadlineMs: SECOND_MS, everyMs: 20 });
      expect([field, await isSignedIn(kim)]).toEqual([field, false]);
      await stream.close();
    }
    // What another process did to the tables is felt as soon.
    const kim = await join('VIEWER');
    expect(await isSignedIn(kim)).toBe(true);
    await hub.query('update app_user set is_disabled = true where id = $1', [kim.id]);
    await waitFor(async () => !(await isSignedIn(kim)), { deadlineMs: 2 * SECOND_MS, everyMs: 50 });
  }, 30_000);

  it('what a deleted user owned goes to the admin who deletes, and whom it was shared with keep it', async () => {
    const [kim, eve] = await Promise.all([join('EDITOR'), join('VIEWER')]);
    const { id } = await kim.client.createMonitor({ name: 'heirloom', tags: ['family', 'old'] });
    await change(kim.client, 'shareTag', { tag: 'family', input: { userId: eve.id, access: 'VIEW' } });
    expect(await change(admin, 'deleteUser', { id: kim.id })).toEqual([]);
    const { monitor } = await eve.client.ask(
      'query ($id: ID!) { monitor(id: $id) { name owner { email } } }',
      { id },
    );
    expect(monitor).toEqual({ name: 'heirloom', owner: { email: ADMIN.email } });
    const own = await admin.createMonitor({ name: 'own', tags: ['family'] });
    expect((await eve.client.call('GET', `/api/monitoring/${own.id}`)).status).toBe(404);
  });

  it('there is always an admin left', async () => {
    const { users } = await admin.ask('{ users { id email role } }');
    const self = users.find(({ email }: { email: string }) => email === ADMIN.email);
    for (const { id, role } of users) {
      if (id !== self.id && role === 'ADMIN') await change(admin, 'deleteUser', { id });
    }
    for (const [field, variables] of [
      ['updateUser', { input: { role: 'VIEWER' } }],
      ['disableUser', {}],
      ['deleteUser', {}],
    ] as const) {
      expect([field, await change(admin, field, { id: self.id, ...variables })]).toEqual([
        field,
        ['conflict'],
      ]);
    }
    expect(await isSignedIn({ client: admin })).toBe(true);
  });

  it.each(['EDITOR', 'VIEWER'] as const)('a user with the role %s manages nobody', async (role) => {
    const kim = await join(role);
    const id = randomUUID();
    for (const field of ['disableUser', 'enableUser', 'deleteUser', 'renewInvitation', 'revokeInvitation']) {
      expect([field, await change(kim.client, field, { id })]).toEqual([field, ['forbidden']]);
    }
    const self = { id: kim.id, input: { role: 'ADMIN' } };
    expect(await change(kim.client, 'updateUser', self)).toEqual(['forbidden']);
    expect(
      await change(kim.client, 'inviteUser', { input: { email: 'x@example.org', role: 'ADMIN' } }),
    ).toEqual(['forbidden']);
    for (const query of ['{ users { id } }', '{ invitations { id } }']) {
      expect((await kim.client.gql(query)).errors).toMatchObject([{ extensions: { code: 'forbidden' } }]);
    }
    const people = await kim.client.gql('{ people { name } }');
    expect(people.errors === undefined).toBe(role === 'EDITOR');
  });
});

describe('one’s own account', () => {
  it('a new password ends the other sessions, and only the right old one sets it', async () => {
    const kim = await join('VIEWER');
    const elsewhere = await signIn(hub, { email: kim.email, password: PASSWORD });
    const stream = elsewhere.subscribe('subscription { monitorStatusChanged { id } }');
    await waitFor(() => stream.isOpen);
    const newPassword = 'ten goats over a river';
    const wrong = { currentPassword: 'ten goats under a bridge', newPassword };
    expect(await change(kim.client, 'changePassword', { input: wrong })).toEqual(['invalid_input']);
    expect(
      await change(kim.client, 'changePassword', { input: { currentPassword: PASSWORD, newPassword } }),
    ).toEqual([]);
    await waitFor(() => stream.closeCode === 4403, { deadlineMs: SECOND_MS, everyMs: 20 });
    expect([await isSignedIn({ client: elsewhere }), await isSignedIn(kim)]).toEqual([false, true]);
    await signIn(hub, { email: kim.email, password: newPassword });
    await stream.close();
  });

  it('lists where one is signed in, and signs out there; nobody else’s', async () => {
    const [kim, max] = await Promise.all([join('VIEWER'), join('VIEWER')]);
    const elsewhere = await signIn(hub, { email: kim.email, password: PASSWORD });
    const query = '{ sessions { id device address isCurrent createdAt lastUsedAt } }';
    const { sessions } = await kim.client.ask(query);
    expect(sessions).toHaveLength(2);
    expect(sessions).toContainEqual(
      expect.objectContaining({ isCurrent: true, address: '127.0.0.1', device: expect.any(String) }),
    );
    const other = sessions.find(({ isCurrent }: { isCurrent: boolean }) => !isCurrent);
    expect(await change(max.client, 'endSession', { id: other.id })).toEqual(['not_found']);
    expect(await change(kim.client, 'endSession', { id: other.id })).toEqual([]);
    expect([await isSignedIn({ client: elsewhere }), await isSignedIn(kim)]).toEqual([false, true]);
    const third = await signIn(hub, { email: kim.email, password: PASSWORD });
    expect(await change(kim.client, 'endOtherSessions', {})).toEqual([]);
    expect([await isSignedIn({ client: third }), await isSignedIn(kim)]).toEqual([false, true]);
  });

  it('changes name and address, and nothing that is not asked for (S20)', async () => {
    const kim = await join('VIEWER');
    for (const field of ['role', 'isAdmin', 'userId', 'id', 'passwordHash']) {
      const { errors } = await kim.client.gql(
        'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { userErrors { code } } }',
        { input: { name: 'Kim', [field]: 'admin' } },
      );
      expect([field, errors?.length]).toEqual([field, 1]);
    }
    const [row] = await hub.query<{ name: string; role: string }>(
      'select name, role from app_user where id = $1',
      [kim.id],
    );
    expect(row).toEqual({ name: expect.stringMatching(/^The VIEWER/), role: 'viewer' });
    expect(await change(kim.client, 'updateProfile', { input: { name: 'Kim' } })).toEqual([]);
    const email = `new-${kim.email}`;
    expect(await change(kim.client, 'changeEmail', { input: { email, currentPassword: PASSWORD } })).toEqual(
      [],
    );
    expect((await kim.client.ask('{ viewer { name email } }')).viewer).toEqual({ name: 'Kim', email });
    const taken = { email: ADMIN.email, currentPassword: PASSWORD };
    expect(await change(kim.client, 'changeEmail', { input: taken })).toEqual(['conflict']);
  });

  it('is opened again by a link from the machine of the hub, while it runs', async () => {
    const kim = await join('EDITOR');
    const env = { PATH: process.env['PATH']!, DATA_DIR: hub.dataDir, PORT: String(hub.port), HOME: '/' };
    const run = (email: string) =>
      promisify(execFile)(process.execPath, [MAIN, 'reset-password', email], { env, cwd: '/' });
    const { stdout } = await run(kim.email.toUpperCase());
    expect(stdout.trim()).toMatch(new RegExp(`^${hub.url}/reset#token=[\\w-]{22}$`));
    const token = readToken(stdout.trim());
    expect((await post('/api/auth/reset', { token })).body).toEqual({ email: kim.email });
    const password = 'eleven goats on a train';
    expect((await post('/api/auth/reset', { token, password })).status).toBe(200);
    expect(await isSignedIn(kim)).toBe(false);
    expect(readProblem(await post('/api/auth/reset', { token, password }))).toEqual([401, 'unauthenticated']);
    await signIn(hub, { email: kim.email, password });
    await expect(run('nobody@example.org')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no user'),
    });
    expect(await isSignedIn({ client: admin })).toBe(true);
  }, 30_000);
});

it('all of it stands in the audit log, and no link or password does', async () => {
  const lines = (await admin.call('GET', '/api/audit')).text;
  for (const action of [
    ...['invitation.created', 'invitation.revoked', 'invitation.refused', 'user.created', 'user.changed'],
    ...['user.disabled', 'user.deleted', 'user.passwordChanged', 'user.resetLinkMade', 'user.passwordReset'],
    ...['session.revoked', 'share.created', 'share.removed'],
  ]) {
    expect(lines).toContain(`"action":"${action}"`);
  }
  expect(lines).not.toMatch(/goats|#token=/);
  const { auditLog } = await admin.ask(
    '{ auditLog(filter: { action: "user.deleted" }, first: 50) { entries { before } } }',
  );
  expect(auditLog.entries).toContainEqual({ before: expect.objectContaining({ handedOver: ['heirloom'] }) });
});
