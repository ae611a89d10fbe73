import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { generateSync } from 'otplib';
import { DataSource } from 'typeorm';
import { ConnectedProviders } from '../../src/auth/oidc/connected-providers.js';
import { SecondFactorAccountService } from '../../src/auth/second-factor/second-factor-account.service.js';
import { SessionService } from '../../src/auth/session.service.js';
import { InvitationService } from '../../src/auth/users/invitation.service.js';
import { ProfileService } from '../../src/auth/users/profile.service.js';
import { UserAdminService } from '../../src/auth/users/user-admin.service.js';
import type { Role, UserPrincipal } from '../../src/common/principal.js';
import type { HubConfig, OidcSettings } from '../../src/config/hub-config.js';
import { readRoleMap } from '../../src/config/oidc-roles.js';
import { findFreePort } from '../browser/free-port.js';
import { createTestConfig, removeDataDir, startAuthHub } from '../support/auth-hub.js';
import { callHub } from '../support/hub-client.js';
import { SecretSweep } from '../support/secret-sweep.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';
import { CLIENT, TestProvider, Traveller } from '../support/test-provider.js';
import { waitFor } from '../support/wait-for.js';

interface Hub {
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly config: HubConfig;
}

const provider = new TestProvider();
const hubs: Hub[] = [];
let database: TestDatabase;
let plain: Hub;
let open: Hub;
let admin: UserPrincipal;
let serial = 0;

async function startHub(
  port: number,
  oidc: Partial<OidcSettings> = {},
  changes: Partial<HubConfig> = {},
): Promise<Hub> {
  const url = `http://127.0.0.1:${port}`;
  const config = await createTestConfig({
    port,
    publicOrigin: url,
    trustedProxies: ['127.0.0.1'],
    oidc: {
      issuer: provider.issuer,
      clientId: CLIENT.id,
      clientSecret: CLIENT.secret,
      scopes: 'openid profile email',
      label: 'Keyring',
      allowsSignUp: false,
      ...oidc,
    },
    ...changes,
  });
  const app = await startAuthHub(database, config);
  await app.listen(port, '127.0.0.1');
  const hub = { url, app, config };
  hubs.push(hub);
  return hub;
}

const roles = { claim: 'groups', map: readRoleMap('ops=admin,dev=editor')! };

beforeAll(async () => {
  database = await createTestDatabase();
  const ports = await Promise.all([findFreePort(), findFreePort()]);
  await provider.start(ports.map((port) => `http://127.0.0.1:${port}/api/auth/oidc/callback`));
  open = await startHub(
    ports[1]!,
    { allowsSignUp: true, scopes: 'openid profile email groups', roles },
    { requireTwoFactor: 'all', isPasswordLoginOff: true },
  );
  // Last, as the strategies of passport are of the process: those of the last hub stand behind every closed door.
  plain = await startHub(ports[0]!);
  admin = await addUser('admin@example.com', 'admin');
}, 90_000);
beforeEach(() => {
  provider.isRefusing = false;
  provider.who = `person-${++serial}`;
});
afterAll(async () => {
  for (const { app, config } of hubs) {
    await app.close();
    await removeDataDir(config);
  }
  await provider.stop();
  await database.drop();
  await stopTestPostgres();
}, 60_000);

const sql = (text: string, values: unknown[] = []) => plain.app.get(DataSource).query(text, values);

async function addUser(email: string, role: Role = 'viewer'): Promise<UserPrincipal> {
  const [{ id }] = await sql(
    `insert into app_user (email, password_hash, role) values ($1, 'none', $2) returning id`,
    [email, role],
  );
  return signInAs(id);
}

/** A session of a user, as by their password; `cookie` opens it. */
async function signInAs(userId: string): Promise<UserPrincipal & { cookie: string }> {
  const sessions = plain.app.get(SessionService);
  const cookie = (await sessions.start(userId, { ip: '127.0.0.1' })).split(';', 1)[0]!;
  return { ...(await sessions.authenticate({ cookie }))!, cookie };
}

