import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { PAGE_DEADLINE_MS, TestBrowser } from '../support/browser.js';
import { postReport, signIn, type HubClient } from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { chooseAction, findCard, findDialog, findMeter, see, seeHeading, seeNoMore } from './page-steps.js';

jest.setTimeout(90_000);

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

async function openOverview(): Promise<Page> {
  const { page } = await browser.open(hub, { user });
  await page.goto(`${hub.url}/`);
  await seeHeading(page, 'Overview');
  return page;
}

const openAddDialog = (page: Page) => page.getByRole('button', { name: 'Add monitor' }).click();
async function chooseKeyAction(page: Page, button: string, action: string): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click();
  await page.getByRole('menuitem', { name: action, exact: true }).click();
}

const seeToast = (page: Page, text: string) =>
  see(page.getByRole('region', { name: /^Notifications/ }).getByText(text));

/** What somebody gets who pastes elsewhere. */
async function pasteElsewhere(page: Page): Promise<string> {
  const elsewhere = await page.context().newPage();
  await elsewhere.setContent('<textarea autofocus></textarea>');
  await elsewhere.locator('textarea').focus();
  await elsewhere.keyboard.press('Control+V');
  const text = await elsewhere.locator('textarea').inputValue();
  await elsewhere.close();
  return text;
}

/** Sends what a shell makes of the line that starts with `curl`: its quoting is tried, curl need not be there. */
async function runCurlLine(line: string): Promise<Response> {
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', `curl() { printf '%s\\0' "$@"; }; ${line}`]);
  const headers = new Headers();
  let body = '';
  let url = '';
  const words = stdout.split('\0').slice(0, -1);
  while (words.length > 0) {
    const word = words.shift()!;
    if (word === '-H') headers.set(...(words.shift()!.split(': ', 2) as [string, string]));
    else if (word === '-d') body = words.shift()!;
    else if (!word.startsWith('-') && !url) url = word;
    else throw new Error(`not a word of a plain curl line: ${word}`);
  }
  return fetch(url, { method: 'POST', headers, body });
}

