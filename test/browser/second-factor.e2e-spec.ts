import { generateSync } from 'otplib';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.js';
import { callHub, signIn } from '../support/hub-client.js';
import { ADMIN, ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { fillSignIn, see, seeHeading, waitForPath } from './page-steps.js';

let hub: HubProcess;
let browser: TestBrowser;

beforeAll(async () => {
  [hub, browser] = await Promise.all([HubProcess.start({ env: ADMIN_ENV }), TestBrowser.launch()]);
}, 90_000);
afterEach(() => browser.endVisits());
afterAll(async () => {
  await browser.close();
  await hub.clean();
}, 60_000);

const showCode = (secret: string, steps = 0): string =>
  generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + steps * 30 });

async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env.WATCHKEEPER_TEST_SHOTS;
  if (!folder) return;
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${width}.png` });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 900 });
}

describe('two-factor sign-in', () => {
  it('is turned on from the profile, asked for at the door, and opened by a recovery code', async () => {
    const home = await browser.open(hub, { user: await signIn(hub) });
    const { page } = home;
    await page.goto(`${hub.url}/settings/profile`);
    const panel = page.getByRole('region', { name: 'Two-factor sign-in' });
    await panel.getByRole('button', { name: 'Turn on' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Current password').fill(ADMIN.password);
    await dialog.getByRole('button', { name: 'Continue' }).click();
    await see(dialog.getByRole('img', { name: 'QR code for an authenticator app' }));
    await shoot(page, 'enrol');
    const secret = await dialog.getByLabel('Or type this into the app', { exact: true }).innerText();
    await dialog.getByLabel('Code of the app').fill('000000');
    await dialog.getByRole('button', { name: 'Turn on' }).click();
    await see(dialog.getByText('This code is not right.', { exact: false }));
    await dialog.getByLabel('Code of the app').fill(showCode(secret, -1));
    await dialog.getByRole('button', { name: 'Turn on' }).click();
    const list = dialog.getByRole('list', { name: 'Recovery codes' });
    await see(list);
    const codes = await list.getByRole('listitem').allInnerTexts();
    expect(codes).toHaveLength(10);
    await shoot(page, 'codes');
    await dialog.getByRole('button', { name: 'I have kept them' }).click();
    await see(panel.getByText('10 recovery codes left.'));
    await shoot(page, 'profile');

    const away = await browser.open(hub);
    away.tolerate(/ 40[01] |WebSocket connection to/);
    await away.page.goto(`${hub.url}/settings/sessions`);
    await fillSignIn(away.page, ADMIN);
    await seeHeading(away.page, 'Enter your code');
    await shoot(away.page, 'step');
    await away.page.getByLabel('Code').fill('000000');
    await away.page.getByRole('button', { name: 'Sign in' }).click();
    await see(away.page.getByText('This code is not right, or was used before.'));
    await away.page.getByLabel('Code').fill(showCode(secret));
    await away.page.getByRole('button', { name: 'Sign in' }).click();
    await waitForPath(away.page, '/settings/sessions');

    const lost = await browser.open(hub);
    lost.tolerate(/ 40[01] |WebSocket connection to/);
    await lost.page.goto(`${hub.url}/`);
    await fillSignIn(lost.page, ADMIN);
    await lost.page.getByLabel('Code').fill(codes[3]!.toLowerCase());
    await lost.page.getByRole('button', { name: 'Sign in' }).click();
    await seeHeading(lost.page, 'Overview');

    await page.reload();
    await see(panel.getByText('9 recovery codes left.'));
    await panel.getByRole('button', { name: 'Turn off' }).click();
    await dialog.getByLabel('Current password').fill(ADMIN.password);
    await dialog.getByLabel('Code of the app, or a recovery code').fill(codes[4]!);
    await dialog.getByRole('button', { name: 'Turn off' }).click();
    await see(panel.getByRole('button', { name: 'Turn on' }));
  });

  it('is set up at the door of a hub that wants it', async () => {
    const before = await signIn(hub);
    await hub.stop();
    await hub.restart({ WATCHKEEPER_REQUIRE_TWO_FACTOR: 'all' });
    const refused = await before.call('GET', '/api/monitoring/');
    expect([refused.status, refused.body.detail]).toEqual([
      401,
      expect.stringMatching(/second factor.*sign in/),
    ]);
    const asked = await before.call('POST', '/graphql', { query: '{ viewer { id } }' });
    expect([asked.status, asked.body.detail]).toEqual([401, refused.body.detail]);
    const visit = await browser.open(hub);
    visit.tolerate(/ 40[01] |WebSocket connection to/);
    const { page } = visit;
    await page.goto(`${hub.url}/`);
    await fillSignIn(page, ADMIN);
    await seeHeading(page, 'Set up your second factor');
    await shoot(page, 'set-up');
    const secret = await page.getByLabel('Or type this into the app', { exact: true }).innerText();
    await page.getByLabel('Code', { exact: true }).fill(showCode(secret));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await see(page.getByRole('list', { name: 'Recovery codes' }));
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await seeHeading(page, 'Overview');
    const again = await callHub(hub, 'POST', '/api/auth/login', { body: ADMIN });
    expect(again.headers.get('set-cookie')).toBeNull();
    expect(Object.keys(again.body)).toEqual(['secondStep']);
    expect(Object.keys(again.body.secondStep)).toEqual(['token', 'expiresAt']);
  });
});

describe('a new hub that wants second factors of all', () => {
  let fresh: HubProcess;
  beforeAll(async () => {
    fresh = await HubProcess.start({ env: { WATCHKEEPER_REQUIRE_TWO_FACTOR: 'all' } });
  }, 90_000);
  afterAll(() => fresh.clean(), 60_000);

  /** From the page that shows the QR code to the overview. */
  async function setUpFactor(page: Page): Promise<void> {
    await seeHeading(page, 'Set up your second factor');
    // Until then they are nobody.
    expect((await page.request.get(`${fresh.url}/api/monitoring/`)).status()).toBe(401);
    const secret = await page.getByLabel('Or type this into the app', { exact: true }).innerText();
    await page.getByLabel('Code', { exact: true }).fill('000000');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await see(page.getByText('This code is not right', { exact: false }));
    await page.getByLabel('Code', { exact: true }).fill(showCode(secret));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await see(page.getByRole('list', { name: 'Recovery codes' }));
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await waitForPath(page, '/');
    expect((await page.request.get(`${fresh.url}/api/monitoring/`)).status()).toBe(200);
  }

  it('leads its first admin and whoever is invited to set theirs up, before anything else opens', async () => {
    const setUp = await browser.open(fresh);
    setUp.tolerate(/ 40[01] |WebSocket connection to/);
    await setUp.page.goto(`${fresh.url}/setup#token=${fresh.setupToken}`);
    await setUp.page.getByLabel('E-mail').fill(ADMIN.email);
    await setUp.page.getByLabel('Password').fill(ADMIN.password);
    await setUp.page.getByRole('button', { name: 'Create administrator' }).click();
    await setUpFactor(setUp.page);
    await seeHeading(setUp.page, 'Overview');

    const invite = `mutation { inviteUser(input: { email: "eve@example.org", role: VIEWER }) { link } }`;
    const invited = await setUp.page.request.post(`${fresh.url}/graphql`, { data: { query: invite } });
    const eve = await browser.open(fresh);
    eve.tolerate(/ 40[01] |WebSocket connection to/);
    await eve.page.goto(fresh.url + (await invited.json()).data.inviteUser.link);
    await eve.page.getByLabel('Name').fill('Eve');
    await eve.page.getByLabel('Password').fill('nine goats under a bridge');
    await eve.page.getByRole('button', { name: 'Join' }).click();
    await setUpFactor(eve.page);
    await see(eve.page.getByText('Nothing is shared with you yet', { exact: false }));
  }, 60_000);
});
