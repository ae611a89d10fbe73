import type { TestingModule } from '@nestjs/testing';
import { generateSync } from 'otplib';
import { DataSource } from 'typeorm';
import { LoginService } from '../../src/auth/login.service.js';
import { type SecondStep, SecondStepService } from '../../src/auth/second-factor/second-step.service.js';
import type { SignedIn } from '../../src/auth/sign-ins.js';
import { PasswordHasher } from '../../src/auth/password-hasher.js';
import { dropSecondFactor } from '../../src/auth/second-factor/drop-second-factor.js';
import { PENDING_LIFE_MS } from '../../src/auth/second-factor/pending-sign-ins.js';
import { SecondFactorAccountService } from '../../src/auth/second-factor/second-factor-account.service.js';
import { SessionService } from '../../src/auth/session.service.js';
import { SetupService } from '../../src/auth/setup.service.js';
import { InvitationDoor } from '../../src/auth/users/invitation-door.js';
import { InvitationService } from '../../src/auth/users/invitation.service.js';
import { UserService } from '../../src/auth/user.service.js';
import type { Role, UserPrincipal } from '../../src/common/principal.js';
import type { HubConfig } from '../../src/config/hub-config.js';
import { createTestConfig, removeDataDir, startAuthServices } from '../support/auth-hub.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';

const PASSWORD = 'four monkeys on a ladder';
const STEP_MS = 30_000;

let database: TestDatabase;
let config: HubConfig;
let services: TestingModule;
let now: number;
let serial = 0;
/** From another address in each test: failed sign-ins are remembered by the database. */
let home: { ip: string; userAgent: string };
let passwordHash: string;

async function start(changes: Partial<HubConfig> = {}): Promise<void> {
  config = await createTestConfig(changes);
  services = await startAuthServices(database, config, () => now);
}

beforeAll(async () => {
  database = await createTestDatabase();
  passwordHash = await new PasswordHasher().hash(PASSWORD);
}, 60_000);
beforeEach(() => {
  home = { ip: `203.0.113.${++serial}`, userAgent: 'a browser' };
  // In the middle of a step, so that a test's few seconds do not leave it.
  now = Math.ceil(Date.now() / STEP_MS) * STEP_MS + STEP_MS / 2;
});
afterEach(async () => {
  await services.close();
  await removeDataDir(config);
});
afterAll(async () => {
  await database.drop();
  await stopTestPostgres();
});

const account = () => services.get(SecondFactorAccountService);
const login = (email: string, visitor = home) => services.get(LoginService).login(email, PASSWORD, visitor);
const finish = (token: string, code: string, visitor = home) =>
  services.get(SecondStepService).finish(token, code, visitor);
const showCode = (secret: string, steps = 0): string =>
  generateSync({ secret, epoch: Math.floor(now / 1000) + steps * 30 });
const authenticate = ({ cookie }: SignedIn) =>
  services.get(SessionService).authenticate({ cookie: cookie.split(';', 1)[0]! });
const describeRefusal = async (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => 'admitted',
    (error: Error & { code: string; path?: string }) =>
      error.path === undefined ? error.code : `${error.code} at ${error.path}`,
  );

async function createUser(role: Role = 'editor'): Promise<string> {
  const email = `user${serial++}@example.com`;
  await services.get(UserService).create({ email, passwordHash, role });
  return email;
}

async function signIn(email: string): Promise<UserPrincipal> {
  return (await authenticate((await login(email)) as SignedIn))!;
}

async function enrol(email: string): Promise<{ user: UserPrincipal; secret: string; codes: string[] }> {
  const user = await signIn(email);
  const { secret } = await account().begin(user, PASSWORD);
  const codes = await account().confirm(user, showCode(secret));
  return { user, secret, codes };
}

async function beginSignIn(email: string): Promise<string> {
  return ((await login(email)) as SecondStep).pendingToken;
}