/** Connects whom the provider signs in now with a user, as if they had done so on their profile. */
async function connect(userId: string, subject = provider.who): Promise<string> {
  const [{ id }] = await sql(
    'insert into user_identity (user_id, issuer, subject) values ($1, $2, $3) returning id',
    [userId, provider.issuer, subject],
  );
  return id;
}

const whose = async (hub: Hub, session: string | undefined): Promise<UserPrincipal | undefined> =>
  hub.app.get(SessionService).authenticate({ cookie: `session=${session}` });

const countUsers = async (): Promise<number> =>
  (await sql('select count(*)::integer as count from app_user'))[0].count;

describe('signing in by the provider', () => {
  it('opens a session for whoever is connected, and leads where they wanted', async () => {
    const user = await addUser('kim@example.com', 'editor');
    await connect(user.userId);
    const traveller = new Traveller(plain.url);
    const url = await traveller.setOut({ next: '/monitors/1?range=6h' });
    const asked = Object.fromEntries(url.searchParams);
    expect(asked).toMatchObject({ response_type: 'code', code_challenge_method: 'S256' });
    expect(asked).toMatchObject({ redirect_uri: `${plain.url}/api/auth/oidc/callback` });
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked[name]!.length).toBeGreaterThan(40);
    const { path, session, status } = await traveller.comeBack(await traveller.visit(url));
    expect([status, path]).toEqual([200, '/monitors/1?range=6h']);
    expect(await whose(plain, session)).toMatchObject({ email: 'kim@example.com', role: 'editor' });
    expect(traveller.cookie('provider')).toBeUndefined();
    const [row] = await sql('select by_provider from user_session where user_id = $1 and by_provider', [
      user.userId,
    ]);
    expect(row).toEqual({ by_provider: true });
    const [entry] = await sql(
      `select after, actor_email from audit_entry where action = 'session.started' order by at desc limit 1`,
    );
    expect(entry).toMatchObject({ actor_email: 'kim@example.com', after: { method: 'provider' } });
  });

  it('lets nobody in who is not known here, whatever their address', async () => {
    await addUser('known@example.com');
    provider.people[provider.who] = { email: 'known@example.com', email_verified: true };
    const before = await countUsers();
    const { path, session } = await new Traveller(plain.url).signIn();
    expect([path, session, await countUsers()]).toEqual(['/login?provider=unknown', undefined, before]);
    // Written beside the answer, which does not wait for it.
    const refusals = () => sql(`select action from audit_entry where action = 'session.refused' limit 1`);
    expect(await waitFor(async () => (await refusals())[0])).toEqual({ action: 'session.refused' });
  });

  it('says who is disabled that they are, and lets them stay out', async () => {
    const user = await addUser('out@example.com');
    await connect(user.userId);
    await plain.app.get(UserAdminService).setDisabled(admin, user.userId, true);
    const { path, session } = await new Traveller(plain.url).signIn();
    expect([path, session]).toEqual(['/login?provider=disabled', undefined]);
  });

  it('ends the session that the browser had before', async () => {
    const [user, other] = [await addUser('new@example.com'), await addUser('before@example.com')];
    await connect(user.userId);
    const { cookie } = await signInAs(other.userId);
    const traveller = new Traveller(plain.url);
    traveller.setCookie('session', cookie.slice('session='.length));
    const { session } = await traveller.signIn();
    expect(await whose(plain, session)).toMatchObject({ email: 'new@example.com' });
    expect(await plain.app.get(SessionService).authenticate({ cookie })).toBeUndefined();
  });

  it('asks who has a second factor here for it all the same', async () => {
    const user = await addUser('careful@example.com');
    await connect(user.userId);
    const { session } = await new Traveller(plain.url).signIn();
    const own = (await whose(plain, session))!;
    await sql('update app_user set password_hash = null where id = $1', [user.userId]);
    const account = plain.app.get(SecondFactorAccountService);
    const { secret } = await account.begin(own, '');
    const epoch = Math.floor(Date.now() / 1000);
    await account.confirm(own, generateSync({ secret, epoch: epoch - 30 }));
    const back = await new Traveller(plain.url).signIn({ next: '/settings/profile' });
    expect(back.session).toBeUndefined();
    const [, token] = /^\/login\?next=%2Fsettings%2Fprofile#second-step=([\w-]{43})$/.exec(back.path) ?? [];
    const answer = await callHub(plain, 'POST', '/api/auth/second-step', {
      body: { token, code: generateSync({ secret, epoch }) },
    });
    expect([answer.status, answer.body.user.email]).toEqual([200, 'careful@example.com']);
    const [entry] = await sql(
      `select after from audit_entry where action = 'session.started' order by at desc limit 1`,
    );
    expect(entry.after).toMatchObject({ method: 'provider and app' });
    const [last] = await sql('select by_provider from user_session order by created_at desc limit 1');
    expect(last).toEqual({ by_provider: true });
  });

  it('says it where the user said no over there', async () => {
    provider.isRefusing = true;
    expect((await new Traveller(plain.url).signIn()).path).toBe('/login?provider=cancelled');
  });

  it('leads nowhere else (S16)', async () => {
    const user = await addUser('led@example.com');
    await connect(user.userId);
    for (const next of ['//evil.example', '/\\evil.example', '/%2f%2fevil.example', 'https://evil.example']) {
      expect((await new Traveller(plain.url).signIn({ next })).path).toBe('/');
    }
  });
});

