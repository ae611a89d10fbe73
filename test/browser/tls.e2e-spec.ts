import { jest } from '@jest/globals';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import path from 'node:path';
import { promisify } from 'node:util';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { TestBrowser } from '../support/browser.js';
import { ADMIN, ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { fillSignIn, findDialog, see, seeHeading, seeNoMore } from './page-steps.js';

jest.setTimeout(90_000);

/** One hub with a certificate of its own, which other machines reach too. */
let hub: HubProcess;
let browser: TestBrowser;
let ca: string;
let pin: string;
let cookie: string;
let reportKey: string;

interface TlsAnswer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
}

function call(method: string, where: string, body?: unknown, options: object = { ca }): Promise<TlsAnswer> {
  const headers = {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(cookie && { cookie }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(hub.url + where, { method, headers, agent: false, ...options }, (answer) => {
      let text = '';
      answer.on('data', (part) => (text += String(part)));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

beforeAll(async () => {
  const env = { ...ADMIN_ENV, HOST: '0.0.0.0', WATCHKEEPER_TLS: 'auto' };
  [hub, browser] = await Promise.all([HubProcess.start({ env }), TestBrowser.launch()]);
  ca = readFileSync(path.join(hub.dataDir, 'tls/cert.pem'), 'utf8');
  pin = /--pin (sha256\/\/[\w+/]{43}=)/.exec(hub.output)![1]!;
}, 120_000);
afterEach(() => browser?.endVisits());
afterAll(async () => {
  await browser?.close();
  await hub?.clean();
});

it('is refused by whoever does not know its certificate, and says nothing over plain http', async () => {
  expect(hub.url).toMatch(/^https:\/\/localhost:/);
  await expect(call('GET', '/livez', undefined, {})).rejects.toMatchObject({
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
  await expect(fetch(`http://localhost:${hub.port}/livez`)).rejects.toThrow();
  const answer = await call('GET', '/livez');
  expect([answer.status, answer.headers['strict-transport-security']]).toEqual([200, 'max-age=31536000']);
});

it('gives sessions that only travel encrypted', async () => {
  const answer = await call('POST', '/api/auth/login', ADMIN);
  const given = String(answer.headers['set-cookie']);
  expect(given).toMatch(/^__Host-session=\S+; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=Strict$/);
  cookie = given.split(';', 1)[0]!;
  const created = await call('POST', '/api/monitoring/', { name: 'web-01', kind: 'agent' });
  expect(created.status).toBe(201);
  reportKey = (JSON.parse(created.text) as { apiKey: string }).apiKey;
});

it('streams over WebSocket to its own page, and to no other', async () => {
  const open = (origin: string) =>
    new Promise<unknown>((resolve) => {
      const client = createClient({
        url: `${hub.url.replace('https', 'wss')}/graphql`,
        retryAttempts: 0,
        webSocketImpl: class extends WebSocket {
          constructor(address: string, protocol: string) {
            super(address, protocol, { headers: { cookie }, origin, ca });
          }
        },
      });
      const end = (value: unknown): void => {
        resolve(value);
        void client.dispose();
      };
      client.subscribe(
        { query: 'query { viewer { email } }' },
        { next: ({ data }) => end(data), error: () => end('refused'), complete: () => undefined },
      );
    });
  expect(await open(hub.url)).toEqual({ viewer: { email: ADMIN.email } });
  expect(await open('https://evil.example')).toBe('refused');
});

describe('an agent', () => {
  let agent: string;
  /** The report of `--check`, in which the agent asks the hub with its key. */
  const check = (...args: string[]): Promise<string> =>
    promisify(execFile)(process.execPath, [agent, '--url', hub.url, '--spool', 'none', '--check', ...args], {
      env: { PATH: process.env.PATH, WATCHKEEPER_KEY: reportKey },
    }).then(
      ({ stdout, stderr }) => stdout + stderr,
      ({ stdout, stderr }: { stdout: string; stderr: string }) => `FAILED ${stdout}${stderr}`,
    );

  beforeAll(async () => {
    agent = path.join(hub.dataDir, 'agent.cjs');
    await promisify(execFile)(process.execPath, ['scripts/build-agent.mjs', hub.dataDir]);
  });

  it('goes on with the pin that the hub printed, or with the certificate as authority', async () => {
    expect(await check('--pin', pin)).not.toMatch(/^FAILED/);
    expect(await check('--ca-file', path.join(hub.dataDir, 'tls/cert.pem'))).not.toMatch(/^FAILED/);
  });

  it('refuses without them, and says what to give', async () => {
    expect(await check()).toMatch(/^FAILED[^]*SELF_SIGNED[^]*--pin/);
    expect(await check('--pin', `sha256//${'A'.repeat(43)}=`)).toMatch(/^FAILED[^]*not the one of --pin/);
  });
});

describe('what the page shows, pasted on another machine', () => {
  /** Neither a shell's settings nor what else runs here help it. */
  const MACHINE = { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin` };
  const running: ChildProcess[] = [];
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL');
  });

  async function addMonitor(name: string) {
    const { page } = await browser.open(hub, { ignoreHTTPSErrors: true });
    await page.goto(`${hub.url}/login`);
    await fillSignIn(page, ADMIN);
    await page.getByRole('button', { name: 'Add monitor' }).first().click();
    const form = findDialog(page, 'Add monitor');
    await form.getByLabel('Name').fill(name);
    await form.getByLabel('Interval in seconds').fill('1');
    await form.getByRole('button', { name: 'Add monitor' }).click();
    const shown = findDialog(page, `Connect ${name}`);
    await see(shown);
    return { shown, seeReport: () => see(shown.getByText('First report received')) };
  }

  it('the installer brings a machine to its first report', async () => {
    const { shown, seeReport } = await addMonitor('installed');
    const line = await shown.locator('code').first().innerText();
    const place = path.join(hub.dataDir, 'machine');
    const script = line.replace('| sudo sh -s --', `| sh -s -- --root '${place}'`);
    expect(script).not.toBe(line);
    const said = execFileSync('/bin/sh', ['-c', script], { env: MACHINE, encoding: 'utf8', stdio: 'pipe' });
    expect(said).toContain('key: accepted');
    const start = /Start the agent with:\n\s*(.+)\n/.exec(said)![1]!;
    running.push(spawn('/bin/sh', ['-c', `exec ${start}`], { env: MACHINE, stdio: 'ignore' }));
    await seeReport();
  });

  it('the agent by hand reports, and so does curl', async () => {
    const { shown, seeReport } = await addMonitor('by-hand');
    const folder = path.join(hub.dataDir, 'by-hand');
    mkdirSync(folder);
    await shown.getByText('Agent by hand').click();
    const line = await shown.getByLabel('Run the agent', { exact: true }).innerText();
    const agent = spawn('/bin/sh', ['-c', line], {
      cwd: folder,
      env: { ...MACHINE, HOME: folder },
      stdio: 'ignore',
      detached: true,
    });
    try {
      await seeReport();
    } finally {
      process.kill(-agent.pid!, 'SIGKILL');
    }
    await shown.getByText('Any program', { exact: true }).click();
    const curl = await shown.getByLabel('Send a first report', { exact: true }).innerText();
    expect(
      execFileSync('/bin/sh', ['-c', curl], { env: MACHINE, encoding: 'utf8', stdio: 'pipe' }),
    ).toContain('"accepted":1');
  });
});

it('shows the page, live, and says nothing of plain http', async () => {
  const { page } = await browser.open(hub, { ignoreHTTPSErrors: true });
  await page.goto(`${hub.url}/login`);
  await fillSignIn(page, ADMIN);
  await seeHeading(page, 'Overview');
  await see(page.getByRole('article').getByText('Up', { exact: true }));
  await seeNoMore(page.getByText('This connection is not encrypted.'));
});

it('without TLS: every page from another machine carries the warning, the log too', async () => {
  const env = { ...ADMIN_ENV, HOST: '0.0.0.0', WATCHKEEPER_ALLOW_HTTP: '1' };
  const open = await HubProcess.start({ env });
  try {
    expect(open.output).toMatch(/WATCHKEEPER_ALLOW_HTTP is set.*unencrypted/);
    // To a browser this address is not its own machine, although it leads there.
    const url = `http://0.0.0.0:${open.port}`;
    const visit = await browser.open({ url });
    visit.tolerate(/Failed to load resource: .* 401|Cross-Origin-Opener-Policy/);
    await visit.page.goto(`${url}/login`);
    await see(visit.page.getByText('This connection is not encrypted.'));
    await fillSignIn(visit.page, ADMIN);
    await seeHeading(visit.page, 'Overview');
    await see(visit.page.getByText('This connection is not encrypted.'));
    if (process.env.SHOTS) {
      await visit.page.screenshot({ path: `${process.env.SHOTS}/http-wide.png` });
      await visit.page.setViewportSize({ width: 390, height: 844 });
      await visit.page.screenshot({ path: `${process.env.SHOTS}/http-narrow.png` });
    }
    await browser.endVisits();
  } finally {
    await open.clean();
  }
});
