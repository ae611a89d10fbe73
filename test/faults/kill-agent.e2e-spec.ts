import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { FaultProxy } from '../support/fault-proxy.js';
import { signIn } from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { StoredHistory } from './stored-history.js';

const KILLS = process.env['SOAK'] ? 500 : 20;
/** Each life of the agent has so many milliseconds as instants of its reports; it is killed long before they are used up. */
const INSTANTS = 2_500;
const AGENTS = process.env['SOAK'] ? 200 : 3;
const SIX_HOURS = (6 * 3_600) / 10;

const root = mkdtempSync(join(tmpdir(), 'kill-agent-'));
const bundle = join(root, 'sender.cjs');
let hub: HubProcess;
/** The way to the hub, which can be cut. */
let line: FaultProxy;
let monitor: { id: string; key: string };

interface Sender {
  child: ChildProcess;
  /** The instants of the reports that counted as collected. */
  collected: number[];
  log: () => string;
  ended: Promise<number | null>;
}

const running = new Set<ChildProcess>();

function startSender(orders: object): Sender {
  const all = {
    url: line.url,
    key: monitor.key,
    maxBytes: 1e8,
    stepMs: 1,
    everyMs: 0,
    padding: 0,
    ...orders,
  };
  const child = spawn(process.execPath, [bundle, JSON.stringify(all)], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const collected: number[] = [];
  let rest = '';
  let log = '';
  child.stdout.on('data', (part) => {
    const lines = (rest + part).split('\n');
    rest = lines.pop()!;
    collected.push(...lines.map(Number));
  });
  child.stderr.on('data', (part) => (log += part));
  const ended = new Promise<number | null>((resolve) =>
    child.once('close', (code) => {
      running.delete(child);
      resolve(code);
    }),
  );
  return { child, collected, log: () => log, ended };
}

/** The instants of a monitor's stored reports in order, sealed or not; one that is there twice is in it twice. */
async function readStored({ id } = monitor): Promise<number[]> {
  const history = StoredHistory.connect(await hub.readConnection());
  const reports = await history.readReports(id);
  expect(await history.countRows(id)).toBe(reports.length);
  await history.close();
  return reports.map(({ at }) => at).sort((one, other) => one - other);
}

beforeAll(async () => {
  await build({
    entryPoints: [fileURLToPath(new URL('spooling-sender.ts', import.meta.url))],
    ...{ outfile: bundle, bundle: true, platform: 'node', target: 'node18', format: 'cjs' },
  });
  hub = await HubProcess.start({ env: { ...ADMIN_ENV, WATCHKEEPER_KEY_RATE: 'off' } });
  line = await FaultProxy.start(() => hub.port);
}, 90_000);
beforeEach(async () => {
  monitor = await (await signIn(hub)).createMonitor();
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});
afterAll(async () => {
  await line.close();
  await hub.clean();
  // Also where none of the tests on it was asked for.
  spawnSync('umount', ['-l', join(root, 'disk')]);
  rmSync(root, { recursive: true, force: true });
});

describe('an agent that is killed', () => {
  it(`has every report that it collected stored once, after ${KILLS} kills on a line that breaks`, async () => {
    const spool = join(root, 'killed');
    const collected: number[] = [];
    const breaking = setInterval(() => line.break(), 130);
    // None ahead of the hub's clock, and none so old that it would be sealed before it is counted.
    const start = Date.now() - KILLS * INSTANTS - 120_000;
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        const sender = startSender({ spool, from: start + kill * INSTANTS, count: INSTANTS, everyMs: 1 });
        await waitFor(() => sender.collected.length > 0, { what: sender.log });
        await sleep(Math.random() * 200);
        sender.child.kill('SIGKILL');
        await sender.ended;
        collected.push(...sender.collected);
      }
    } finally {
      clearInterval(breaking);
    }
    const last = startSender({ spool, from: start + KILLS * INSTANTS, count: 1 });
    expect(await last.ended).toBe(0);
    collected.push(...last.collected);

    const stored = await readStored();
    const known = new Set(stored);
    expect(stored.length).toBe(known.size);
    expect(collected.filter((at) => !known.has(at))).toEqual([]);
    // Beyond that at most the one that each kill met between the disk and the word that it is there.
    expect(stored.length - collected.length).toBeLessThanOrEqual(KILLS);
  }, 1_800_000);
});

