import { type HubClient, postReport, signIn } from '../support/hub-client.js';
import { PAGE_DEADLINE_MS, TestBrowser, type Visit } from '../support/browser.js';
import { ADMIN, ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { chooseAction, findCard, findDialog, see, seeHeading, seeNoMore, waitForPath } from './page-steps.js';

const PASSWORD = 'nine goats under a bridge';

let hub: HubProcess;
let browser: TestBrowser;
let admin: HubClient;

beforeAll(async () => {
  [hub, browser] = await Promise.all([HubProcess.start({ env: ADMIN_ENV }), TestBrowser.launch()]);
  admin = await signIn(hub);
}, 90_000);
afterEach(() => browser.endVisits());
afterAll(async () => {
  await browser.close();
  await hub.clean();
}, 60_000);

async function openSettings(tab: string, user: HubClient): Promise<Visit> {
  const visit = await browser.open(hub, { user });
  await visit.page.goto(`${hub.url}/settings/${tab}`);
  await seeHeading(visit.page, 'Settings');
  return visit;
}

async function join(email: string, role: string): Promise<HubClient> {
  const { inviteUser } = await admin.ask(
    'mutation ($input: InviteUserInput!) { inviteUser(input: $input) { link } }',
    { input: { email, role } },
  );
  const token = inviteUser.link.split('#token=')[1];
  await admin.call(
    'POST',
    '/api/auth/invitation',
    { token, name: email.split('@')[0], password: PASSWORD },
    { cookie: '' },
  );
  return signIn(hub, { email, password: PASSWORD });
}

describe('people', () => {
  it('are invited, join, and see what is shared with them and nothing else', async () => {
    const shared = await admin.createMonitor({ name: 'shared-01', tags: ['web'] });
    await admin.createMonitor({ name: 'secret-01' });
    await postReport(hub, shared.key, { cpu: { usagePercent: 12 } });

    const office = await openSettings('users', admin);
    await office.page.getByRole('button', { name: 'Invite user' }).click();
    const invite = office.page.getByRole('dialog');
    await invite.getByLabel('E-mail').fill('eve@example.org');
    await invite.getByRole('radio', { name: /^Viewer/ }).check();
    await invite.getByRole('button', { name: 'Make the link' }).click();
    await see(findDialog(office.page, 'Invitation for eve@example.org'));
    const link = await invite.getByLabel('Invitation link', { exact: true }).innerText();
    expect(link).toMatch(new RegExp(`^${hub.url}/invitation#token=[\\w-]{22}$`));
    await invite.getByRole('button', { name: 'Done' }).click();
    await see(office.page.getByRole('list', { name: 'Open invitations' }).getByText('eve@example.org'));

    const home = await browser.open(hub);
    home.tolerate(/ 40[13] |WebSocket connection to/);
    await home.page.goto(link);
    await seeHeading(home.page, 'You are invited');
    await see(home.page.getByText('You will sign in as eve@example.org, with the role Viewer.'));
    await home.page.getByLabel('Name').fill('Eve');
    await home.page.getByLabel('Password').fill(PASSWORD);
    await home.page.getByRole('button', { name: 'Join' }).click();
    await waitForPath(home.page, '/');
    await see(home.page.getByText('Nothing is shared with you yet', { exact: false }));
    expect(await home.page.getByRole('button', { name: 'Add monitor' }).count()).toBe(0);

    await office.page.getByRole('link', { name: 'Overview' }).first().click();
    await see(findCard(office.page, 'shared-01'));
    await chooseAction(office.page, 'shared-01', 'Share');
    const dialog = findDialog(office.page, 'Share shared-01');
    await dialog.getByLabel('With whom').selectOption({ label: 'Eve (eve@example.org)' });
    await dialog.getByRole('button', { name: 'Share', exact: true }).click();
    await see(dialog.getByRole('list', { name: 'Shared with' }).getByText('Eve'));

    // It comes to her page by itself, with nothing that she may not do; taken away it leaves by itself too.
    const card = findCard(home.page, 'shared-01');
    await see(card);
    expect(await home.page.getByRole('article').count()).toBe(1);
    expect(await card.getByRole('button').count()).toBe(0);
    await dialog.getByRole('button', { name: 'Stop sharing with Eve' }).click();
    await see(dialog.getByText('Shared with nobody.', { exact: false }));
    await seeNoMore(card);
    await home.page.goto(`${hub.url}/monitors/${shared.id}`);
    await see(
      home.page
        .getByText('There is no such monitor', { exact: false })
        .or(home.page.getByRole('link', { name: 'Go to the overview' })),
    );
    await home.page.goto(`${hub.url}/settings/users`);
    await see(home.page.getByText('Your role does not reach this page.'));
    expect(
      await home.page.getByRole('navigation', { name: 'Settings' }).getByRole('link').allInnerTexts(),
    ).not.toContain('Users');
  });

  it('share by a tag and change what is shared', async () => {
    const kim = await join('kim@example.org', 'EDITOR');
    const lee = await join('lee@example.org', 'EDITOR');
    await kim.createMonitor({ name: 'db-01', tags: ['db'] });
    const visit = await browser.open(hub, { user: kim });
    await visit.page.goto(`${hub.url}/`);
    await chooseAction(visit.page, 'db-01', 'Share');
    const dialog = findDialog(visit.page, 'Share db-01');
    await dialog.getByLabel('With whom').selectOption({ label: 'lee (lee@example.org)' });
    await dialog.getByLabel('What').selectOption({ label: 'All your monitors with the tag db' });
    await dialog.getByRole('button', { name: 'Share', exact: true }).click();
    await see(dialog.getByText('by the tag db'));
    const { id } = await kim.createMonitor({ name: 'db-02', tags: ['db'] });
    const readRights = async (): Promise<string[] | undefined> =>
      (await lee.ask('query ($id: ID!) { monitor(id: $id) { rights } }', { id })).monitor?.rights;
    expect(await readRights()).toEqual(['VIEW']);
    await dialog.getByLabel('Access of lee').selectOption('Edit');
    await waitFor(async () => (await readRights())?.includes('CHANGE'), { deadlineMs: PAGE_DEADLINE_MS });
  });

  it('sign out elsewhere; that page asks to sign in, also one without live values', async () => {
    const max = await join('max@example.org', 'VIEWER');
    const [there, settings] = [await browser.open(hub, { user: max }), await openSettings('profile', max)];
    for (const visit of [there, settings]) visit.tolerate(/ 401 |WebSocket connection to/);
    await there.page.goto(`${hub.url}/`);
    await see(there.page.getByText('Nothing is shared with you yet', { exact: false }));
    const here = await openSettings(
      'sessions',
      await signIn(hub, { email: 'max@example.org', password: PASSWORD }),
    );
    await see(here.page.getByText('This browser'));
    await here.page.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await Promise.all([there, settings].map(({ page }) => seeHeading(page, 'Sign in')));
    await waitFor(
      async () => (await here.page.getByRole('listitem').filter({ hasText: 'signed in' }).count()) === 1,
      {
        deadlineMs: PAGE_DEADLINE_MS,
      },
    );
  });

  it('change their name and password', async () => {
    const user = await join('zoe@example.org', 'VIEWER');
    await user.ask('mutation { createAccessToken(input: { name: "old", scope: READ }) { token } }');
    const { page } = await openSettings('profile', user);
    await page.getByLabel('Name').fill('Zoë');
    await page.getByRole('button', { name: 'Save' }).click();
    await see(page.getByText('Profile saved'));
    await see(page.getByRole('button', { name: 'Account menu' }).getByText('Zoë'));
    const form = page.locator('form').filter({ has: page.getByRole('button', { name: 'Change password' }) });
    await form.getByLabel('Current password').fill('wrong goats');
    await form.getByLabel('New password').fill('ten goats over a river');
    await form.getByRole('button', { name: 'Change password' }).click();
    await see(form.getByText('This is not your password.'));
    expect(await form.getByLabel('Revoke my access tokens too').isChecked()).toBe(true);
    await form.getByLabel('Current password').fill(PASSWORD);
    await form.getByRole('button', { name: 'Change password' }).click();
    await see(page.getByText('Your other sessions and your access tokens are over.', { exact: false }));
    expect((await user.ask('{ accessTokens { id } }')).accessTokens).toEqual([]);
    await signIn(hub, { email: 'zoe@example.org', password: 'ten goats over a river' });
  });

  it('are managed by admins: another role, disabled, deleted', async () => {
    await join('ann@example.org', 'EDITOR');
    const { page } = await openSettings('users', admin);
    const row = page
      .getByRole('list', { name: 'Users' })
      .getByRole('listitem')
      .filter({ hasText: 'ann@example.org' })
      .first();
    await chooseAction(page, 'ann', 'Edit');
    await page.getByRole('radio', { name: /^Viewer/ }).check();
    await see(page.getByText('A new role signs the user out everywhere.'));
    await page.getByRole('button', { name: 'Save changes' }).click();
    await see(row.getByText('Viewer').filter({ visible: true }));
    await chooseAction(page, 'ann', 'Disable');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Disable' }).click();
    await see(row.getByText('Disabled'));
    await chooseAction(page, 'ann', 'Delete');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete user' }).click();
    await seeNoMore(row);
    expect((await admin.ask('{ users { email } }')).users).toContainEqual({ email: ADMIN.email });
  });
});