describe('a new monitor', () => {
  it('is added, gets its key shown once, and appears with its first report by itself', async () => {
    const page = await openOverview();
    const onlooker = await openOverview();
    await openAddDialog(page);
    const form = findDialog(page, 'Add monitor');
    await form.getByLabel('Name').fill('web-01');
    await form.getByLabel('Interval in seconds').fill('60');
    await form.getByLabel('Tags').fill('prod, edge');
    await form.getByRole('button', { name: 'Add monitor' }).click();

    const shown = findDialog(page, 'Connect web-01');
    await shown.getByText('Any program', { exact: true }).click();
    await see(shown.getByText('Copy it now: for your safety it is shown only this once.'));
    const key = await shown.getByLabel('API key', { exact: true }).innerText();
    expect(key).toMatch(/^wk_[0-9A-Za-z]{49}$/);
    await shown.getByRole('button', { name: 'Copy API key' }).click();
    await see(shown.getByText('Copied'));
    expect(await pasteElsewhere(page)).toBe(key);
    const line = await shown.getByLabel('Send a first report', { exact: true }).innerText();
    expect(line).toContain(key);
    expect(line).toContain(`${hub.url}/api/monitoring/data`);
    await shown.getByRole('button', { name: 'Copy Send a first report' }).click();
    await waitFor(async () => (await pasteElsewhere(page)) === line);

    await see(findCard(onlooker, 'web-01').getByText('Never seen', { exact: true }));
    await see(shown.getByText('Waiting for the first report…'));
    const answer = await runCurlLine(line);
    expect([answer.status, await answer.json()]).toMatchObject([200, { accepted: 1 }]);
    await see(shown.getByText(/First report received at \d\d:\d\d:\d\d/));
    await shown.getByRole('button', { name: 'Done' }).click();
    for (const view of [page, onlooker]) {
      const card = findCard(view, 'web-01');
      await see(card.getByText('Up', { exact: true }));
      await waitFor(async () => (await findMeter(card, 'CPU').getAttribute('aria-valuenow')) === '12.5');
      await see(card.getByRole('list', { name: 'Tags' }).getByText('edge'));
    }
    await seeNoMore(page.getByText(key));
    await page.reload();
    await see(findCard(page, 'web-01'));
    expect(await page.content()).not.toContain(key);
  });

  it('turns green by itself when the line that it shows is run on the machine', async () => {
    const page = await openOverview();
    await openAddDialog(page);
    const form = findDialog(page, 'Add monitor');
    await form.getByLabel('Name').fill('by-installer');
    await form.getByRole('button', { name: 'Add monitor' }).click();
    const shown = findDialog(page, 'Connect by-installer');
    const line = await shown.getByLabel('Run this on the machine', { exact: true }).innerText();
    expect(line).toMatch(
      /^curl -fsSL \S+\/install\.sh \| sudo sh -s -- --url \S+ --token wke_[0-9A-Za-z]{49}$/,
    );
    // Another tab and back makes no other token: the line that was copied stays good.
    await shown.getByText('Agent by hand', { exact: true }).click();
    await shown.getByText('Installer', { exact: true }).click();
    expect(await shown.getByLabel('Run this on the machine', { exact: true }).innerText()).toBe(line);

    const folder = mkdtempSync(join(tmpdir(), 'page-installer-'));
    const command = `${line.replace('sudo sh', 'sh')} --root ${folder}`;
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command]);
    const start = /Start the agent with:\n\s*(.+)\n/.exec(stdout)![1]!;
    const agent = spawn('/bin/sh', ['-c', `exec ${start}`], { stdio: 'ignore' });
    try {
      await see(shown.getByText(/First report received at \d\d:\d\d:\d\d/));
    } finally {
      agent.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });

  it('is refused with the reason at the field', async () => {
    const page = await openOverview();
    await openAddDialog(page);
    const form = findDialog(page, 'Add monitor');
    await form.getByLabel('Name').fill('twice');
    await form.getByLabel('Tags').fill('x'.repeat(300));
    await form.getByRole('button', { name: 'Add monitor' }).click();
    await waitFor(async () => (await form.getByLabel('Tags').getAttribute('aria-invalid')) === 'true');
    await see(form.getByText(/tags must be .* shorter than or equal to 50 characters/));
    expect(await form.getByLabel('Name').inputValue()).toBe('twice');
    await page.keyboard.press('Escape');
    await seeNoMore(form);
    await seeNoMore(findCard(page, 'twice'));
  });

  it('can be added by keyboard alone', async () => {
    const page = await openOverview();
    const opener = page.getByRole('button', { name: 'Add monitor' });
    await tabTo(page, 'Add monitor');
    await page.keyboard.press('Enter');
    const form = findDialog(page, 'Add monitor');
    await see(form);
    await waitFor(() => isFocused(page, form.getByLabel('Name')));
    await page.keyboard.type('keys-only');
    await tabTo(page, 'Interval in seconds');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('30');
    await tabTo(page, 'Network');
    await page.keyboard.press('Space');
    // The focus stays in the dialog all around.
    for (let press = 0; press < 20; press += 1) {
      await page.keyboard.press('Tab');
      expect(await form.locator(':focus').count()).toBe(1);
    }
    await tabTo(page, 'Add monitor');
    await page.keyboard.press('Enter');
    const shown = findDialog(page, 'Connect keys-only');
    await see(shown);
    await tabTo(page, 'Done');
    await page.keyboard.press('Enter');
    await seeNoMore(shown);
    await waitFor(() => isFocused(page, opener), {
      what: 'the focus is not back on the button that opened the dialog',
    });
    const { monitors } = await user.ask('{ monitors { name intervalSeconds resources } }');
    const made = monitors.find((monitor: { name: string }) => monitor.name === 'keys-only');
    expect(made.intervalSeconds).toBe(30);
    expect(made.resources).toEqual(expect.arrayContaining(['cpu', 'memory', 'storage']));
    expect(made.resources).not.toContain('network');
  });

  it('keeps the samples of a monitor as long as one says, and says what cannot be', async () => {
    const { id } = await user.createMonitor({ name: 'short-lived' });
    const page = await openOverview();
    await chooseAction(page, 'short-lived', 'Edit');
    const form = findDialog(page, 'Edit short-lived');
    await see(form);
    await form.getByText('How long samples are kept').click();
    await form.getByLabel('A point each 4 hours').fill('40');
    await form.getByRole('button', { name: 'Save changes' }).click();
    await see(form.getByText('From 30 to 1830 days, and no less than the finer resolution before it.'));
    await form.getByLabel('A point each 4 hours').fill('');
    await form.getByLabel('A point a minute').fill('14');
    await form.getByRole('button', { name: 'Save changes' }).click();
    await seeNoMore(form);
    const { retention } = (await user.call('GET', `/api/monitoring/${id}`)).body;
    expect(retention).toEqual({ rawDays: 10, oneMinuteDays: 14, fifteenMinuteDays: 366, fourHourDays: 1830 });
  });
});