describe('a hub that is away for six hours', () => {
  it(`gets every report of ${AGENTS} agents under its instant, new ones first, and the spools give their room back`, async () => {
    const user = await signIn(hub);
    const monitors = [monitor, ...(await repeat(AGENTS - 1, () => user.createMonitor()))];
    const from = Date.now() - 6 * 3_600_000;
    await line.become({ kind: 'refuse' });
    const senders = monitors.map(({ key }, number) =>
      startSender({ key, spool: join(root, `away-${number}`), from, stepMs: 10_000, count: SIX_HOURS }),
    );
    for (const sender of senders) {
      const hasAll = (): boolean => sender.collected.length === SIX_HOURS;
      await waitFor(hasAll, { deadlineMs: 1_200_000, what: sender.log });
    }
    await line.become({ kind: 'pass' });
    const openedAt = performance.now();
    const newest = from + (SIX_HOURS - 1) * 10_000;
    for (const { id } of monitors) {
      const isFresh = async (): Promise<boolean> =>
        (await hub.query('select from report where monitor_id = $1 and at = $2', [id, newest])).length > 0;
      await waitFor(isFresh, { deadlineMs: 60_000 * AGENTS });
    }
    const freshAfter = performance.now() - openedAt;
    for (const { ended } of senders) expect(await ended).toBe(0);
    const drainedAfter = performance.now() - openedAt;
    if (process.env['SOAK']) {
      console.log(`${AGENTS} agents: newest after ${freshAfter} ms, drained after ${drainedAfter} ms`);
    }
    for (const [number, one] of monitors.entries()) {
      expect(await readStored(one)).toEqual(senders[number]!.collected);
      const spool = join(root, `away-${number}`);
      const bytes = readdirSync(spool).reduce((sum, name) => sum + statSync(join(spool, name)).size, 0);
      expect(bytes).toBeLessThanOrEqual(64 * 1024);
    }
  }, 3_600_000);
});

async function repeat<Made>(times: number, make: () => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  for (let time = 0; time < times; time++) made.push(await make());
  return made;
}

describe('a spool on a small disk', () => {
  const disk = join(root, 'disk');
  mkdirSync(disk);
  const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0;
  const canMount = mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk);

  if (!canMount) {
    it.skip('that is full: only root may mount a disk of four megabytes to fill', () => {});
    return;
  }

  it('that is full, then read-only, goes on in memory, says so, and loses nothing', async () => {
    await line.become({ kind: 'refuse' });
    const from = Date.now() - 3_600_000;
    // More than the disk takes, less than disk and memory together.
    const filling = { spool: join(disk, 'spool'), from, count: 2_500, padding: 200, everyMs: 0 };
    const sender = startSender({ ...filling, padding: 2_000 });
    await waitFor(() => sender.collected.length === 2_500, { deadlineMs: 60_000, what: sender.log });
    expect(sender.log()).toContain('"reason":"ENOSPC"');
    await line.become({ kind: 'pass' });
    expect(await sender.ended).toBe(0);
    expect(await readStored()).toEqual(sender.collected);

    expect(mount('-o', 'remount,ro', disk)).toBe(true);
    const second = startSender({ ...filling, from: from + 10_000, count: 200 });
    expect(await second.ended).toBe(0);
    expect(second.log()).toContain('"reason":"EROFS"');
    expect(await readStored()).toEqual([...sender.collected, ...second.collected]);
  }, 120_000);
});
