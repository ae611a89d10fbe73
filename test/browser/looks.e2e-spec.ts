import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.js';
import { signIn, type HubClient } from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { Fleet } from './fleet.js';
import {
  chooseAccount,
  chooseAction,
  findCard,
  findChart,
  findMeter,
  see,
  seeHeading,
  waitForChart,
} from './page-steps.js';

jest.setTimeout(90_000);

const BUDGET_BYTES = 150 * 1000;
const IMAGES = fileURLToPath(new URL('../../docs/images', import.meta.url));
const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

let hub: HubProcess;
let browser: TestBrowser;
let user: HubClient;
let fleet: Fleet;
let images: string;

beforeAll(async () => {
  [hub, browser] = await Promise.all([HubProcess.start({ env: ADMIN_ENV }), TestBrowser.launch()]);
  user = await signIn(hub);
  const [local] = (await user.ask('{ monitors { id } }')).monitors;
  await user.call('PATCH', `/api/monitoring/${local.id}`, { intervalSeconds: 1 });
  fleet = await Fleet.add(user);
  const isUpdate = process.env['UPDATE_SCREENSHOTS'] === '1';
  images = isUpdate ? IMAGES : await mkdtemp(path.join(os.tmpdir(), 'watchkeeper-images-'));
}, 120_000);
afterEach(() => browser?.endVisits());
afterAll(async () => {
  await browser?.close();
  await fleet?.stop();
  await hub?.clean();
  if (images && images !== IMAGES) await rm(images, { recursive: true, force: true });
});

async function openFilledOverview(page: Page): Promise<void> {
  await page.goto(`${hub.url}/`);
  await see(findCard(page, 'backup').getByText('Paused', { exact: true }));
  for (const name of ['web-01', 'db-01', 'mail']) {
    await waitFor(async () =>
      Number(await findMeter(findCard(page, name), 'Disk').getAttribute('aria-valuenow')),
    );
    await see(findCard(page, name).getByRole('img').locator('path'));
  }
}

async function openFilledMonitor(page: Page, range = '15m'): Promise<void> {
  await page.goto(`${hub.url}/monitors/${fleet.ids.get('web-01')}?range=${range}`);
  for (const title of ['CPU', 'Memory', 'Network', 'Storage']) {
    await waitForChart(page, title, ({ points }) => points > 30);
    await see(findChart(page, title).locator('canvas'));
  }
}

const TO_BE_NAMED = [
  'button', 'link', 'textbox', 'spinbutton', 'checkbox', 'radio', 'img', 'meter', 'slider', 'figure',
  'article', 'dialog', 'alertdialog', 'navigation', 'menuitem', 'table',
]; // prettier-ignore

