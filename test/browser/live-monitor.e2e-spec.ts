import { jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { PAGE_DEADLINE_MS, TestBrowser, type Visit } from '../support/browser.js';
import { postReport, signIn, type HubClient } from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { findFreePort } from './free-port.js';
import {
  findCard,
  findChart,
  findMeter,
  readChart,
  see,
  seeHeading,
  waitForChart,
  waitForPath,
} from './page-steps.js';

jest.setTimeout(90_000);

const TITLES = ['CPU', 'Memory', 'Network', 'Storage'];

let hub: HubProcess;
let browser: TestBrowser;
let user: HubClient;
let local: { id: string; name: string };

beforeAll(async () => {
  const env = { ...ADMIN_ENV, PORT: String(await findFreePort()) };
  [hub, browser] = await Promise.all([HubProcess.start({ env }), TestBrowser.launch()]);
  user = await signIn(hub);
  [local] = (await user.ask('{ monitors { id name } }')).monitors;
  await user.call('PATCH', `/api/monitoring/${local.id}`, { intervalSeconds: 1 });
}, 120_000);
afterEach(() => browser?.endVisits());
afterAll(async () => {
  await browser?.close();
  await hub?.clean();
});

const seeLive = (page: Page) => see(page.getByRole('status').getByText('Live', { exact: true }));

async function openMonitor(id: string, search = ''): Promise<Visit> {
  const visit = await browser.open(hub, { user });
  await visit.page.goto(`${hub.url}/monitors/${id}${search}`);
  return visit;
}

describe('the card of this machine', () => {
  it('has its real values and keeps them moving', async () => {
    const { page } = await browser.open(hub, { user });
    await page.goto(`${hub.url}/`);
    const card = findCard(page, local.name);
    await see(card.getByText('Up', { exact: true }));
    for (const name of ['CPU', 'Memory', 'Disk']) {
      const meter = findMeter(card, name);
      await waitFor(async () => Number(await meter.getAttribute('aria-valuenow')) > 0);
      expect(Number(await meter.getAttribute('aria-valuenow'))).toBeLessThanOrEqual(100);
    }
    await see(card.getByText(/B\/s$/));
    const readCpu = () => findMeter(card, 'CPU').getAttribute('aria-valuenow');
    const before = await readCpu();
    await waitFor(async () => (await readCpu()) !== before, { deadlineMs: PAGE_DEADLINE_MS });
    await card.getByRole('link', { name: local.name }).click();
    await waitForPath(page, `/monitors/${local.id}`);
  });
});

describe("the page of this machine's monitor", () => {
  it('says what the machine is and that it is live', async () => {
    const { page } = await openMonitor(local.id);
    await seeHeading(page, local.name);
    await seeLive(page);
    await see(page.getByText(/every 1\ss/));
    expect(await page.title()).toBe(`${local.name} · Watchkeeper`);
  });

  it.each(TITLES)('draws %s and gains points', async (title) => {
    const { page } = await openMonitor(local.id);
    const first = await waitForChart(page, title, ({ points }) => points > 0);
    await waitForChart(page, title, ({ points, lastAt }) => points > first.points && lastAt > first.lastAt);
    await waitFor(async () => (await listInkedColumns(page, title)).length > 0);
    expect(await findChart(page, title).getByRole('button', { pressed: true }).count()).toBeGreaterThan(0);
  });

  it.each([
    ['1 h', '1h'],
    ['24 h', '24h'],
    ['15 min', '15m'],
  ])('shows the last %s and stays live', async (label, range) => {
    const { page } = await openMonitor(local.id, range === '15m' ? '?range=1h' : '');
    await seeLive(page);
    await page.getByRole('navigation', { name: 'Time range' }).getByRole('link', { name: label }).click();
    await waitForPath(page, `/monitors/${local.id}?range=${range}`);
    const { lastAt } = await waitForChart(page, 'CPU', ({ points }) => points > 0);
    await seeLive(page);
    // A bucket of 24 hours is longer than a test; what is shown as current moves all the same.
    const readNow = () => page.getByRole('region', { name: 'Now' }).innerText();
    const before = await readNow();
    await waitFor(async () => (await readNow()) !== before, { deadlineMs: PAGE_DEADLINE_MS });
    expect((await readChart(page, 'CPU')).lastAt).toBeGreaterThanOrEqual(lastAt);
    await page.reload();
    await waitForChart(page, 'CPU', ({ points }) => points > 0);
  });

  it('reads out values by keyboard and as a table', async () => {
    const { page } = await openMonitor(local.id);
    await waitForChart(page, 'Memory', ({ points }) => points > 2);
    const cursor = page.getByRole('slider', { name: 'Memory, cursor in time' });
    await cursor.focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    await waitFor(async () =>
      /^\d\d:\d\d:\d\d, Used /.test((await cursor.getAttribute('aria-valuetext')) ?? ''),
    );
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Memory as table' }).click();
    await see(page.getByRole('table').getByRole('columnheader', { name: 'Used' }));
    await see(page.getByRole('table').getByRole('rowheader'));
  });
});

describe('a hole in the data', () => {
  it('is no line, and is filled when the missing reports arrive', async () => {
    const { id, key } = await user.createMonitor({ name: 'gap-01', intervalSeconds: 10 });
    const now = Date.now();
    const send = (fromMinutes: number, toMinutes: number) => {
      const reports = [];
      for (let at = now - fromMinutes * 60_000; at <= now - toMinutes * 60_000; at += 10_000) {
        reports.push({ at, cpu: { usagePercent: 50 } });
      }
      return postReport(hub, key, { reports });
    };
    await send(14, 10);
    await send(5, 0);
    const { page } = await openMonitor(id);
    await waitForChart(page, 'CPU', ({ points }) => points > 30);
    // The chart ends now and is fifteen minutes wide.
    const inHole = (share: number) => share > (15 - 9.5) / 15 && share < (15 - 5.5) / 15;
    await waitFor(async () => {
      const inked = await listInkedColumns(page, 'CPU');
      return inked.some((share) => share < 0.3) && inked.some((share) => share > 0.8) && !inked.some(inHole);
    });
    await send(9.9, 5.1);
    await waitFor(async () => (await listInkedColumns(page, 'CPU')).some(inHole), {
      deadlineMs: PAGE_DEADLINE_MS,
    });
  });
});

describe('a hub that is killed and comes back', () => {
  it('is seen by the page, which greys its values and then goes on by itself', async () => {
    const visit = await openMonitor(local.id);
    const { page } = visit;
    visit.tolerate(/WebSocket connection to|ERR_CONNECTION_(REFUSED|RESET)|ERR_SOCKET_NOT_CONNECTED/);
    const overview = await browser.open(hub, { user });
    overview.tolerate(/WebSocket connection to|ERR_CONNECTION_(REFUSED|RESET)|ERR_SOCKET_NOT_CONNECTED/);
    await overview.page.goto(`${hub.url}/`);
    const card = findCard(overview.page, local.name);
    await see(card.getByText('Up', { exact: true }));
    await seeLive(page);
    const before = await waitForChart(page, 'CPU', ({ points }) => points > 1);
    const cpu = page.getByRole('region', { name: 'Now' }).getByRole('article', { name: 'CPU' });
    const readColor = () =>
      cpu
        .getByText(/%$/)
        .evaluate((element) => element.ownerDocument.defaultView.getComputedStyle(element).color);
    const currentColor = await readColor();

    await hub.kill9();
    await see(page.getByRole('status').getByText('Reconnecting…'));
    await see(page.getByText(/^last data \d+\ss ago$/));
    await waitFor(async () => (await readColor()) !== currentColor, {
      what: 'the values of a hub that is gone still look current',
    });
    await see(overview.page.getByRole('status').getByText('Reconnecting…'));
    await see(card.getByText(/^last seen \d+\ss ago$/));

    await hub.restart();
    await seeLive(page);
    await seeLive(overview.page);
    const after = await waitForChart(
      page,
      'CPU',
      ({ points, lastAt }) => points > before.points && lastAt > before.lastAt,
    );
    await waitForChart(page, 'CPU', ({ points }) => points > after.points);
    await waitFor(async () => (await readColor()) === currentColor);
    await see(card.getByText(/^updated /));
  });
});

/** Where on the time axis (0–1 of its width) the main line's blue is: what a visitor sees as data. */
function listInkedColumns(page: Page, title: string): Promise<number[]> {
  return findChart(page, title)
    .locator('canvas')
    .evaluate((canvas) => {
      const over = canvas.parentElement.querySelector('.u-over');
      const scale = canvas.width / canvas.clientWidth;
      const [left, top] = [over.offsetLeft * scale, over.offsetTop * scale];
      const [width, height] = [over.clientWidth * scale, over.clientHeight * scale];
      const { data } = canvas.getContext('2d').getImageData(left, top, width, height);
      const rowLength = data.length / Math.floor(height) / 4;
      const columns = new Set<number>();
      for (let place = 0; place < data.length; place += 4) {
        const [red, green, blue, alpha] = data.subarray(place, place + 4) as unknown as number[];
        if (alpha! > 150 && blue! > 90 && blue! > red! * 2 && blue! > green! * 1.5) {
          columns.add((place / 4) % rowLength);
        }
      }
      return [...columns].map((column) => column / rowLength).sort((a, b) => a - b);
    });
}
