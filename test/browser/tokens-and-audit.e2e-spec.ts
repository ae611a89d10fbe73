import { readFile } from 'node:fs/promises';
import { jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.js';
import { callHub, signIn, type HubClient } from '../support/hub-client.js';
import { ADMIN, ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { findDialog, see, seeHeading, seeNoMore } from './page-steps.js';

jest.setTimeout(60_000);

const HOSTILE = '<img src=x onerror=alert(1)> \u202egpj';

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

async function openSettings(tab: string, as: HubClient = user): Promise<Page> {
  const { page } = await browser.open(hub, { user: as, acceptDownloads: true });
  await page.goto(`${hub.url}/settings/profile`);
  await seeHeading(page, 'Settings');
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: tab }).click();
  return page;
}

const readStatus = async (token: string): Promise<number> =>
  (await callHub(hub, 'GET', '/api/monitoring/', { headers: { authorization: `Bearer ${token}` } })).status;

describe('access tokens', () => {
  it('are made, shown once, listed and revoked', async () => {
    const page = await openSettings('Access tokens');
    await see(page.getByText('No token yet.'));
    await page.getByRole('button', { name: 'New token' }).click();
    const form = findDialog(page, 'New token');
    await form.getByLabel('Name').fill('nightly script');
    await form.getByLabel('1 year').check();
    await form.getByRole('button', { name: 'Create token' }).click();

    const shown = findDialog(page, 'Token for nightly script');
    const token = await shown.getByLabel('Access token', { exact: true }).innerText();
    expect(token).toMatch(/^wkp_[0-9A-Za-z]{49}$/);
    const line = await shown.getByLabel('Try it', { exact: true }).innerText();
    expect(line).toBe(`curl -H "Authorization: Bearer ${token}" ${hub.url}/api/monitoring/`);
    expect(await readStatus(token)).toBe(200);
    await shown.getByRole('button', { name: 'Done' }).click();
    const row = page.getByRole('listitem').filter({ hasText: 'nightly script' });
    for (const text of ['Read', /^Expires in 36[45]\u00a0d$/]) await see(row.getByText(text));
    await page.reload();
    await see(row.getByText(/used .* from 127\.0\.0\.1/));
    expect(await page.content()).not.toContain(token.slice(4, 30));

    await row.getByRole('button', { name: 'Revoke the token nightly script' }).click();
    await row.getByRole('button', { name: 'Revoke now' }).click();
    await seeNoMore(row);
    expect(await readStatus(token)).toBe(401);
  });
});

describe('the audit log', () => {
  it('shows what was done and what changed, is narrowed by who, what and when, and exported', async () => {
    const { id } = await user.createMonitor({ name: HOSTILE });
    await user.call('PUT', `/api/monitoring/${id}`, { intervalSeconds: 30 });
    const page = await openSettings('Audit log');
    const log = page.getByRole('list', { name: 'Audit log' });
    const changed = log.getByRole('listitem').filter({ hasText: 'Monitor changed' });
    await see(changed.getByText(HOSTILE.replace('\u202e', '⟨U+202E⟩')));
    await changed.getByText('Monitor changed').click();
    const cells = changed.getByRole('row').filter({ hasText: 'interval seconds' }).getByRole('cell');
    expect(await cells.allInnerTexts()).toEqual(['10', '30']);
    await see(changed.getByText('127.0.0.1'));

    await page.getByLabel('What').selectOption({ label: 'Sign-ins' });
    await see(log.getByText('Signed in'));
    await seeNoMore(log.getByText('Monitor changed'));
    await page.getByLabel('Who').fill('nobody@example.org');
    await see(page.getByText('Nothing fits.'));
    await page.getByLabel('Who').fill(ADMIN.email.slice(0, 7).toUpperCase());
    await see(log.getByText('Signed in'));
    await page.getByLabel('To', { exact: true }).fill('2020-01-01');
    await see(page.getByText('Nothing fits.'));
    await page.getByLabel('To', { exact: true }).fill('');

    await page.getByLabel('What').selectOption({ label: 'Monitors' });
    await see(log.getByText('Monitor created'));
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Export' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^audit-[\d-]+\.jsonl$/);
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\n');
    const actions = lines.map((text) => (JSON.parse(text) as { action: string }).action);
    expect(actions).toContain('monitor.changed');
    expect(actions.every((action) => action.startsWith('monitor.'))).toBe(true);
  });

  it('is continued where it ends', async () => {
    await hub.query(
      `insert into audit_entry (action, actor_kind, target_type, target_name, keep_until)
       select 'setting.changed', 'hub', 'setting', 'entry ' || n, now() + interval '1 day' from generate_series(1, 60) n`,
    );
    const page = await openSettings('Audit log');
    await see(page.getByText('entry 60', { exact: true }));
    expect(await page.getByText('entry 2', { exact: true }).count()).toBe(0);
    await page.getByRole('button', { name: 'Show older' }).click();
    await see(page.getByText('entry 2', { exact: true }));
  });

  it('is not offered to others', async () => {
    await hub.query(
      `insert into app_user (email, password_hash, role) select 'viewer@example.com', password_hash, 'viewer' from app_user`,
    );
    const viewer = await signIn(hub, { ...ADMIN, email: 'viewer@example.com' });
    const page = await openSettings('Access tokens', viewer);
    await waitFor(async () => (await page.getByRole('button', { name: 'New token' }).count()) === 1);
    expect(await page.getByRole('link', { name: 'Audit log' }).count()).toBe(0);
  });
});