describe('a second factor', () => {
  it('counts from its first right code on, ends other sessions, and is asked for after the password', async () => {
    await start();
    const email = await createUser();
    const other = (await login(email)) as SignedIn;
    const user = await signIn(email);
    expect(await describeRefusal(account().begin(user, 'not the password'))).toBe(
      'invalid_input at currentPassword',
    );
    const { secret, uri } = await account().begin(user, PASSWORD);
    expect(uri).toBe(
      `otpauth://totp/Watchkeeper:${encodeURIComponent(email)}?secret=${secret}&issuer=Watchkeeper`,
    );
    expect(await describeRefusal(account().confirm(user, showCode(secret, 9)))).toBe('invalid_input at code');
    expect(await login(email)).toHaveProperty('cookie');
    const codes = await account().confirm(user, showCode(secret));
    expect(new Set(codes).size).toBe(10);
    expect(await authenticate(other)).toBeUndefined();
    expect(await account().describe(user)).toEqual({
      hasPassword: true,
      hasTwoFactor: true,
      isTwoFactorRequired: false,
      recoveryCodesLeft: 10,
    });

    const step = (await login(email)) as SecondStep;
    expect(Object.keys(step)).toEqual(['pendingToken', 'expiresAt']);
    expect(await services.get(SessionService).authenticate({ cookie: `session=${step.pendingToken}` })).toBe(
      undefined,
    );
    const signedIn = await finish(step.pendingToken, showCode(secret, 1));
    expect(await authenticate(signedIn)).toMatchObject({ email });
    const entries = await services
      .get(DataSource)
      .query(
        `select after from audit_entry where actor_email = $1 and action = 'session.started' order by at`,
        [email],
      );
    expect(entries.at(-1).after).toMatchObject({ method: 'password and app' });
  });

  it('takes a code one step early or late, none further away, and none twice', async () => {
    await start();
    const email = await createUser();
    const { secret } = await enrol(email);
    const used = showCode(secret);
    expect(await describeRefusal(finish(await beginSignIn(email), used))).toBe('invalid_input at code');
    now += 10 * STEP_MS;
    expect(await describeRefusal(finish(await beginSignIn(email), showCode(secret, -2)))).toBe(
      'invalid_input at code',
    );
    expect(await describeRefusal(finish(await beginSignIn(email), showCode(secret, 2)))).toBe(
      'invalid_input at code',
    );
    expect(await describeRefusal(finish(await beginSignIn(email), showCode(secret, -1)))).toBe('admitted');
    const next = ` ${showCode(secret, 1).replace(/(...)/, '$1 ')} `;
    expect(await describeRefusal(finish(await beginSignIn(email), next))).toBe('admitted');
    // What was right a moment ago is now behind the step that was used.
    expect(await describeRefusal(finish(await beginSignIn(email), showCode(secret)))).toBe(
      'invalid_input at code',
    );
  });

  it('opens once, however many show it at the same time', async () => {
    await start();
    const email = await createUser();
    const { secret } = await enrol(email);
    now += 10 * STEP_MS;
    const tokens = [await beginSignIn(email), await beginSignIn(email)];
    const outcomes = await Promise.all(
      tokens.map((token) => describeRefusal(finish(token, showCode(secret)))),
    );
    expect(outcomes.sort()).toEqual(['admitted', 'invalid_input at code']);
  });

  it('is replaced by each recovery code once, however it is typed', async () => {
    await start();
    const email = await createUser();
    const { user, codes } = await enrol(email);
    const [first, second] = codes as [string, string];
    expect(
      await describeRefusal(finish(await beginSignIn(email), first.toLowerCase().replaceAll('-', ' '))),
    ).toBe('admitted');
    expect(await describeRefusal(finish(await beginSignIn(email), first))).toBe('invalid_input at code');
    expect((await account().describe(user)).recoveryCodesLeft).toBe(9);
    const fresh = await account().renewCodes(user, PASSWORD, second);
    expect(await describeRefusal(finish(await beginSignIn(email), codes[2]!))).toBe('invalid_input at code');
    expect(await describeRefusal(finish(await beginSignIn(email), fresh[0]!))).toBe('admitted');
  });

  it('lies in the database only sealed and hashed', async () => {
    await start();
    const email = await createUser();
    const { secret, codes } = await enrol(email);
    const rows = await services.get(DataSource).query(
      `select u::text as text from app_user u union all select r::text from recovery_code r
         union all select a::text from audit_entry a`,
    );
    for (const { text } of rows) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret).toString('hex'));
      for (const code of codes) expect(text).not.toContain(code.replaceAll('-', ''));
    }
  });
});

describe('the second step', () => {
  it('is over after five wrong codes, five minutes, a use, or a change of the password', async () => {
    await start();
    const email = await createUser();
    const { secret } = await enrol(email);
    now += 10 * STEP_MS;
    const guessed = await beginSignIn(email);
    for (let n = 0; n < 4; n++)
      expect(await describeRefusal(finish(guessed, '000000'))).toBe('invalid_input at code');
    expect(await describeRefusal(finish(guessed, showCode(secret)))).toBe('admitted');
    expect(await describeRefusal(finish(guessed, showCode(secret, 1)))).toBe('unauthenticated');

    const late = await beginSignIn(email);
    now += PENDING_LIFE_MS;
    expect(await describeRefusal(finish(late, showCode(secret)))).toBe('unauthenticated');
    const stale = await beginSignIn(email);
    await services.get(DataSource).query(`update app_user set password_hash = 'x' where email = $1`, [email]);
    expect(await describeRefusal(finish(stale, showCode(secret)))).toBe('unauthenticated');
    expect(await describeRefusal(finish('x'.repeat(43), showCode(secret)))).toBe('unauthenticated');
  });

  it('counts wrong codes as failed sign-ins, which the right password does not take back', async () => {
    await start();
    const email = await createUser();
    await enrol(email);
    const stranger = { ip: '198.51.100.7' };
    const outcomes: unknown[] = [];
    for (let n = 0; n < 6; n++) {
      const step = await login(email, stranger as typeof home).catch((error: { code: string }) => error.code);
      if (typeof step === 'string') outcomes.push(step);
      else
        outcomes.push(
          await describeRefusal(finish((step as SecondStep).pendingToken, '000000', stranger as never)),
        );
    }
    expect(outcomes).toEqual([...Array(5).fill('invalid_input at code'), 'too_many_requests']);
  });
});

