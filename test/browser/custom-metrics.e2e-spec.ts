import { jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.js';
import { postReport, signIn, type HubClient } from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { findChart, see, seeNoMore, waitForChart } from './page-steps.js';

jest.setTimeout(90_000);

let hub: HubProcess;
let browser: TestBrowser;
let user: HubClient;
let monitor: { id: string; key: string };
let page: Page;

beforeAll(async () => {
  [hub, browser] = await Promise.all([HubProcess.start({ env: ADMIN_ENV }), TestBrowser.launch()]);
  user = await signIn(hub);
  monitor = await user.createMonitor({ name: 'worker', intervalSeconds: 10 });
  ({ page } = await browser.open(hub, { user }));
}, 120_000);
afterAll(async () => {
  await browser?.endVisits();
  await browser?.close();
  await hub?.clean();
});

const gauge = (name: string, value: number, labels: Record<string, string> = {}, unit?: string) => ({
  ...{ name, value, labels },
  ...(unit && { unit }),
});

/** Ten queues, of which `q9` is the longest, a counter in bytes, and a balance below zero. */
const customAt = (at: number) => [
  ...Array.from({ length: 10 }, (_, queue) =>
    gauge('queue.depth', queue * 10, { queue: `q${queue}` }, 'jobs'),
  ),
  { name: 'sent', kind: 'counter', unit: 'bytes', value: Math.round(at / 1000) * 2048 },
  gauge('balance', -5),
];

async function send(at: number): Promise<void> {
  const { status } = await postReport(hub, monitor.key, { at, intervalSeconds: 10, custom: customAt(at) });
  expect(status).toBe(200);
}

describe('metrics of the user', () => {
  const start = Date.now();

  it('are told how to be sent while there are none', async () => {
    await page.goto(`${hub.url}/monitors/${monitor.id}`);
    await page.getByText('How to send one', { exact: true }).click();
    await see(page.getByText(/"custom":\[\{"name":"queue\.depth"/));
    await see(page.getByText(/mv \$d\/\.mail \$d\/mail\.prom/));
  });

  it('are charted by name, with labels as lines and in their unit', async () => {
    for (const age of [30, 20, 10]) await send(start - age * 1000);
    await page.reload();
    await waitForChart(page, 'queue.depth', ({ points }) => points === 3);
    const queues = findChart(page, 'queue.depth');
    await see(queues.getByText('the 5 highest of 10'));
    await see(queues.getByRole('button', { name: /^q9\s+90\sjobs$/ }));
    await seeNoMore(queues.getByRole('button', { name: /^q4/ }));
    await see(findChart(page, 'sent').getByText('2.00 KiB/s'));
    await see(findChart(page, 'balance').getByText('-5', { exact: true }));
  });

  it('move as reports come', async () => {
    await send(start);
    await waitForChart(page, 'queue.depth', ({ points, lastAt }) => points === 4 && lastAt === start);
  });

  it('are found by a word of their name or labels', async () => {
    await page.getByRole('searchbox', { name: 'Search metrics' }).fill('q4');
    await see(findChart(page, 'queue.depth').getByRole('button', { name: /^q4\s+40\sjobs$/ }));
    await seeNoMore(findChart(page, 'sent'));
    await page.getByRole('searchbox', { name: 'Search metrics' }).fill('nothing like it');
    await see(page.getByText('No metric has this in its name or labels.'));
  });
});
