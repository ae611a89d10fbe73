/**
 * A real Chromium for the tests of the page. What the page must never do is watched on every visit: errors in
 * the console, uncaught exceptions, breaches of the content policy, dialogs of the browser, and requests to
 * anything but the hub.
 *
 *   const browser = await TestBrowser.launch();
 *   const visit = await browser.open(hub, { user });
 *   await visit.page.goto(`${hub.url}/`);
 *   afterEach(() => browser.endVisits());
 *   afterAll(() => browser.close());
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';
import type { HubAddress, HubClient } from './hub-client.js';

const SYSTEM_CHROMIUM = '/usr/bin/chromium';
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/watchkeeper', import.meta.url));
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Runs in the page, before anything of its own. */
const WATCH_POLICY = `document.addEventListener('securitypolicyviolation', (event) =>
  noteBreach('content policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));`;
/** Generous: a loaded machine with one core still gets there. */
export const PAGE_DEADLINE_MS = 30_000;

export interface VisitOptions extends BrowserContextOptions {
  /** Signed in from the start. */
  readonly user?: HubClient;
}

/**
 * The browser to use: that of `CHROME_PATH`, the system's, or the one that npm brought along.
 * `WATCHKEEPER_TEST_BUNDLED_CHROMIUM=1` tries the last one where another is there.
 */
export async function findBrowser(): Promise<string> {
  const { CHROME_PATH, WATCHKEEPER_TEST_BUNDLED_CHROMIUM } = process.env;
  if (WATCHKEEPER_TEST_BUNDLED_CHROMIUM === '1') return unpackBundledChromium();
  if (CHROME_PATH) {
    if (!existsSync(CHROME_PATH)) throw new Error(`CHROME_PATH names no file: ${CHROME_PATH}`);
    return CHROME_PATH;
  }
  return existsSync(SYSTEM_CHROMIUM) ? SYSTEM_CHROMIUM : unpackBundledChromium();
}

/**
 * The package unpacks to the temporary folder, which is shared with other users' copies and versions: it is
 * given one of its own, which then takes its place among the project's dependencies by one rename.
 */
async function unpackBundledChromium(): Promise<string> {
  const folder = path.join(CACHE, 'chromium-153.0.0');
  const binary = path.join(folder, 'chromium');
  if (existsSync(binary)) return binary;
  await mkdir(CACHE, { recursive: true });
  const own = await mkdtemp(path.join(CACHE, 'unpacking-'));
  const script = `import('@sparticuz/chromium').then(({ default: chromium }) => chromium.executablePath())`;
  await promisify(execFile)(process.execPath, ['--eval', script], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, TMPDIR: own },
  });
  // Another test file may have been faster.
  await rename(own, folder).catch(() => rm(own, { recursive: true, force: true }));
  return binary;
}

export class TestBrowser {
  private visits: Visit[] = [];

  private constructor(private readonly browser: Browser) {}

  static async launch(): Promise<TestBrowser> {
    const executablePath = await findBrowser();
    try {
      return new TestBrowser(await chromium.launch({ executablePath, headless: true, args: FLAGS }));
    } catch (error) {
      throw new Error(`${executablePath} does not start; name another browser by CHROME_PATH`, {
        cause: error,
      });
    }
  }

  /** A browser of its own, as far as a hub can tell: own cookies, own storage. */
  async open(hub: HubAddress, { user, ...options }: VisitOptions = {}): Promise<Visit> {
    const context = await this.browser.newContext({
      locale: 'en-US',
      colorScheme: 'light',
      viewport: { width: 1280, height: 900 },
      ...options,
    });
    context.setDefaultTimeout(PAGE_DEADLINE_MS);
    if (user) {
      const [name, value] = user.cookie.split('=', 2) as [string, string];
      await context.addCookies([
        { name, value, url: new URL(hub.url).origin, httpOnly: true, sameSite: 'Strict' },
      ]);
    }
    const visit = new Visit(hub, context);
    await visit.start();
    this.visits.push(visit);
    return visit;
  }

  /** To be called after every test: closes what it opened, and fails it if a page had problems. */
  async endVisits(): Promise<void> {
    const visits = this.visits;
    this.visits = [];
    const problems = visits.flatMap((visit) => visit.listProblems());
    await Promise.all(visits.map(({ context }) => context.close()));
    if (problems.length > 0) throw new Error(`the page had problems:\n${problems.join('\n')}`);
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}

export class Visit {
  page!: Page;
  /** Every address that was asked for, in order. */
  readonly requests: string[] = [];
  private readonly problems: string[] = [];
  private readonly tolerated: RegExp[] = [];

  constructor(
    private readonly hub: HubAddress,
    readonly context: BrowserContext,
  ) {}

  async start(): Promise<void> {
    await this.context.exposeBinding('noteBreach', (_source, text: string) => this.note(text));
    await this.context.addInitScript(WATCH_POLICY);
    this.context.on('page', (page) => this.watch(page));
    this.context.on('request', (request) => this.noteRequest(request.url()));
    this.page = await this.context.newPage();
  }

  /** What a test provokes is no problem. */
  tolerate(pattern: RegExp): void {
    this.tolerated.push(pattern);
  }

  listProblems(): string[] {
    return this.problems.filter((text) => !this.tolerated.some((pattern) => pattern.test(text)));
  }

  private watch(page: Page): void {
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      this.note(`console: ${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => this.note(`uncaught: ${error.stack ?? error.message}`));
    page.on('dialog', (dialog) => {
      this.note(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('websocket', (socket) => this.noteRequest(socket.url()));
  }

  private noteRequest(address: string): void {
    this.requests.push(address);
    const url = new URL(address);
    if (url.protocol === 'data:' || url.protocol === 'blob:') return;
    if (url.host !== new URL(this.hub.url).host) this.note(`request to ${address}`);
  }

  private note(text: string): void {
    this.problems.push(text);
  }
}