describe('what comes back from the provider', () => {
  let traveller: Traveller;
  let back: URL;
  beforeEach(async () => {
    await connect((await addUser(`${provider.who}@example.com`)).userId);
    traveller = new Traveller(plain.url);
    back = await traveller.visit(await traveller.setOut());
  });

  it('is nothing without the state, or with another', async () => {
    for (const state of ['', 'x', undefined]) {
      const forged = new URL(back);
      if (state === undefined) forged.searchParams.delete('state');
      else forged.searchParams.set('state', state);
      const { path, session } = await new Traveller(plain.url).comeBack(forged);
      expect([path, session]).toEqual(['/login?provider=expired', undefined]);
    }
    back.searchParams.set('state', 'x');
    expect((await traveller.comeBack(back)).path).toBe('/login?provider=expired');
  });

  it('is nothing in another browser', async () => {
    const { path, session } = await new Traveller(plain.url).comeBack(back);
    expect([path, session]).toEqual(['/login?provider=expired', undefined]);
  });

  it('is good once, with the cookie kept and the code renewed too', async () => {
    const cookie = traveller.cookie('provider')!;
    expect((await traveller.comeBack(back)).session).toBeDefined();
    traveller.setCookie('provider', cookie);
    const again = await traveller.comeBack(back);
    expect([again.path, again.session]).toEqual(['/login?provider=expired', undefined]);
    const later = new Traveller(plain.url);
    const fresh = await later.visit(await later.setOut());
    fresh.searchParams.set('code', back.searchParams.get('code')!);
    const replayed = await later.comeBack(fresh);
    expect([replayed.path, replayed.session]).toEqual(['/login?provider=refused', undefined]);
  });

  it('is nothing with a cookie that was changed or made up', async () => {
    const cookie = traveller.cookie('provider')!;
    for (const forged of [`${cookie.slice(0, -4)}AAAA`, 'x', 'A'.repeat(5000), `${cookie}.${cookie}`]) {
      traveller.setCookie('provider', forged);
      expect((await traveller.comeBack(back)).path).toBe('/login?provider=expired');
    }
  });

  it('is nothing from another provider, or with anything twice', async () => {
    back.searchParams.set('iss', 'https://other.example');
    expect((await traveller.comeBack(back)).path).toBe('/login?provider=refused');
    const twice = new Traveller(plain.url);
    const url = await twice.visit(await twice.setOut());
    url.searchParams.append('code', 'x');
    expect((await twice.comeBack(url)).path).toBe('/login?provider=refused');
    const without = new Traveller(plain.url);
    const bare = await without.visit(await without.setOut());
    bare.searchParams.delete('iss');
    expect((await without.comeBack(bare)).path).toBe('/login?provider=refused');
  });
});

