import { jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { HOSTILE_STRINGS } from '../fixtures/hostile-strings.js';
import { TestBrowser } from '../support/browser.js';
import { callHub, postReport, signIn, type HubClient, type Json } from '../support/hub-client.js';
import { ADMIN, ADMIN_ENV, FAST_SENDERS_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { chooseAction, findChart, findDialog, see, seeHeading, waitForChart } from './page-steps.js';

jest.setTimeout(90_000);

const STORED = HOSTILE_STRINGS.filter(({ isRefused }) => !isRefused);
const REFUSED = HOSTILE_STRINGS.filter(({ isRefused }) => isRefused);
/** As the hub stores it. */
const NAMES = STORED.map(({ text }) => text.normalize('NFC'));
const SHOWN = STORED.map(({ text, shown }) => (shown ?? text).normalize('NFC'));
/** In a sentence or a title. */
const toSentencePart = (shown: string): string =>
  /[\u0590-\u08ff\ufb1d-\ufdff]/.test(shown) ? `\u2068${shown}\u2069` : shown;
const MOST_IN_TAG = 50;
const MOST_PROCESSES = 50;
/** One of each kind: opening a page for each would only take time. */
const OPENED = ['end of the title', 'end of an isolate', 'nothing to see', 'one long word', 'prototype'];
const IN_DIALOGS = ['end of an attribute, then SVG', 'name from right to left', 'nothing to see'];
const PHONE = { viewport: { width: 390, height: 844 } };
const METRICS_TOKEN = 'a-token-for-hostile-names';
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

let hub: HubProcess;
let browser: TestBrowser;
let user: HubClient;
const ids: string[] = [];
const keys: string[] = [];

function makeReport(text: string, at: number): Json {
  const first = NAMES.indexOf(text) % (NAMES.length - MOST_PROCESSES);
  return {
    at,
    host: { hostname: `h${text}`, os: text, kernel: text, cpuModel: text, arch: text, agentVersion: text },
    cpu: { usagePercent: 30 },
    memory: { usagePercent: 40, totalBytes: 8e9, usedBytes: 3e9 },
    storage: NAMES.map((mount) => ({
      mount,
      device: text,
      fsType: text,
      totalBytes: 1e9,
      usedBytes: 5e8,
      freeBytes: 5e8,
      // Charts draw the five fullest: this monitor's own name is among them.
      usagePercent: mount === text ? 90 : 50,
    })),
    network: NAMES.map((name) => ({
      interface: name,
      bytesSent: (at / 1000) * (name === text ? 1e4 : 1e2),
      bytesReceived: (at / 1000) * 1e2,
    })),
    processes: {
      total: 9,
      top: NAMES.slice(first, first + MOST_PROCESSES).map((name) => ({ name, count: 1, cpuPercent: 1 })),
    },
    custom: [
      ...NAMES.map((queue) => ({
        name: 'queue.depth',
        unit: text,
        value: queue === text ? 9 : 1,
        labels: { queue },
      })),
      { name: 'constructor', value: 1, labels: { constructor: text } },
      { name: 'toString', value: 1, labels: { valueOf: text } },
      { name: 'toString', value: 1, labels: { hasOwnProperty: text } },
    ],
  };
}

beforeAll(async () => {
  [hub, browser] = await Promise.all([
    HubProcess.start({
      env: { ...ADMIN_ENV, ...FAST_SENDERS_ENV, WATCHKEEPER_METRICS_TOKEN: METRICS_TOKEN },
    }),
    TestBrowser.launch(),
  ]);
  user = await signIn(hub);
  const makers = STORED.map(({ text, tries }, place) => async () => {
    const fields = { name: text, description: text, tags: [text.slice(0, MOST_IN_TAG)], intervalSeconds: 60 };
    const { id, key } = await user.createMonitor(fields);
    ids[place] = id;
    keys[place] = key;
    if (!OPENED.includes(tries)) return;
    const now = Date.now();
    const reports = [2, 1, 0].map((minutes) => makeReport(text.normalize('NFC'), now - minutes * 60_000));
    expect(await postReport(hub, key, { reports })).toMatchObject({ status: 200, body: { accepted: 3 } });
  });
  const work = async (): Promise<void> => {
    for (let make = makers.pop(); make; make = makers.pop()) await make();
  };
  await Promise.all(Array.from({ length: 8 }, work));
}, 120_000);
afterEach(() => browser?.endVisits());
afterAll(async () => {
  await browser?.close();
  await hub?.clean();
});

/** Runs in the page: what is why it can be scrolled sideways. */
const FIND_TOO_WIDE = `document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth)
    .map((one) => one.tagName + '.' + one.className + ' ' + one.textContent.slice(0, 40)).slice(0, 12)`;

/** No name has become an element, and the page still stands within its width. */
async function expectOnlyText(page: Page): Promise<void> {
  const planted = page.locator(
    'body :is(script[src*="example"], img, iframe, style, base, object, embed, math, [onerror], [onload], [onclick], [onmouseover], [srcdoc], [href*="example.org"], [href^="javascript:"], [href^="data:"])',
  );
  expect(await planted.count()).toBe(0);
  expect(await page.locator('body').isVisible()).toBe(true);
  expect(await page.evaluate(FIND_TOO_WIDE)).toEqual([]);
}

/** Waits until the elements have these texts, in whatever order. */
async function expectTexts(page: Page, selector: string, texts: readonly string[]): Promise<void> {
  let missing: string[] = [];
  await waitFor(
    async () => {
      const seen = new Set((await page.locator(selector).allTextContents()).map((text) => text.trim()));
      missing = texts.filter((text) => !seen.has(text.trim()));
      return missing.length === 0;
    },
    { deadlineMs: 20_000, what: () => `not among ${selector}: ${JSON.stringify(missing)}` },
  );
}

describe('names that attack', () => {
  it('are in answers as they are', async () => {
    const { monitors } = await user.ask('{ monitors { kind name description tags } }');
    const names = (monitors as Json[]).filter(({ kind }) => kind === 'AGENT').map(({ name }) => name);
    expect(names.sort()).toEqual(STORED.map(({ text }) => text).sort());
  });

  it('that cannot be shown to anybody are refused in words that do not repeat them', async () => {
    for (const { text } of REFUSED) {
      for (const body of [
        { name: text },
        { name: 'x', description: `${text}\u0007` },
        { name: 'x', tags: [text] },
      ]) {
        const { status, text: answer } = await user.call('POST', '/api/monitoring/', body);
        expect([status, answer.includes(JSON.stringify(text).slice(1, -1))]).toEqual([400, false]);
        expect(answer).toMatch(/must not contain control characters/);
        expect(answer).not.toMatch(CONTROLS);
      }
      for (const part of [
        { host: { hostname: text } },
        { storage: [{ mount: text, usagePercent: 1 }] },
        { custom: [{ name: 'a.b', value: 1, labels: { c: text } }] },
        { processes: { top: [{ name: text, count: 1 }] } },
      ]) {
        const { body } = await postReport(hub, keys[0]!, { reports: [part] });
        expect(body.rejected).toMatchObject([{ code: 'bad_text' }]);
      }
    }
  });

  it.each([
    ['wide', {}],
    ['narrow', { ...PHONE, colorScheme: 'dark' as const }],
  ])('are text on the cards: %s', async (_, options) => {
    const { page } = await browser.open(hub, { user, ...options });
    await page.goto(`${hub.url}/`);
    await expectTexts(page, 'article h2', SHOWN);
    await expectTexts(
      page,
      'article ul[aria-label="Tags"] li',
      STORED.filter(({ text }) => text.length <= MOST_IN_TAG).map(({ text, shown }) => shown ?? text),
    );
    await expectOnlyText(page);
  });

  it('are text in menus, dialogs and messages', async () => {
    const { page } = await browser.open(hub, { user, ...PHONE });
    await page.goto(`${hub.url}/`);
    for (const tries of IN_DIALOGS) {
      const { text } = STORED.find((one) => one.tries === tries)!;
      const name = toSentencePart(SHOWN[STORED.findIndex((one) => one.tries === tries)]!);
      await chooseAction(page, name, 'Stop');
      await see(page.getByText(`${name} was stopped`, { exact: true }));
      await chooseAction(page, name, 'Edit');
      const form = findDialog(page, `Edit ${name}`);
      expect(await form.getByLabel('Name').inputValue()).toBe(text);
      expect(await form.getByLabel('Description').inputValue()).toBe(text);
      await expectOnlyText(page);
      await page.keyboard.press('Escape');
      await chooseAction(page, name, 'Share');
      await see(findDialog(page, `Share ${name}`));
      await page.keyboard.press('Escape');
      await user.ask(
        'mutation ($id: ID!, $name: String!) { createApiKey(monitorId: $id, input: { name: $name }) { userErrors { code } } }',
        { id: ids[STORED.findIndex((one) => one.tries === tries)], name: text },
      );
      await chooseAction(page, name, 'API keys');
      await expectTexts(page, '[role="dialog"] li bdi', [name.replaceAll(/[\u2068\u2069]/g, '')]);
      await expectOnlyText(page);
      await page.keyboard.press('Escape');
      await chooseAction(page, name, 'Delete');
      const question = page.getByRole('alertdialog');
      await see(question.getByText(`Type ${name} to confirm`, { exact: true }));
      // Also what cannot be typed can be deleted: by its name as it is shown.
      await question.getByRole('textbox').fill(name.replaceAll(/[\u2068\u2069]/g, ''));
      expect(await question.getByRole('button', { name: 'Delete monitor' }).isEnabled()).toBe(true);
      await expectOnlyText(page);
      await page.keyboard.press('Escape');
      await question.waitFor({ state: 'detached' });
    }
  });

  it.each(OPENED)("are text on the monitor's page: %s", async (tries) => {
    const place = STORED.findIndex((one) => one.tries === tries);
    const shown = SHOWN[place]!;
    const name = toSentencePart(shown);
    const { page } = await browser.open(hub, { user, ...(place % 2 ? PHONE : {}) });
    await page.goto(`${hub.url}/monitors/${ids[place]}`);
    await seeHeading(page, shown);
    expect(await page.title()).toBe(`${name} · Watchkeeper`);
    await expectTexts(page, 'section[aria-labelledby="disks-title"] bdi', SHOWN);
    const first = place % (NAMES.length - MOST_PROCESSES);
    await expectTexts(
      page,
      'section[aria-labelledby="top-processes-title"] bdi',
      SHOWN.slice(first, first + MOST_PROCESSES),
    );
    await expectTexts(page, 'header li bdi', [toSentencePart(`h${shown}`)]);
    for (const title of ['Storage', 'Network', 'queue.depth', 'toString']) {
      await waitForChart(page, title, ({ points }) => points > 1);
      const chart = findChart(page, title);
      await see(chart.getByRole('button').filter({ hasText: shown }));
      await chart.locator('.u-over').hover();
      await chart.getByRole('button', { name: `${title} as table` }).click();
      await see(chart.getByRole('columnheader').filter({ hasText: shown }));
    }
    await expectOnlyText(page);
  });

  it('are text in the settings', async () => {
    await hub.query(
      `insert into app_user (email, name, password_hash, role)
       select 'u' || place || '@example.org', chosen.name, password_hash, 'viewer'
       from app_user admin, unnest($1::text[]) with ordinality as chosen (name, place)`,
      [NAMES],
    );
    const token =
      'mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { userErrors { code } } }';
    const fleet =
      'mutation ($input: CreateEnrolmentKeyInput!) { createEnrolmentKey(input: $input) { userErrors { code } } }';
    const tokens = SHOWN.filter((_, place) => place % 8 === 0);
    for (const [place, name] of NAMES.entries()) {
      if (place % 8 !== 0) continue;
      await user.ask(token, { input: { name, scope: 'READ' } });
      await user.ask(fleet, { input: { name, tags: [name.slice(0, MOST_IN_TAG)] } });
    }
    const agents = SHOWN.filter((text) => /^[ -~]{1,40}$/.test(text)).filter((_, place) => place % 12 === 0);
    for (const agent of [...agents, 'a\u009b2Jb']) {
      const body = { email: ADMIN.email, password: ADMIN.password };
      expect(
        (await callHub(hub, 'POST', '/api/auth/login', { body, headers: { 'user-agent': agent } })).status,
      ).toBe(200);
    }
    const { page } = await browser.open(hub, { user, ...PHONE });
    const open = (tab: string) => page.goto(`${hub.url}/settings/${tab}`);
    await open('users');
    await expectTexts(page, 'main li bdi', SHOWN);
    await expectOnlyText(page);
    await open('tokens');
    await expectTexts(page, 'main li bdi', tokens);
    await expectOnlyText(page);
    await open('enrolment');
    await expectTexts(page, 'main li bdi', tokens);
    await expectOnlyText(page);
    await open('sessions');
    await expectTexts(page, 'main li bdi', [...agents, 'a⟨U+009B⟩2Jb']);
    await expectOnlyText(page);
    await open('audit');
    await expectTexts(page, 'main li bdi', tokens);
    await page.evaluate(`document.querySelectorAll('main details').forEach((one) => (one.open = true))`);
    await expectOnlyText(page);
  });

  it('break no export, no metrics and no line of the log', async () => {
    const { text } = await user.call('GET', '/api/audit');
    expect(text).not.toMatch(CONTROLS);
    const names = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as Json).targetName);
    expect(names).toEqual(expect.arrayContaining(STORED.map((one) => one.text)));
    const { status, text: metrics } = await callHub(hub, 'GET', '/metrics', {
      headers: { authorization: `Bearer ${METRICS_TOKEN}` },
    });
    expect(status).toBe(200);
    for (const line of metrics.split('\n').filter(Boolean)) {
      expect(line).toMatch(
        /^(?:# (?:HELP|TYPE) [a-z_\d]+ .+|[a-z_\d]+(?:\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)*\})? [-+.\deInfNa]+)$/,
      );
    }
    const { text: script } = await callHub(hub, 'GET', '/install.sh', {
      headers: { 'user-agent': NAMES[0]! },
    });
    expect(script).not.toContain('alert(1)');
    for (const line of hub.stdout.split('\n').filter((line) => line.startsWith('{'))) JSON.parse(line);
    expect(hub.output).not.toMatch(CONTROLS);
  });
});