async function isFocused(page: Page, element: Locator): Promise<boolean> {
  return (await element.and(page.locator(':focus')).count()) === 1;
}

/** Presses Tab until the focus is on what has this name, as somebody without a mouse does. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let press = 0; press < 60; press += 1) {
    await page.keyboard.press('Tab');
    const focused = page.locator(':focus');
    if ((await focused.count()) === 0) continue;
    const text = await focused.evaluate((element) => {
      return (element.ariaLabel ?? element.labels?.[0]?.textContent ?? element.textContent ?? '').trim();
    });
    if (text === name) return;
  }
  throw new Error(`Tab never reaches ${name}`);
}

describe('a monitor that is there', () => {
  const REPORT = { cpu: { usagePercent: 40 } };
  let monitor: { id: string; key: string };
  let name = '';
  let count = 0;

  beforeEach(async () => {
    name = `db-0${(count += 1)}`;
    monitor = await user.createMonitor({ name, intervalSeconds: 60 });
    await postReport(hub, monitor.key, REPORT);
  });

  it('is renamed and gets another interval, seen by everybody', async () => {
    const page = await openOverview();
    const onlooker = await openOverview();
    await see(findCard(onlooker, name));
    await chooseAction(page, name, 'Edit');
    const form = findDialog(page, `Edit ${name}`);
    await form.getByLabel('Name').fill(`${name}-new`);
    await form.getByLabel('Interval in seconds').fill('15');
    await form.getByRole('button', { name: 'Save changes' }).click();
    await seeToast(page, 'Changes saved');
    await see(findCard(page, `${name}-new`));
    await see(findCard(onlooker, `${name}-new`));
    const { body } = await user.call('GET', `/api/monitoring/${monitor.id}`);
    expect(body).toMatchObject({ name: `${name}-new`, intervalSeconds: 15 });
  });

  it('is not overwritten when somebody else was faster', async () => {
    const page = await openOverview();
    await chooseAction(page, name, 'Edit');
    const form = findDialog(page, `Edit ${name}`);
    await form.getByLabel('Description').fill('mine');
    await user.call('PATCH', `/api/monitoring/${monitor.id}`, { description: 'theirs', tags: ['theirs'] });
    await form.getByRole('button', { name: 'Save changes' }).click();
    await see(form.getByRole('alert').getByText(/^Someone else changed this monitor meanwhile\./));
    await waitFor(async () => (await form.getByLabel('Description').inputValue()) === 'theirs');
    await form.getByLabel('Description').fill('both');
    await form.getByRole('button', { name: 'Save changes' }).click();
    await seeNoMore(form);
    const { body } = await user.call('GET', `/api/monitoring/${monitor.id}`);
    expect(body).toMatchObject({ description: 'both', tags: ['theirs'] });
  });

  it('is stopped and started', async () => {
    const page = await openOverview();
    const onlooker = await openOverview();
    await see(findCard(onlooker, name).getByText('Up', { exact: true }));
    await chooseAction(page, name, 'Stop');
    await seeToast(page, `${name} was stopped`);
    await see(findCard(page, name).getByText('Paused', { exact: true }));
    await see(findCard(onlooker, name).getByText('Paused', { exact: true }));
    expect((await postReport(hub, monitor.key, REPORT)).status).toBe(409);
    await chooseAction(page, name, 'Start');
    await seeToast(page, `${name} was started`);
    await waitFor(async () => (await postReport(hub, monitor.key, REPORT)).status === 200);
    await see(findCard(page, name).getByText('Up', { exact: true }));
    await see(findCard(onlooker, name).getByText('Up', { exact: true }));
  });

  it('gets a second key, and loses the first', async () => {
    const page = await openOverview();
    await chooseAction(page, name, 'API keys');
    const dialog = findDialog(page, `API keys of ${name}`);
    await waitFor(async () => (await dialog.getByRole('listitem').count()) === 1);
    const first = await dialog.getByRole('button', { name: /^Actions for key / }).getAttribute('aria-label');
    await dialog.getByRole('button', { name: 'New key' }).click();
    await dialog.getByLabel('Name (optional)').fill('second');
    await dialog.getByLabel('Only from (optional)').fill('127.0.0.1, example.org');
    await dialog.getByRole('button', { name: 'Create key' }).click();
    await see(dialog.getByText(/Give IP addresses or networks/));
    await dialog.getByLabel('Only from (optional)').fill('127.0.0.1\n10.0.0.0/8');
    await dialog.getByRole('button', { name: 'Create key' }).click();
    const key = await dialog.getByLabel('API key', { exact: true }).innerText();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await waitFor(async () => (await dialog.getByRole('listitem').count()) === 2);
    await chooseKeyAction(page, first!, 'Revoke');
    await dialog.getByRole('button', { name: 'Revoke now' }).click();
    await waitFor(async () => (await dialog.getByRole('listitem').count()) === 1);
    await see(dialog.getByRole('listitem').getByText('second'));
    await see(dialog.getByRole('listitem').getByText('127.0.0.1, 10.0.0.0/8'));
    await seeNoMore(page.getByText(key));
    await waitFor(async () => (await postReport(hub, monitor.key, REPORT)).status === 401);
    expect((await postReport(hub, key, REPORT)).status).toBe(200);
  });

  it('gets its key replaced while the old one works on', async () => {
    const { id, key } = await user.createMonitor({ name: 'rotated' });
    const page = await openOverview();
    await chooseAction(page, 'rotated', 'API keys');
    const dialog = findDialog(page, 'API keys of rotated');
    const actions = dialog.getByRole('button', { name: /^Actions for key / });
    await chooseKeyAction(page, (await actions.getAttribute('aria-label'))!, 'Rotate');
    await dialog.getByLabel('1 hour').check();
    await dialog.getByRole('button', { name: 'Rotate', exact: true }).click();
    const next = await dialog.getByLabel('API key', { exact: true }).innerText();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await see(dialog.getByText(/^Replaced, works for (1|59)/));
    for (const each of [key, next]) expect((await postReport(hub, each, REPORT)).status).toBe(200);
    await chooseKeyAction(page, (await actions.last().getAttribute('aria-label'))!, 'Edit');
    await dialog.getByLabel('Works until (optional)').fill('2099-12-31');
    await dialog.getByRole('button', { name: 'Save changes' }).click();
    await see(dialog.getByText(/^Expires in \d+/));
    await user.call('DELETE', `/api/monitoring/${id}`);
  });

  it('is deleted after its name was typed', async () => {
    const page = await openOverview();
    const onlooker = await openOverview();
    await see(findCard(onlooker, name));
    await chooseAction(page, name, 'Delete');
    const dialog = page.getByRole('alertdialog', { name: `Delete ${name}?` });
    const confirm = dialog.getByRole('button', { name: 'Delete monitor' });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel(`Type ${name} to confirm`).fill(name.slice(0, -1));
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel(`Type ${name} to confirm`).fill(name);
    await confirm.click();
    await seeToast(page, `${name} was deleted`);
    await seeNoMore(findCard(page, name));
    expect((await postReport(hub, monitor.key, REPORT)).status).toBe(401);
    await page.goto(`${hub.url}/monitors/${monitor.id}`);
    await seeHeading(page, 'This monitor does not exist');
  });

  it('gives the focus back to its menu when a dialog is closed', async () => {
    const page = await openOverview();
    const menu = page.getByRole('button', { name: `Actions for ${name}`, exact: true });
    for (const [item, role] of [
      ['Edit', 'dialog'],
      ['API keys', 'dialog'],
      ['Delete', 'alertdialog'],
    ] as const) {
      await menu.focus();
      await page.keyboard.press('Enter');
      await page.getByRole('menuitem', { name: item, exact: true }).focus();
      await page.keyboard.press('Enter');
      await see(page.getByRole(role));
      await page.keyboard.press('Escape');
      await seeNoMore(page.getByRole(role));
      await waitFor(() => isFocused(page, menu), {
        what: `after ${item} the focus is lost`,
      });
    }
  });
});

describe('a hub without monitors', () => {
  it('says what to do', async () => {
    for (const { id } of (await user.ask('{ monitors { id } }')).monitors) {
      await user.call('DELETE', `/api/monitoring/${id}`);
    }
    const page = await openOverview();
    await see(page.getByRole('heading', { name: 'Nothing is watched yet' }));
    await openAddDialog(page);
    const form = findDialog(page, 'Add monitor');
    await form.getByLabel('Name').fill('this one');
    await form.getByRole('radio', { name: /^This machine/ }).check();
    await form.getByLabel('Interval in seconds').fill('1');
    await form.getByRole('button', { name: 'Add monitor' }).click();
    await seeNoMore(form);
    await see(findCard(page, 'this one').getByText('Up', { exact: true }));
    await waitFor(
      async () =>
        Number(await findMeter(findCard(page, 'this one'), 'Memory').getAttribute('aria-valuenow')) > 0,
      { deadlineMs: PAGE_DEADLINE_MS },
    );
  });
});
