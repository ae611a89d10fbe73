import { jest } from '@jest/globals';
import { PAGE_DEADLINE_MS, TestBrowser, type Visit } from '../support/browser.js';
import { callHub, signIn } from '../support/hub-client.js';
import { ADMIN, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { chooseAccount, fillSignIn, see, seeHeading, waitForPath } from './page-steps.js';

jest.setTimeout(60_000);

let hub: HubProcess;
let browser: TestBrowser;

beforeAll(async () => {
  [hub, browser] = await Promise.all([HubProcess.start(), TestBrowser.launch()]);
}, 120_000);
afterEach(() => browser?.endVisits());
afterAll(async () => {
  await browser?.close();
  await hub?.clean();
});

/** Chromium logs every answer of 4xx by itself. */
async function openSignedOut(): Promise<Visit> {
  const visit = await browser.open(hub);
  visit.tolerate(/console: Failed to load resource: .* 40[14]/);
  return visit;
}

async function fillSetup({ page }: Visit): Promise<void> {
  await page.getByLabel('E-mail').fill(ADMIN.email);
  await page.getByLabel('Password').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Create administrator' }).click();
}

describe('a hub without an administrator', () => {
  it('shows the set-up page to whoever comes', async () => {
    const { page } = await openSignedOut();
    await page.goto(`${hub.url}/`);
    await waitForPath(page, '/setup');
    await seeHeading(page, 'Set up Watchkeeper');
    await see(page.getByText('The hub prints a one-time set-up link on its console'));
  });

  it('refuses a wrong token and says what to do', async () => {
    const visit = await openSignedOut();
    await visit.page.goto(`${hub.url}/setup#token=${'0'.repeat(22)}`);
    await fillSetup(visit);
    await see(visit.page.getByRole('alert').filter({ hasText: 'This set-up token is not valid any more.' }));
    await see(visit.page.getByLabel('Set-up token'));
  });

  it('makes the administrator by the printed link and shows this machine', async () => {
    const visit = await openSignedOut();
    await visit.page.goto(`${hub.url}/setup#token=${hub.setupToken}`);
    await fillSetup(visit);
    await seeHeading(visit.page, 'Overview');
    await waitForPath(visit.page, '/');
    await see(visit.page.getByRole('article').getByText('Up', { exact: true }));
  });

  it('closes the set-up page afterwards', async () => {
    const { page } = await openSignedOut();
    await page.goto(`${hub.url}/setup`);
    await waitForPath(page, '/login');
    await seeHeading(page, 'Sign in');
  });
});

describe('signing in and out', () => {
  it('refuses a wrong password without saying what was wrong', async () => {
    const { page } = await openSignedOut();
    await page.goto(`${hub.url}/`);
    await fillSignIn(page, { ...ADMIN, password: 'four monkeys on a chair' });
    await see(page.getByRole('alert').filter({ hasText: 'E-mail or password is wrong.' }));
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await waitForPath(page, '/login');
  });

  it('leads back to where the visitor wanted to go', async () => {
    const user = await signIn(hub);
    const { monitors } = await user.ask('{ monitors { id name } }');
    const { page } = await openSignedOut();
    await page.goto(`${hub.url}/monitors/${monitors[0].id}?range=1h`);
    await page.waitForURL(/\/login\?next=/);
    await fillSignIn(page, ADMIN);
    await seeHeading(page, monitors[0].name);
    await waitForPath(page, `/monitors/${monitors[0].id}?range=1h`);
  });

  it.each(['https://example.org/', '//example.org/', '/\\example.org/', 'javascript:alert(1)'])(
    'leads nowhere else: next=%s',
    async (next) => {
      const { page } = await openSignedOut();
      await page.goto(`${hub.url}/login?next=${encodeURIComponent(next)}`);
      await fillSignIn(page, ADMIN);
      await seeHeading(page, 'Overview');
      expect(page.url()).toBe(`${hub.url}/`);
    },
  );

  it('signs out for good', async () => {
    const { page, context } = await openSignedOut();
    await page.goto(`${hub.url}/login`);
    await fillSignIn(page, ADMIN);
    await seeHeading(page, 'Overview');
    const [session] = await context.cookies();
    expect(session).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
    await chooseAccount(page, 'Sign out');
    await seeHeading(page, 'Sign in');
    await page.goto(`${hub.url}/`);
    await seeHeading(page, 'Sign in');
    const { body } = await callHub(hub, 'POST', '/graphql', {
      body: { query: '{ viewer { email } }' },
      headers: { cookie: `${session!.name}=${session!.value}` },
    });
    expect(body.code).toBe('unauthenticated');
  });

  it('goes to the sign-in page when the session ends elsewhere', async () => {
    const user = await signIn(hub);
    const visit = await browser.open(hub, { user });
    visit.tolerate(/ 401 |WebSocket connection to/);
    const { monitors } = await user.ask('{ monitors { id } }');
    await visit.page.goto(`${hub.url}/monitors/${monitors[0].id}`);
    await see(visit.page.getByRole('status').filter({ hasText: 'Live' }));
    await user.call('POST', '/api/auth/logout', {});
    await seeHeading(visit.page, 'Sign in');
    expect(new URL(visit.page.url()).searchParams.get('next')).toBe(`/monitors/${monitors[0].id}`);
    await fillSignIn(visit.page, ADMIN);
    await see(visit.page.getByRole('status').filter({ hasText: 'Live' }));
  });
});

describe('GraphiQL', () => {
  it('asks the signed-out to sign in, and opens then', async () => {
    const { page } = await openSignedOut();
    await page.goto(`${hub.url}/graphiql`);
    await seeHeading(page, 'Sign in');
    await fillSignIn(page, ADMIN);
    await waitForPath(page, '/graphiql/');
    await see(page.getByRole('button', { name: /^Execute query/ }));
  });

  it('runs a query without reaching for anything but the hub', async () => {
    const user = await signIn(hub);
    const { monitors } = await user.ask('{ monitors { name } }');
    const visit = await browser.open(hub, { user });
    const { page } = visit;
    await page.goto(`${hub.url}/graphiql/`);
    const answer = page.locator('.graphiql-response').getByText(monitors[0].name);
    const execute = page.getByRole('button', { name: /^Execute query/ });
    // The button is there before the editor has its text: pressed that early it does nothing.
    await waitFor(
      async () => {
        if (await execute.isVisible()) await execute.click();
        return answer.first().isVisible();
      },
      { deadlineMs: PAGE_DEADLINE_MS, everyMs: 1_000, what: () => 'no answer in GraphiQL' },
    );
    expect(visit.requests.length).toBeGreaterThan(5);
  });
});
