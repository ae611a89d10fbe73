import { jest } from '@jest/globals';
import { startBadServer } from '../support/bad-server.js';
import { TestBrowser } from '../support/browser.js';
import { postReport, signIn, type HubClient } from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { findDialog, see, seeHeading } from './page-steps.js';

jest.setTimeout(90_000);

let hub: HubProcess;
let browser: TestBrowser;
let user: HubClient;

beforeAll(async () => {
  const env = { ...ADMIN_ENV, WATCHKEEPER_OUTBOUND_ALLOW_CIDRS: '127.0.0.0/8' };
  [hub, browser] = await Promise.all([HubProcess.start({ env }), TestBrowser.launch()]);
  user = await signIn(hub);
}, 120_000);
afterEach(() => browser?.endVisits());
afterAll(async () => {
  await browser?.close();
  await hub?.clean();
});

it('an endpoint is set on the page, which says what is wrong with it and tries again when told to', async () => {
  const server = await startBadServer('missing');
  const { id, key } = await user.createMonitor({ name: 'sender' });
  const { page } = await browser.open(hub, { user });
  await page.goto(`${hub.url}/monitors/${id}`);
  await seeHeading(page, 'sender');
  await page.getByRole('button', { name: 'Actions for sender' }).click();
  await page.getByRole('menuitem', { name: 'Edit', exact: true }).click();
  const dialog = findDialog(page, 'Edit sender');
  await dialog.getByText('Send reports on').click();
  await dialog.getByLabel('Address', { exact: true }).fill('http://10.1.2.3/x');
  await dialog.getByRole('button', { name: 'Save changes' }).click();
  await see(dialog.getByText('not a public address'));
  await dialog.getByLabel('Address', { exact: true }).fill(`${server.url}/wrong`);
  await dialog.getByLabel('API key of the address').fill('a-secret');
  if (process.env['SHOTS']) await page.screenshot({ path: `${process.env['SHOTS']}/dialog.png` });
  await dialog.getByRole('button', { name: 'Save changes' }).click();
  const panel = page.getByRole('region', { name: 'Sending on' });
  await see(panel.getByText('All reports are sent on'));
  await postReport(hub, key, { cpu: { usagePercent: 12 } });
  await see(panel.getByText('Sending on has stopped'));
  await see(panel.getByText('Check its path'));
  if (process.env['SHOTS']) await page.screenshot({ path: `${process.env['SHOTS']}/panel.png` });
  await panel.getByRole('button', { name: 'Send a test' }).click();
  await see(panel.getByRole('status').getByText('There is nothing at this address'));
  server.become('well');
  await panel.getByRole('button', { name: 'Send a test' }).click();
  await see(panel.getByText('took a test message'));
  await panel.getByRole('button', { name: 'Try again' }).click();
  await see(panel.getByText('All reports are sent on'));
  expect(server.taken).toMatchObject([
    { key: 'a-secret', reports: [] },
    { key: 'a-secret', reports: [{ cpu: { usagePercent: 12 } }] },
  ]);
  server.close();
});

it('a monitor is added with its endpoint at once', async () => {
  const server = await startBadServer('well');
  const { page } = await browser.open(hub, { user });
  await page.goto(`${hub.url}/`);
  await page.getByRole('button', { name: 'Add monitor' }).click();
  const dialog = findDialog(page, 'Add monitor');
  await dialog.getByLabel('Name').fill('new-sender');
  await dialog.getByText('Send reports on').click();
  await dialog.getByLabel('Address', { exact: true }).fill(`${server.url}/hook`);
  await dialog.getByLabel('API key of the address').fill('a-secret');
  if (process.env['SHOTS']) await page.screenshot({ path: `${process.env['SHOTS']}/add.png` });
  await dialog.getByRole('button', { name: 'Add monitor' }).click();
  const shown = findDialog(page, 'Connect new-sender');
  await shown.getByText('Any program', { exact: true }).click();
  const key = await shown.getByLabel('API key', { exact: true }).innerText();
  await postReport(hub, key, { cpu: { usagePercent: 7 } });
  await waitFor(() => server.taken.length === 1);
  expect(server.taken).toMatchObject([{ key: 'a-secret', reports: [{ cpu: { usagePercent: 7 } }] }]);
  server.close();
});
