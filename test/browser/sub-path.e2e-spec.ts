import { jest } from '@jest/globals';
import { TestBrowser } from '../support/browser.js';
import { ADMIN, HubProcess } from '../support/hub-process.js';
import { findFreePort } from './free-port.js';
import { chooseAccount, fillSignIn, see, seeHeading, waitForChart, waitForPath } from './page-steps.js';

jest.setTimeout(60_000);

let hub: HubProcess;
let browser: TestBrowser;

beforeAll(async () => {
  const port = String(await findFreePort());
  const env = { PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}/mon` };
  [hub, browser] = await Promise.all([HubProcess.start({ env }), TestBrowser.launch()]);
}, 120_000);
afterEach(() => browser?.endVisits());
afterAll(async () => {
  await browser?.close();
  await hub?.clean();
});

it('serves the whole page below a path: set-up, deep links, live charts, GraphiQL', async () => {
  expect(hub.url).toMatch(/\/mon$/);
  const visit = await browser.open(hub);
  visit.tolerate(/Failed to load resource: .* 401/);
  const { page } = visit;
  await page.goto(`${hub.url}/`);
  await waitForPath(page, '/mon/setup');
  await page.goto('about:blank');
  await page.goto(`${hub.url}/setup#token=${hub.setupToken}`);
  await page.getByLabel('E-mail').fill(ADMIN.email);
  await page.getByLabel('Password').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await seeHeading(page, 'Overview');

  await page.getByRole('article').getByRole('link').click();
  await page.waitForURL(/\/mon\/monitors\/[\w-]+$/);
  await see(page.getByRole('status').getByText('Live', { exact: true }));
  await page.getByRole('link', { name: '1 h', exact: true }).click();
  await page.waitForURL(/\/mon\/monitors\/[\w-]+\?range=1h$/);
  const deepLink = page.url();
  await page.reload();
  const { lastAt } = await waitForChart(page, 'CPU', ({ points }) => points > 0);
  await see(page.getByRole('status').getByText('Live', { exact: true }));
  await waitForChart(page, 'CPU', (state) => state.lastAt > lastAt);

  await chooseAccount(page, 'Sign out');
  await seeHeading(page, 'Sign in');
  await page.goto(deepLink);
  await page.waitForURL(/\/mon\/login\?next=/);
  await fillSignIn(page, ADMIN);
  await page.waitForURL(deepLink);

  await chooseAccount(page, 'Sign out');
  await seeHeading(page, 'Sign in');
  await page.goto(`${hub.url}/graphiql/`);
  await fillSignIn(page, ADMIN);
  await waitForPath(page, '/mon/graphiql/');
  await see(page.getByRole('button', { name: /^Execute query/ }));
  expect(visit.requests.filter((url) => !/^(blob|data):/.test(url) && !url.includes('/mon/'))).toEqual([]);
});
