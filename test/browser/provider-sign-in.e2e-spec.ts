import { generateSync } from 'otplib';
import type { Page } from 'playwright-core';
import { TestBrowser, type Visit } from '../support/browser.js';
import { signIn } from '../support/hub-client.js';
import { ADMIN, ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { SecretSweep } from '../support/secret-sweep.js';
import { CLIENT, TestProvider } from '../support/test-provider.js';
import { findFreePort } from './free-port.js';
import { fillSignIn, see, seeHeading, seeNoMore, waitForPath } from './page-steps.js';

const provider = new TestProvider();
let hub: HubProcess;
let browser: TestBrowser;

beforeAll(async () => {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  await provider.start([`${url}/api/auth/oidc/callback`]);
  const env = {
    ...ADMIN_ENV,
    PORT: String(port),
    PUBLIC_URL: url,
    WATCHKEEPER_OIDC_ISSUER: provider.issuer,
    WATCHKEEPER_OIDC_CLIENT_ID: CLIENT.id,
    WATCHKEEPER_OIDC_CLIENT_SECRET: CLIENT.secret,
    WATCHKEEPER_OIDC_LABEL: 'Keyring',
  };
  [hub, browser] = await Promise.all([HubProcess.start({ env }), TestBrowser.launch()]);
}, 90_000);
afterEach(() => browser.endVisits());
afterAll(async () => {
  await browser.close();
  await hub.clean();
  await provider.stop();
}, 60_000);

async function open(options: Parameters<TestBrowser['open']>[1] = {}): Promise<Visit> {
  const visit = await browser.open(hub, options);
  visit.tolerate(/^request to http:\/\/localhost:/);
  visit.tolerate(/ 40[01] |WebSocket connection to/);
  return visit;
}

async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env.WATCHKEEPER_TEST_SHOTS;
  if (!folder) return;
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${width}.png`, fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 900 });
}

const enter = (page: Page) => page.getByRole('button', { name: 'Sign in with Keyring' }).click();

describe('single sign-on on the page', () => {
  it('is connected on the profile, opens from the sign-in page, and is disconnected again', async () => {
    provider.who = 'admin-there';
    provider.people['admin-there'] = { email: 'admin@keyring.example', email_verified: true };
    const home = await open({ user: await signIn(hub) });
    await home.page.goto(`${hub.url}/settings/profile`);
    const panel = home.page.getByRole('region', { name: 'Single sign-on' });
    await panel.getByRole('button', { name: 'Connect Keyring' }).click();
    const dialog = home.page.getByRole('dialog');
    await dialog.getByLabel('Current password').fill('not my password');
    await dialog.getByRole('button', { name: 'Continue' }).click();
    await see(dialog.getByText('This is not your password.'));
    await shoot(home.page, 'connect');
    await dialog.getByLabel('Current password').fill(ADMIN.password);
    await dialog.getByRole('button', { name: 'Continue' }).click();
    await see(home.page.getByText('Keyring is connected'));
    await see(panel.getByText('admin@keyring.example', { exact: false }));
    expect(new URL(home.page.url()).search).toBe('');
    await shoot(home.page, 'profile');

    const away = await open();
    await away.page.goto(`${hub.url}/settings/sessions`);
    await see(away.page.getByRole('button', { name: 'Sign in with Keyring' }));
    await shoot(away.page, 'login');
    await enter(away.page);
    await waitForPath(away.page, '/settings/sessions');
    await see(away.page.getByText('by single sign-on', { exact: false }));
    await shoot(away.page, 'sessions');

    await panel.getByRole('button', { name: 'Disconnect Keyring' }).click();
    await dialog.getByLabel('Current password').fill(ADMIN.password);
    await dialog.getByRole('button', { name: 'Disconnect' }).click();
    await see(panel.getByRole('button', { name: 'Connect Keyring' }));
    await seeHeading(away.page, 'Sign in');
  });

  it('says why it did not let somebody in, and lets passwords on', async () => {
    provider.who = 'a stranger';
    const { page } = await open();
    await page.goto(`${hub.url}/login`);
    await enter(page);
    await see(
      page
        .getByRole('alert')
        .getByText('Nobody here is connected with this account of Keyring.', { exact: false }),
    );
    await shoot(page, 'unknown');
    await fillSignIn(page, ADMIN);
    await seeHeading(page, 'Overview');
  });

  it('takes an invitation, and leaves whoever did without a password', async () => {
    provider.who = 'invited-there';
    provider.people['invited-there'] = { email: 'kim@keyring.example', name: 'Kim' };
    const admin = await signIn(hub);
    const query = 'mutation { inviteUser(input: { email: "kim@example.com", role: EDITOR }) { link } }';
    const { link } = (await admin.ask(query)).inviteUser;
    const { page } = await open();
    await page.goto(link);
    const join = page.getByRole('button', { name: 'Join with Keyring' });
    await see(join);
    await shoot(page, 'invitation');
    await join.click();
    await seeHeading(page, 'Overview');
    await page.goto(`${hub.url}/settings/profile`);
    await see(page.getByText('You have none yet.', { exact: false }));
    await seeNoMore(page.getByLabel('Current password'));
    await shoot(page, 'no-password');
    await page.getByLabel('New password').fill('seven owls in a library');
    await page.getByRole('button', { name: 'Set password' }).click();
    await see(page.getByLabel('Current password'));
    await page.getByRole('button', { name: 'Disconnect Keyring' }).click();
    await shoot(page, 'disconnect');
  });

  it('asks whoever has a second factor here for it', async () => {
    provider.who = 'careful-there';
    const admin = await signIn(hub);
    const begin = `mutation ($input: BeginTwoFactorInput!) { beginTwoFactor(input: $input) { secret } }`;
    const { secret } = (await admin.ask(begin, { input: { currentPassword: ADMIN.password } }))
      .beginTwoFactor;
    const epoch = Math.floor(Date.now() / 1000);
    const confirm = `mutation ($input: ConfirmTwoFactorInput!) { confirmTwoFactor(input: $input) { recoveryCodes } }`;
    const input = { code: generateSync({ secret, epoch: epoch - 30 }) };
    const { recoveryCodes } = (await admin.ask(confirm, { input })).confirmTwoFactor;
    await hub.query(
      `insert into user_identity (user_id, issuer, subject) select id, $1, $2 from app_user where email = $3`,
      [provider.issuer, provider.who, ADMIN.email],
    );
    const { page } = await open();
    await page.goto(`${hub.url}/settings/sessions`);
    await enter(page);
    await seeHeading(page, 'Enter your code');
    expect(new URL(page.url()).hash).toBe('');
    await page.getByLabel('Code').fill(recoveryCodes[0]);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await waitForPath(page, '/settings/sessions');
    await hub.query('update app_user set two_factor_since = null, totp_secret = null where email = $1', [
      ADMIN.email,
    ]);
  });

  it('says that the provider is away', async () => {
    await hub.stop();
    await hub.restart();
    await provider.stop();
    const visit = await open();
    visit.tolerate(/ 503 /);
    const { page } = visit;
    await page.goto(`${hub.url}/login`);
    await enter(page);
    await see(page.getByText('Keyring cannot be reached right now. Try again in a moment.'));
    await shoot(page, 'away');
    await fillSignIn(page, ADMIN);
    await seeHeading(page, 'Overview');
  });

  it('leaves no secret of the provider anywhere', async () => {
    const sweep = new SecretSweep();
    sweep.add('client secret', CLIENT.secret);
    expect(provider.given.length).toBeGreaterThan(4);
    for (const token of provider.given) sweep.add('token of the provider', token);
    expect(sweep.find(hub.output)).toEqual([]);
    const tables = await hub.query<{ name: string }>(
      `select relname as name from pg_class where relkind = 'r' and relnamespace = current_schema()::regnamespace`,
    );
    for (const { name } of tables) {
      const rows = await hub.query(`select * from "${name}" limit 1000`);
      expect([name, sweep.find(JSON.stringify(rows))]).toEqual([name, []]);
    }
  });
});