describe('who becomes a user by the provider', () => {
  it('is whoever it vouches for, where sign-up is on, with the role of their groups', async () => {
    provider.people[provider.who] = {
      email: 'fresh@example.com',
      email_verified: true,
      name: ' Fresh\u0007 ',
      groups: ['staff', 'dev'],
    };
    const { path, session } = await new Traveller(open.url).signIn();
    expect(path).toBe('/');
    // The hub asks all for a second factor: of this session it is the provider's matter.
    expect(await whose(open, session)).toMatchObject({ email: 'fresh@example.com', role: 'editor' });
    expect(await whose(plain, session)).toBeDefined();
    const [row] = await sql(`select password_hash, name from app_user where email = 'fresh@example.com'`);
    expect(row).toEqual({ password_hash: null, name: null });
    provider.people[provider.who] = { ...provider.people[provider.who], groups: 'ops' };
    expect(await whose(open, (await new Traveller(open.url).signIn()).session)).toMatchObject({
      role: 'admin',
    });
    expect(await whose(open, session)).toBeUndefined();
    provider.people[provider.who] = { email: 'fresh@example.com' };
    expect(await whose(open, (await new Traveller(open.url).signIn()).session)).toMatchObject({
      role: 'viewer',
    });
  });

  it('is nobody whose address is not theirs, or somebody else’s', async () => {
    await addUser('Taken@example.com');
    const before = await countUsers();
    const people: [object, string][] = [
      [{ email: 'someone@example.com' }, 'email_unverified'],
      [{ email: 'someone@example.com', email_verified: 'true' }, 'email_unverified'],
      [{ email: 'no address', email_verified: true }, 'email_unverified'],
      [{ email_verified: true }, 'email_unverified'],
      [{ email: 'taken@EXAMPLE.com', email_verified: true }, 'email_taken'],
    ];
    for (const [person, fault] of people) {
      provider.people[provider.who] = { ...person };
      const { path, session } = await new Traveller(open.url).signIn();
      expect([person, path, session]).toEqual([person, `/login?provider=${fault}`, undefined]);
    }
    expect(await countUsers()).toBe(before);
  });

  it('never takes the last admin away', async () => {
    const others = await sql(`update app_user set is_disabled = true where role = 'admin' returning id`).then(
      ([rows]: [{ id: string }[]]) => rows.map(({ id }) => id),
    );
    const last = await addUser('last@example.com', 'admin');
    await connect(last.userId);
    provider.people[provider.who] = { groups: [] };
    expect(await whose(open, (await new Traveller(open.url).signIn()).session)).toMatchObject({
      role: 'admin',
    });
    await sql('update app_user set is_disabled = false where id = any($1)', [others]);
    expect(await whose(open, (await new Traveller(open.url).signIn()).session)).toMatchObject({
      role: 'viewer',
    });
  });

  it('is whoever holds an invitation, once, with its address and role', async () => {
    const invitations = plain.app.get(InvitationService);
    const { link } = await invitations.invite(admin, 'invited@example.com', 'editor');
    const invitation = link.split('token=')[1]!;
    provider.people[provider.who] = { email: 'elsewhere@example.com', name: 'Invited Person' };
    const { path, session } = await new Traveller(plain.url).signIn({ invitation });
    expect(path).toBe('/');
    expect(await whose(plain, session)).toMatchObject({ email: 'invited@example.com', role: 'editor' });
    const [user] = await sql(`select name, password_hash from app_user where email = 'invited@example.com'`);
    expect(user).toEqual({ name: 'Invited Person', password_hash: null });
    provider.who = 'somebody else';
    const again = await new Traveller(plain.url).signIn({ invitation });
    expect([again.path, again.session]).toEqual(['/login?provider=invitation', undefined]);
    provider.who = `person-${serial}`;
    const second = await invitations.invite(admin, 'second@example.com', 'viewer');
    const taken = await new Traveller(plain.url).signIn({ invitation: second.link.split('token=')[1]! });
    expect([taken.path, taken.session]).toEqual(['/login?provider=taken', undefined]);
  });
});

