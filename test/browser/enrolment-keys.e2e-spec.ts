import { jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.js';
import { type Answer, callHub, signIn, type HubClient } from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { findDialog, see, seeHeading, seeNoMore } from './page-steps.js';

jest.setTimeout(60_000);

let hub: HubProcess;
let browser: TestBrowser;
let user: HubClient;

beforeAll(async () => {
  [hub, browser] = await Promise.all([HubProcess.start({ env: ADMIN_ENV }), TestBrowser.launch()]);
  user = await signIn(hub);
}, 120_000);
afterEach(() => browser?.endVisits());
afterAll(async () => {
  await browser?.close();
  await hub?.clean();
});

const enrol = (token: string, hostname: string): Promise<Answer> =>
  callHub(hub, 'POST', '/api/agents/enrol', { body: { token, hostname } });

async function openSettings(): Promise<Page> {
  const { page } = await browser.open(hub, { user });
  await page.goto(`${hub.url}/`);
  // Two clicks from wherever one is.
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('link', { name: 'Enrolment' }).click();
  await seeHeading(page, 'Settings');
  return page;
}

it('a key for a fleet is made, shown once with its line, counted as machines use it up, and revoked', async () => {
  const page = await openSettings();
  await see(page.getByText('No enrolment key yet.'));
  await page.getByRole('button', { name: 'New enrolment key' }).click();
  const form = findDialog(page, 'New enrolment key');
  await form.getByLabel('Name').fill('rack 4');
  await form.getByLabel('Tags').fill('web, eu, web');
  await form.getByLabel('At most so many machines').fill('2');
  await form.getByLabel('30 days').check();
  await form.getByRole('button', { name: 'Create key' }).click();

  const shown = findDialog(page, 'Enrolment key rack 4');
  const token = await shown.getByLabel('Enrolment key', { exact: true }).last().innerText();
  expect(token).toMatch(/^wke_[0-9A-Za-z]{49}$/);
  expect(await shown.getByLabel('Run this on each machine', { exact: true }).innerText()).toBe(
    `curl -fsSL ${hub.url}/install.sh | sudo sh -s -- --url ${hub.url} --token ${token}`,
  );
  await shown.getByRole('button', { name: 'Done' }).click();
  const row = page.getByRole('listitem').filter({ hasText: 'rack 4' });
  for (const text of ['web', 'eu', /^Expires in (29|30)\u00a0d$/]) await see(row.getByText(text));
  await see(row.getByText('0 of 2 machines, not used yet'));

  for (const name of ['web-01', 'web-02']) expect((await enrol(token, name)).status).toBe(200);
  const refused = await enrol(token, 'web-03');
  expect(refused.status).not.toBe(200);
  await page.reload();
  await see(row.getByText('Used up'));
  await see(row.getByText(/2 of 2 machines, last .* ago from 127\.0\.0\.1/));
  expect(await page.content()).not.toContain(token.slice(4, 30));
  const made = (await user.call('GET', '/api/monitoring/')).body as { name: string; tags: string[] }[];
  expect(made.filter(({ tags }) => tags.includes('eu')).map(({ name }) => name)).toEqual(
    expect.arrayContaining(['web-01', 'web-02']),
  );

  await row.getByRole('button', { name: 'Revoke the enrolment key rack 4' }).click();
  await row.getByRole('button', { name: 'Revoke now' }).click();
  await see(page.getByText('rack 4 is revoked; its monitors stay'));
  await seeNoMore(row);
  expect((await enrol(token, 'web-01')).status).toBe(401);

  await page.getByRole('link', { name: 'Audit log' }).click();
  const log = page.getByRole('list', { name: 'Audit log' });
  await see(log.getByText('Enrolment key created'));
  await see(log.getByText('Machine enrolled').first());
  await see(log.getByText('Enrolment key revoked'));
});

it('what the hub refuses is said at its field, and nothing is made', async () => {
  const page = await openSettings();
  await page.getByRole('button', { name: 'New enrolment key' }).click();
  const form = findDialog(page, 'New enrolment key');
  await form.getByLabel('Name').fill('too long a tag');
  await form.getByLabel('Tags').fill('x'.repeat(51));
  await form.getByRole('button', { name: 'Create key' }).click();
  await see(form.getByLabel('Tags').and(page.locator('[aria-invalid="true"]')));
  await form.getByRole('button', { name: 'Cancel' }).click();
  await see(page.getByText('No enrolment key yet.'));
});