/** What assistive technology would announce without saying what it is: all of one moment, as the page lives on. */
async function listNameless(page: Page): Promise<string[]> {
  const announced = (await page.locator('body').ariaSnapshot()).split('\n').map((line) => line.trim());
  expect(announced.length).toBeGreaterThan(3);
  // `- button "Save" [disabled]` has a name, `- button [disabled]:` has none.
  return announced.filter((line) => TO_BE_NAMED.includes(/^- ([a-z]+)(?! ")\b/.exec(line)?.[1] ?? ''));
}

async function expectFitAndNamed(page: Page): Promise<void> {
  const { width } = page.viewportSize()!;
  const widest = await page.evaluate('document.documentElement.scrollWidth');
  expect(widest).toBeLessThanOrEqual(width);
  expect(await listNameless(page)).toEqual([]);
}

async function expectOneTitle(page: Page): Promise<void> {
  expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
  expect(await page.locator('img:not([alt])').count()).toBe(0);
  expect(await page.title()).toMatch(/ · Watchkeeper$/);
}

describe.each(Object.entries(SIZES))('on a %s', (_size, viewport) => {
  it.each(['light', 'dark'] as const)('every page fits and says what it is, %s', async (colorScheme) => {
    const { page } = await browser.open(hub, { user, viewport, colorScheme });
    await openFilledOverview(page);
    await expectOneTitle(page);
    await expectFitAndNamed(page);
    expect(await page.locator('html.dark').count()).toBe(colorScheme === 'dark' ? 1 : 0);

    await page.getByRole('button', { name: 'Add monitor' }).click();
    await see(page.getByRole('dialog', { name: 'Add monitor' }));
    await expectFitAndNamed(page);
    await page.keyboard.press('Escape');
    for (const [item, role] of [
      ['Edit', 'dialog'],
      ['Share', 'dialog'],
      ['API keys', 'dialog'],
      ['Delete', 'alertdialog'],
    ] as const) {
      await chooseAction(page, 'mail', item);
      await see(page.getByRole(role));
      await expectFitAndNamed(page);
      await page.keyboard.press('Escape');
      await page.getByRole(role).waitFor({ state: 'detached' });
    }

    await openFilledMonitor(page);
    await expectOneTitle(page);
    await expectFitAndNamed(page);
    for (const tab of ['profile', 'sessions', 'enrolment', 'users']) {
      await page.goto(`${hub.url}/settings/${tab}`);
      await see(page.getByRole('heading', { level: 2 }));
      await expectOneTitle(page);
      await expectFitAndNamed(page);
    }
    await page.getByRole('button', { name: 'Invite user' }).click();
    await see(page.getByRole('dialog', { name: 'Invite user' }));
    await expectFitAndNamed(page);
    await page.goto(`${hub.url}/nowhere`);
    await seeHeading(page, 'Nothing here');
    await expectFitAndNamed(page);

    const guest = await browser.open(hub, { viewport, colorScheme });
    guest.tolerate(/Failed to load resource: .* 401/);
    await guest.page.goto(`${hub.url}/`);
    await seeHeading(guest.page, 'Sign in');
    await expectOneTitle(guest.page);
    await expectFitAndNamed(guest.page);
  });
});

it('keeps the theme that was chosen, without asking the system again', async () => {
  const { page } = await browser.open(hub, { user, colorScheme: 'light' });
  await page.goto(`${hub.url}/`);
  await seeHeading(page, 'Overview');
  const readCanvas = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
  const light = await readCanvas();
  await chooseAccount(page, 'Dark');
  await see(page.locator('html.dark'));
  expect(await readCanvas()).not.toBe(light);
  await page.reload();
  await see(page.locator('html.dark'));
  await page.keyboard.press('Escape');
  await chooseAccount(page, 'System');
  await waitFor(async () => (await readCanvas()) === light);
});

describe('a first visit', () => {
  it.each([
    ['the overview', openFilledOverview],
    ['a monitor', openFilledMonitor],
  ])('loads at most 150 kB of scripts and styles, gzip, for %s', async (what, open) => {
    const { page } = await browser.open(hub, { user });
    const sizes: Promise<number>[] = [];
    page.on('response', (response) => {
      if (!/\.(js|css)$/.test(new URL(response.url()).pathname)) return;
      sizes.push(response.body().then((body) => gzipSync(body).length));
    });
    await open(page);
    await page.waitForLoadState('networkidle');
    const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    expect(sizes.length).toBeGreaterThan(3);
    console.log(`first load of ${what}: ${sizes.length} files, ${(total / 1000).toFixed(1)} kB gzip`);
    expect(total).toBeLessThanOrEqual(BUDGET_BYTES);
  });
});

describe('the pictures of the README', () => {
  it('shows all machines, dark', async () => {
    const { page } = await browser.open(hub, { user, viewport: SIZES.desktop, colorScheme: 'dark' });
    await openFilledOverview(page);
    await see(page.getByText('5 Up'));
    await takePicture(page, 'overview.png');
  });

  it('shows one machine, light', async () => {
    const viewport = { ...SIZES.desktop, height: 960 };
    const { page } = await browser.open(hub, { user, viewport, colorScheme: 'light' });
    await openFilledMonitor(page, '1h');
    await see(page.getByText('Up', { exact: true }));
    await takePicture(page, 'monitor.png');
  });
});

/** A page that shows nothing is one colour, which compresses to next to nothing. */
async function takePicture(page: Page, name: string): Promise<void> {
  // Meters glide to their values.
  await page.waitForTimeout(1_000);
  const picture = await page.screenshot({ path: path.join(images, name) });
  expect(picture.length).toBeGreaterThan(40_000);
}