describe('taking a second factor away', () => {
  it('takes the password and a code from its owner', async () => {
    await start();
    const email = await createUser();
    const { user, secret } = await enrol(email);
    expect(await describeRefusal(account().disable(user, PASSWORD, '000000'))).toBe('invalid_input at code');
    expect(await describeRefusal(account().disable(user, 'wrong password', showCode(secret, 1)))).toBe(
      'invalid_input at currentPassword',
    );
    await account().disable(user, PASSWORD, showCode(secret, 1));
    expect(await login(email)).toHaveProperty('cookie');
  });

  it('is for admins too, for others than themselves, and for whoever has a shell', async () => {
    await start();
    const email = await createUser();
    const { user, codes } = await enrol(email);
    const admin = await signIn(await createUser('admin'));
    expect(await describeRefusal(account().reset(user, admin.userId))).toBe('forbidden');
    expect(await describeRefusal(account().reset(admin, admin.userId))).toBe('conflict');
    const open = await finish(await beginSignIn(email), codes[0]!);
    await account().reset(admin, user.userId);
    expect(await authenticate(open)).toBeUndefined();
    expect(await login(email)).toHaveProperty('cookie');
    const [entry] = await services
      .get(DataSource)
      .query(`select * from audit_entry where action = 'user.twoFactorReset'`);
    expect(entry).toMatchObject({ actor_id: admin.userId, target_id: user.userId });

    await enrol(email);
    await dropSecondFactor(services.get(DataSource), config, email.toUpperCase());
    expect(await login(email)).toHaveProperty('cookie');
  });
});

describe('a hub that wants second factors', () => {
  it('lets admins in only with one, and sets it up at the next sign-in', async () => {
    await start();
    const email = await createUser('admin');
    const before = (await login(email)) as SignedIn;
    await services.close();
    await removeDataDir(config);
    await start({ requireTwoFactor: 'admins' });
    expect(await login(await createUser('editor'))).toHaveProperty('cookie');
    // Sessions from before are over, as none may do without.
    expect(await authenticate(before)).toBeUndefined();

    const { pendingToken, enrolment } = (await login(email)) as SecondStep;
    expect(await describeRefusal(finish(pendingToken, showCode(enrolment!.secret, 5)))).toBe(
      'invalid_input at code',
    );
    const signedIn = await finish(pendingToken, showCode(enrolment!.secret));
    expect(signedIn.recoveryCodes).toHaveLength(10);
    const user = (await authenticate(signedIn))!;
    expect(user.email).toBe(email);
    await account().disable(user, PASSWORD, signedIn.recoveryCodes![0]!);
    expect(await authenticate(signedIn)).toBeUndefined();
    expect(((await login(email)) as SecondStep).enrolment).toBeDefined();
  });
});

describe('somebody new on a hub that wants second factors of admins', () => {
  it('gets no session before theirs is set up, whose role does not need one gets it at once', async () => {
    await start({ requireTwoFactor: 'admins' });
    await services.get(DataSource).query('delete from app_user');
    const link = (await services.get(SetupService).prepare('http://127.0.0.1'))!;
    const setUpAdmin = await services
      .get(SetupService)
      .setUp(link.split('#token=')[1]!, 'first@example.com', PASSWORD, home);
    expect([setUpAdmin.cookie, Object.keys(setUpAdmin.secondStep!)]).toEqual([
      undefined,
      ['pendingToken', 'expiresAt', 'enrolment'],
    ]);
    const count = 'select count(*)::integer as count from user_session';
    expect(await services.get(DataSource).query(count)).toEqual([{ count: 0 }]);
    const { pendingToken, enrolment } = setUpAdmin.secondStep!;
    const signedIn = await finish(pendingToken, showCode(enrolment!.secret));
    const admin = (await authenticate(signedIn))!;

    const join = async (role: Role) => {
      const { link } = await services.get(InvitationService).invite(admin, `${role}@example.com`, role);
      return services.get(InvitationDoor).accept(link.split('#token=')[1]!, role, PASSWORD, home);
    };
    const editor = await join('editor');
    expect(await authenticate(editor as SignedIn)).toMatchObject({ role: 'editor' });
    const second = await join('admin');
    expect([second.cookie, second.secondStep?.enrolment?.uri]).toEqual([
      undefined,
      expect.stringContaining('admin%40example.com'),
    ]);
    // Who leaves it at that is led there at the door.
    expect(await login('admin@example.com')).toHaveProperty('enrolment');
    await finish(second.secondStep!.pendingToken, showCode(second.secondStep!.enrolment!.secret));
  });
});
