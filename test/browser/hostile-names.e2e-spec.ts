import { jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.js';
import { postReport, signIn, type HubClient } from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import {
  chooseAction,
  findCard,
  findChart,
  findDialog,
  see,
  seeHeading,
  waitForChart,
} from './page-steps.js';

jest.setTimeout(90_000);

/** Each would run, load or change something where names are put into markup, attributes, styles or addresses. */
const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  "'-alert(1)-'",
  'javascript:alert(1)',
  '</title><script>alert(1)</script>',
  '</textarea><iframe src="https://example.org/">',
  '{{constructor.constructor("alert(1)")()}}',
  '${alert(1)}',
  '<style>body{display:none}</style>',
  '<a href="https://example.org/">click</a>',
  '&lt;b&gt;&#60;script&#62;alert(1)',
  '\u202Egnp.exe\u2066<b onmouseover=alert(1)>',
  '<base href="https://example.org/"><form action=//example.org>',
];

let hub: HubProcess;
let browser: TestBrowser;
let user: HubClient;
const ids: string[] = [];
/** Cards show every name; opening a page for each would only take time. */
const PLACES = [0, 2, 5, 6, 9];

beforeAll(async () => {
  [hub, browser] = await Promise.all([HubProcess.start({ env: ADMIN_ENV }), TestBrowser.launch()]);
  user = await signIn(hub);
  for (const text of HOSTILE) {
    const fields = { name: text, description: text, tags: [text.slice(0, 50)], intervalSeconds: 60 };
    const { id, key } = await user.createMonitor(fields);
    ids.push(id);
    const now = Date.now();
    const reports = [0, 1, 2].map((minutes) => ({
      at: now - minutes * 60_000,
      host: { hostname: `h${text}`, os: text, kernel: text, cpuModel: text, arch: text, agentVersion: text },
      cpu: { usagePercent: 30 },
      memory: { usagePercent: 40, totalBytes: 8e9, usedBytes: 3e9 },
      storage: HOSTILE.map((mount) => ({
        mount,
        device: text,
        fsType: text,
        totalBytes: 1e9,
        usedBytes: 5e8,
        freeBytes: 5e8,
        // Charts draw the five fullest: this monitor's own name is among them.
        usagePercent: mount === text ? 90 : 50,
      })),
      network: HOSTILE.map((name) => ({
        interface: name,
        bytesSent: (10 - minutes) * (name === text ? 1e8 : 1e6),
        bytesReceived: (10 - minutes) * 1e6,
      })),
      custom: [{ name: 'queue.depth', value: 1, labels: { queue: text } }],
    }));
    expect(await postReport(hub, key, { reports })).toMatchObject({ status: 200, body: { accepted: 3 } });
  }
}, 120_000);
afterEach(() => browser?.endVisits());
afterAll(async () => {
  await browser?.close();
  await hub?.clean();
});

/** No name has become an element, and the page still stands. */
async function expectOnlyText(page: Page): Promise<void> {
  const planted = page.locator(
    'main :is(script, img, iframe, style, base, [onerror], [onload], [onmouseover], [href*="example.org"])',
  );
  expect(await planted.count()).toBe(0);
  expect(await page.locator('body').isVisible()).toBe(true);
}

describe('names that attack the page', () => {
  it('are text on the cards, in menus, dialogs and messages', async () => {
    const { page } = await browser.open(hub, { user });
    await page.goto(`${hub.url}/`);
    for (const text of HOSTILE) {
      const card = findCard(page, text);
      await see(card.getByRole('heading', { name: text, exact: true }));
      await see(card.getByRole('list', { name: 'Tags' }).getByText(text.slice(0, 50), { exact: true }));
    }
    await expectOnlyText(page);
    for (const text of HOSTILE.slice(0, 3)) {
      await chooseAction(page, text, 'Stop');
      await see(page.getByText(`${text} was stopped`, { exact: true }));
      await chooseAction(page, text, 'Edit');
      const form = findDialog(page, `Edit ${text}`);
      expect(await form.getByLabel('Name').inputValue()).toBe(text);
      expect(await form.getByLabel('Description').inputValue()).toBe(text);
      await page.keyboard.press('Escape');
      await chooseAction(page, text, 'Delete');
      await see(page.getByRole('alertdialog').getByText(`Type ${text} to confirm`, { exact: true }));
      await page.keyboard.press('Escape');
      await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    }
    await expectOnlyText(page);
  });

  it.each(PLACES.map((place) => [HOSTILE[place]!, place] as const))(
    "are text on the monitor's page: %s",
    async (text, place) => {
      const { page } = await browser.open(hub, { user });
      await page.goto(`${hub.url}/monitors/${ids[place]}`);
      await seeHeading(page, text);
      expect(await page.title()).toBe(`${text} · Watchkeeper`);
      await see(page.getByText(`h${text}`, { exact: true }));
      for (const mount of HOSTILE) {
        await see(page.getByRole('region', { name: 'Disks' }).getByText(mount, { exact: true }));
      }
      for (const title of ['Storage', 'Network', 'queue.depth']) {
        await waitForChart(page, title, ({ points }) => points > 1);
        const chart = findChart(page, title);
        await see(chart.getByRole('button').filter({ hasText: text }));
        await chart.locator('.u-over').hover();
        await chart.getByRole('button', { name: `${title} as table` }).click();
        await see(chart.getByRole('columnheader').filter({ hasText: text }));
      }
      await expectOnlyText(page);
    },
  );
});