describe('a connection on the profile', () => {
  /** As on the profile, without the password: that is asked for at the door. */
  async function connectByDoor(user: { cookie: string; userId: string }): ReturnType<Traveller['comeBack']> {
    await sql('update app_user set password_hash = null where id = $1', [user.userId]);
    const traveller = new Traveller(plain.url);
    traveller.setCookie('session', user.cookie.slice('session='.length));
    const back = await traveller.signIn({ currentPassword: '' }, '/api/auth/oidc/connect');
    await sql(`update app_user set password_hash = 'none' where id = $1`, [user.userId]);
    return back;
  }

  it('is made by who is signed in, to nobody else’s identity', async () => {
    const user = await signInAs((await addUser('connects@example.com')).userId);
    const back = await connectByDoor(user);
    expect([back.path, back.session]).toEqual(['/settings/profile?provider=connected', undefined]);
    const { session } = await new Traveller(plain.url).signIn();
    expect(await whose(plain, session)).toMatchObject({ email: 'connects@example.com' });
    const other = await signInAs((await addUser('other@example.com')).userId);
    expect((await connectByDoor(other)).path).toBe('/settings/profile?provider=taken');
    provider.who = 'a second self';
    expect((await connectByDoor(user)).path).toBe('/settings/profile?provider=already_connected');
    const actions = await sql(
      `select action from audit_entry where target_name = 'connects@example.com' and action like 'user.p%'`,
    );
    expect(actions).toEqual([{ action: 'user.providerConnected' }]);
  });

  it('is not made once the session is over', async () => {
    const user = await signInAs((await addUser('gone@example.com')).userId);
    await sql('update app_user set password_hash = null where id = $1', [user.userId]);
    const traveller = new Traveller(plain.url);
    traveller.setCookie('session', user.cookie.slice('session='.length));
    const url = await traveller.visit(
      await traveller.setOut({ currentPassword: '' }, '/api/auth/oidc/connect'),
    );
    await plain.app.get(SessionService).end(user.sessionId);
    expect((await traveller.comeBack(url)).path).toBe('/settings/profile?provider=signed_out');
    expect(await plain.app.get(ConnectedProviders).list(user)).toEqual([]);
  });

  it('takes the password, or a sign-in of just now', async () => {
    const user = await signInAs((await addUser('asks@example.com')).userId);
    const ask = () =>
      callHub(plain, 'POST', '/api/auth/oidc/connect', {
        body: { currentPassword: '' },
        headers: { cookie: user.cookie },
      });
    await sql('update app_user set password_hash = null where id = $1', [user.userId]);
    expect((await ask()).status).toBe(200);
    await sql(`update user_session set created_at = now() - interval '11 minutes' where id = $1`, [
      user.sessionId,
    ]);
    const refused = await ask();
    expect([refused.status, refused.body.code]).toEqual([400, 'invalid_input']);
    const stranger = await callHub(plain, 'POST', '/api/auth/oidc/connect', {
      body: { currentPassword: '' },
    });
    expect(stranger.status).toBe(401);
  });

  it('ends with the sessions that it began, and never as the last way in', async () => {
    const { userId } = await addUser('leaves@example.com');
    const id = await connect(userId);
    const away = (await new Traveller(plain.url).signIn()).session;
    await sql('update app_user set password_hash = null where id = $1', [userId]);
    const user = await signInAs(userId);
    const connected = plain.app.get(ConnectedProviders);
    await expect(connected.disconnect(user, id, '')).rejects.toMatchObject({ code: 'conflict' });
    await expect(connected.disconnect(admin, id, '')).rejects.toMatchObject({ code: 'not_found' });
    const newPassword = 'seven owls in a library';
    await plain.app.get(ProfileService).setPassword(user, { currentPassword: '', newPassword });
    expect(await whose(plain, away)).toBeUndefined();
    const again = (await new Traveller(plain.url).signIn()).session;
    await connected.disconnect(user, id, newPassword);
    expect(await whose(plain, again)).toBeUndefined();
    expect((await new Traveller(plain.url).signIn()).path).toBe('/login?provider=unknown');
    const login = await callHub(plain, 'POST', '/api/auth/login', {
      body: { email: 'leaves@example.com', password: newPassword },
    });
    expect(login.status).toBe(200);
    await connect(userId);
    const [{ id: only }] = await connected.list(user);
    await expect(open.app.get(ConnectedProviders).disconnect(user, only, newPassword)).rejects.toMatchObject({
      code: 'conflict',
    });
  });
});

describe('the doors', () => {
  it('say what is on, and let no password open where that is off', async () => {
    const options = async (hub: Hub) => (await callHub(hub, 'GET', '/api/auth/options')).body;
    expect(await options(plain)).toEqual({ password: true, provider: { label: 'Keyring' } });
    expect(await options(open)).toEqual({ password: false, provider: { label: 'Keyring' } });
    const body = { email: 'admin@example.com', password: 'four monkeys on a ladder' };
    const answer = await callHub(open, 'POST', '/api/auth/login', { body });
    expect([answer.status, answer.body.detail]).toEqual([
      403,
      'Passwords do not open this hub. Sign in with Keyring.',
    ]);
  });

  it('say so while the provider is down, and open again when it is back', async () => {
    const hub = await startHub(await findFreePort());
    await provider.stop();
    const down = await callHub(hub, 'POST', '/api/auth/oidc/start', { body: {} });
    expect([down.status, down.body.code]).toEqual([503, 'not_ready']);
    expect(down.body.detail).toBe('Keyring cannot be reached right now. Try again in a moment.');
    const traveller = new Traveller(plain.url);
    const url = await traveller.setOut();
    const back = new URL(`${plain.url}/api/auth/oidc/callback?code=x&iss=${provider.issuer}`);
    back.searchParams.set('state', url.searchParams.get('state')!);
    expect((await traveller.comeBack(back)).path).toBe('/login?provider=unreachable');
    await provider.start(hubs.map((one) => `${one.url}/api/auth/oidc/callback`));
    await connect((await addUser('patient@example.com')).userId);
    expect((await new Traveller(plain.url).signIn()).session).toBeDefined();
  }, 30_000);

  it('keep every secret of it', async () => {
    const sweep = new SecretSweep();
    sweep.add('client secret', CLIENT.secret);
    expect(provider.given.length).toBeGreaterThan(20);
    for (const token of provider.given) sweep.add('token of the provider', token);
    const tables = ['audit_entry', 'app_user', 'user_identity', 'user_session'];
    for (const table of tables)
      expect(sweep.find(JSON.stringify(await sql(`select * from ${table}`)))).toEqual([]);
  });

  it('are bounded for each network', async () => {
    const hub = await startHub(await findFreePort());
    const answers = [];
    for (let i = 0; i < 61; i++)
      answers.push(await callHub(hub, 'POST', '/api/auth/oidc/start', { body: {} }));
    expect(answers.slice(0, 60).every(({ status }) => status === 200)).toBe(true);
    expect(answers[60]!.status).toBe(429);
    const other = await startHub(await findFreePort());
    const paths = [];
    for (let i = 0; i < 21; i++) {
      paths.push(
        (
          await new Traveller(other.url, '198.51.100.7').comeBack(
            new URL(`${other.url}/api/auth/oidc/callback?state=x`),
          )
        ).path,
      );
    }
    expect(paths.slice(0, 20)).toEqual(Array(20).fill('/login?provider=expired'));
    expect(paths[20]).toBe('/login?provider=too_many_requests');
  });
});
