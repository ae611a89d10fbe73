import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Report } from '../core/model/report.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const KEY = 'wk_0123456789abcdefghijABCDEFGHIJ0123456789abcABCDEF';

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** A real HTTP server that speaks the hub's contract, as the test tells it to. */
class HubStandIn {
  readonly taken: Report[] = [];
  readonly live: Report[] = [];
  /** How far this hub's clock is ahead of the machine's. */
  clockLeadMs = 0;
  readonly requests: { path?: string; key?: string; count: number; isGoodbye: boolean; at: number }[] = [];
  connections = 0;
  config: unknown = undefined;
  answer: (() => Answer | undefined) | undefined;
  private server!: Server;
  port = 0;

  async open(): Promise<void> {
    this.server = createServer((request, response) => {
      void this.receive(request).then(({ status, headers, body }) => {
        response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
        response.end(JSON.stringify(body ?? {}));
      });
    });
    this.server.on('connection', () => this.connections++);
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async receive(request: IncomingMessage): Promise<Answer> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const raw = Buffer.concat(parts);
    const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const { reports, goodbye } = JSON.parse(String(text)) as { reports: Report[]; goodbye?: boolean };
    const key = request.headers['x-api-key'] as string;
    this.requests.push({
      path: request.url,
      key,
      count: reports.length,
      isGoodbye: goodbye === true,
      at: Date.now(),
    });
    const told = this.answer?.();
    if (told) return told;
    this.taken.push(...reports.filter((report) => !('live' in report)));
    const live = reports.filter((report) => 'live' in report);
    this.live.push(...live);
    const body = {
      accepted: reports.length - live.length,
      duplicates: 0,
      rejected: [],
      live: live.length,
      now: Date.now() + this.clockLeadMs,
      config: this.config,
    };
    return { status: 200, body };
  }
}

const folder = mkdtempSync(join(tmpdir(), 'agent-bundle-'));
const bundle = join(folder, 'agent.cjs');
const keyFile = join(folder, 'key');
const running = new Set<ChildProcess>();
let hub: HubStandIn;
let spool: string;
let started = 0;

function startAgent(...args: string[]): { child: ChildProcess; log: () => string } {
  const child = spawn(
    process.execPath,
    [bundle, '--url', `http://127.0.0.1:${hub.port}`, '--key-file', keyFile, '--spool', spool, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  running.add(child);
  let text = '';
  child.stdout.on('data', (part) => (text += part));
  child.stderr.on('data', (part) => (text += part));
  return { child, log: () => text };
}

function sizeOf(directory: string): number {
  const names = readdirSync(directory).filter((name) => name.endsWith('.segment'));
  return names.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

async function until(isTrue: () => boolean): Promise<void> {
  const limit = Date.now() + 15_000;
  while (!isTrue()) {
    if (Date.now() > limit) throw new Error('it did not happen within 15 s');
    await pass(20);
  }
}

async function end(child: ChildProcess): Promise<number | null> {
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  running.delete(child);
  return code;
}

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/build-agent.mjs'), folder]);
  writeFileSync(keyFile, `${KEY}\n`, { mode: 0o600 });
});
beforeEach(async () => {
  spool = join(folder, `spool-${started++}`);
  hub = new HubStandIn();
  await hub.open();
});
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
  await hub.close().catch(() => undefined);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the agent for other systems tells much the same of this machine, in its own way', () => {
  const tell = (name: string) => {
    const { stdout, status } = spawnSync(process.execPath, [join(folder, name), '--once'], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    });
    expect(status).toBe(0);
    return JSON.parse(stdout) as Report;
  };
  const [linux, portable] = [tell('agent.cjs'), tell('agent-portable.cjs')];
  expect(portable.cpu!.cores).toBe(linux.cpu!.cores);
  expect(portable.cpu!.usagePercent).toBeGreaterThanOrEqual(0);
  expect(portable.memory!.totalBytes).toBe(linux.memory!.totalBytes);
  expect(Math.abs(portable.uptime!.seconds! - linux.uptime!.seconds!)).toBeLessThan(120);
  expect(portable.storage!.map(({ mount }) => mount)).toContain('/');
  // What such a system cannot tell is left out, never zero.
  expect(portable.cpu).not.toHaveProperty('iowaitPercent');
  for (const part of ['pressure', 'connections', 'disk', 'inodes', 'processes']) {
    expect(portable).not.toHaveProperty(part);
  }
}, 60_000);

describe('the agent in one file', () => {
  it('is small and has no way to run what anybody sends', () => {
    const text = readFileSync(bundle, 'utf8');
    expect(text).not.toMatch(
      /child_process|\beval\s*\(|new Function|["'](node:)?(vm|repl|inspector|cluster)["']/,
    );
    expect(text).not.toMatch(/systeminformation|createServer|fetch\s*\(/);
    // The port for StatsD, on loopback and only where somebody asked for it.
    expect(text.match(/createSocket\)?\(/g)).toHaveLength(1);
    expect(text).toMatch(/bind\(\{ address: "127\.0\.0\.1"/);
    const modules = new Set([...text.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name));
    expect([...modules].every((name) => name!.startsWith('node:'))).toBe(true);
    expect(statSync(bundle).size).toBeLessThan(200_000);
  });

  it('prints one report and ends', () => {
    const { stdout, status } = spawnSync(process.execPath, [bundle, '--once', '--resources', 'cpu,storage'], {
      encoding: 'utf8',
    });
    const report = JSON.parse(stdout) as Report;
    expect(status).toBe(0);
    expect(report.cpu?.usagePercent).toBeGreaterThanOrEqual(0);
    expect(report.storage?.some(({ mount }) => mount === '/')).toBe(true);
    expect(report).not.toHaveProperty('memory');
  });

  it("puts a user's own metrics beside what it measures", () => {
    const own = mkdtempSync(join(folder, 'own-'));
    writeFileSync(join(own, 'queue.prom'), 'queue_depth{queue="mail"} 17\nwrong line\n');
    const args = ['--once', '--resources', 'uptime', '--custom-dir', own];
    const { stdout, stderr } = spawnSync(process.execPath, [bundle, ...args], { encoding: 'utf8' });
    const { custom, uptime } = JSON.parse(stdout) as Report;
    expect(custom).toEqual([{ name: 'queue_depth', value: 17, kind: 'gauge', labels: { queue: 'mail' } }]);
    expect(uptime?.seconds).toBeGreaterThan(0);
    expect(stderr).toMatch(/^left out of the custom metrics: queue\.prom: line 2 has no number/m);
  });

  it('counts what comes by StatsD into its reports, once, though somebody looks at it each second', async () => {
    const free = createSocket('udp4').bind(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address();
    free.close();
    hub.config = { intervalSeconds: 2, resources: ['uptime'], state: 'running', version: 1, live: true };
    const { child } = startAgent('--interval', '2s', '--statsd', String(port));
    const sender = createSocket('udp4');
    let sent = 0;
    const totals = () => hub.taken.flatMap(({ custom }) => custom ?? []).map(({ value }) => Number(value));
    const deadline = Date.now() + 20_000;
    // A socket that is not open yet takes nothing: counting begins when the first has arrived.
    for (; totals().length < 3 && Date.now() < deadline; sent++) {
      await new Promise((resolve) => sender.send('jobs.done:1|c', port, '127.0.0.1', resolve));
      await pass(100);
    }
    sender.close();
    await end(child);
    const [first, second, third] = totals();
    expect(first).toBe(0);
    expect(second).toBeGreaterThan(0);
    expect(third).toBeGreaterThan(second!);
    expect(third).toBeLessThanOrEqual(sent);
    expect(hub.live.length).toBeGreaterThan(0);
    for (const report of hub.live) expect(report).not.toHaveProperty('custom');
  }, 40_000);

  if (spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0) {
    it('starts no process and writes nowhere but into its spool', async () => {
      const trace = join(folder, 'trace');
      const child = spawn(
        'strace',
        [
          ...['-f', '-o', trace, '-e', 'trace=execve,execveat,fork,vfork,openat,creat,rename,unlink,symlink'],
          ...[process.execPath, bundle, '--url', `http://127.0.0.1:${hub.port}`, '--key-file', keyFile],
          ...['--spool', spool, '--interval', '1s'],
        ],
        { stdio: 'ignore', detached: true },
      );
      await until(() => hub.taken.length >= 3);
      process.kill(-child.pid!, 'SIGTERM');
      await once(child, 'exit');
      const text = readFileSync(trace, 'utf8');
      // The one is strace starting Node itself.
      expect(text.match(/\b(execve|execveat|fork|vfork)\(/g)).toEqual(['execve(']);
      const changes = text
        .split('\n')
        .filter((line) => /O_WRONLY|O_RDWR|O_CREAT|(creat|rename|unlink|symlink)\(/.test(line));
      expect(changes.length).toBeGreaterThan(2);
      expect(changes.filter((line) => !line.includes(`"${spool}/`))).toEqual([]);
    }, 40_000);
  } else {
    it.skip('starts no process: strace, which would see it, cannot run here', () => {});
  }

  it('reports over one connection, with the inventory once', async () => {
    const { child } = startAgent('--interval', '1s');
    await until(() => hub.taken.length >= 3);
    expect(await end(child)).toBe(0);
    // It asks first, and says at the end that it means to go.
    expect(hub.requests[0]).toMatchObject({ path: '/api/monitoring/data', key: KEY, count: 0 });
    expect(hub.requests.map(({ isGoodbye }) => isGoodbye).indexOf(true)).toBe(hub.requests.length - 1);
    expect(hub.connections).toBe(1);
    const [first, second] = hub.taken;
    expect(first).toMatchObject({ intervalSeconds: 1, host: { agentVersion: expect.any(String) } });
    expect(first).toHaveProperty('agent', { clockOffsetMs: 0 });
    expect(first!.cpu?.usagePercent).toBeGreaterThanOrEqual(0);
    expect(second).not.toHaveProperty('host');
    expect(second).not.toHaveProperty('agent');
  }, 30_000);

  it('loses nothing and sends nothing twice while the hub is away', async () => {
    const { child, log } = startAgent('--interval', '1s');
    await until(() => hub.taken.length >= 2);
    await hub.close();
    await pass(2_500);
    hub.answer = () => ({ status: 503, headers: { 'Retry-After': '1' } });
    await hub.open();
    await until(() => hub.requests.at(-1)!.count >= 3);
    hub.answer = undefined;
    await until(() => hub.taken.length >= 7);
    await end(child);

    // What is new goes ahead of a long backlog.
    const instants = hub.taken.map(({ at }) => at).sort((a, b) => a - b);
    expect([...new Set(instants)]).toEqual(instants);
    // The first report comes at once, all others one interval apart: a hole would be 2 s wide.
    const steps = instants.slice(1).map((at, index) => at - instants[index]!);
    expect(Math.max(...steps)).toBeLessThan(1_900);
    expect(log()).toContain('the hub takes reports');
  }, 40_000);

  it('stops measuring with its monitor, asks, and goes on when it is started', async () => {
    const { child } = startAgent('--interval', '1s');
    await until(() => hub.taken.length >= 1);
    hub.answer = () => ({ status: 409, headers: { 'Retry-After': '1' }, body: { code: 'monitor_stopped' } });
    await until(() => hub.requests.at(-1)!.count === 0);
    const asked = hub.requests.length;
    await until(() => hub.requests.length >= asked + 2);
    expect(hub.requests.slice(asked).every(({ count }) => count === 0)).toBe(true);
    const stoppedWith = hub.taken.length;
    hub.answer = undefined;
    await until(() => hub.taken.length >= stoppedWith + 3);
    await end(child);
    // The report that met the stop was kept; nothing was measured until the start.
    const instants = hub.taken.map(({ at }) => at);
    expect(instants[stoppedWith + 1]! - instants[stoppedWith]!).toBeGreaterThan(2_000);
    expect([...instants].sort((a, b) => a - b)).toEqual(instants);
  }, 40_000);

  it('takes a configuration over, within what this machine allows, and refuses nonsense', async () => {
    hub.config = { intervalSeconds: 1, resources: ['cpu', 'memory', 'gpu'], state: 'running', version: 2 };
    const { child, log } = startAgent('--interval', '1h', '--resources', 'memory,network');
    await until(() => hub.taken.length >= 3);
    hub.config = { intervalSeconds: 0, resources: 'all', state: 'running', version: 3 };
    await until(() => log().includes('makes no sense'));
    await until(() => hub.taken.length >= 5);
    await end(child);
    expect(hub.taken[0]).toMatchObject({ intervalSeconds: 1, memory: expect.anything() });
    expect(hub.taken[4]).toMatchObject({ intervalSeconds: 1, memory: expect.anything() });
    expect(hub.taken[4]).not.toHaveProperty('network');
    expect(hub.taken[4]).not.toHaveProperty('cpu');
  }, 40_000);

  it('carries over a kill what the hub did not get', async () => {
    hub.answer = () => ({ status: 503 });
    const { child } = startAgent('--interval', '1s');
    await until(() => existsSync(spool) && sizeOf(spool) > 1_500);
    await pass(1_200);
    child.kill('SIGKILL');
    await once(child, 'exit');
    hub.answer = undefined;
    const again = startAgent('--interval', '1h');
    await until(() => hub.taken.length >= 3);
    await end(again.child);
    const instants = hub.taken.map(({ at }) => at);
    expect([...new Set(instants)].sort((a, b) => a - b)).toEqual(instants);
  }, 40_000);

  it('refuses a spool that another agent works on', async () => {
    const { child } = startAgent('--interval', '1s');
    await until(() => hub.taken.length >= 1);
    const second = startAgent('--interval', '1s');
    const [code] = (await once(second.child, 'exit')) as [number];
    expect(code).toBe(2);
    expect(second.log()).toContain(`in use by another agent (process ${child.pid})`);
    await end(child);
  }, 40_000);

  it("reports the hub's time where the machine's is far off", async () => {
    hub.clockLeadMs = 25 * 3_600_000;
    const { child, log } = startAgent('--interval', '1s');
    await until(() => hub.taken.length >= 2);
    await end(child);
    for (const { at, agent } of hub.taken) {
      expect(Math.abs(at - Date.now() - hub.clockLeadMs)).toBeLessThan(60_000);
      expect(agent).toMatchObject({ clockOffsetMs: hub.clockLeadMs, isClockCorrected: true });
    }
    expect(log()).toContain('far off');
  }, 40_000);

  it('reports each second while somebody looks, and no longer', async () => {
    hub.config = { intervalSeconds: 600, resources: ['cpu'], state: 'running', version: 1, live: true };
    const { child } = startAgent();
    await until(() => hub.live.length >= 3);
    const regular = hub.taken.length;
    expect(regular).toBe(1);
    for (const report of hub.live) expect(report).toMatchObject({ intervalSeconds: 1, live: true });
    hub.config = { intervalSeconds: 600, resources: ['cpu'], state: 'running', version: 1 };
    const seen = hub.live.length;
    await pass(2_500);
    expect(hub.live.length).toBeLessThanOrEqual(seen + 1);
    expect(hub.taken).toHaveLength(regular);
    await end(child);
  }, 40_000);

  it('tells what works and what does not', async () => {
    const check = async (...args: string[]): Promise<{ code: number | null; text: string }> => {
      const { child, log } = startAgent('--check', ...args);
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, text: log() };
    };
    const good = await check();
    expect(good).toMatchObject({ code: 0 });
    for (const line of ['hub http', 'key: accepted', 'clock', `spool ${spool}`, 'cpu: can be read']) {
      expect(good.text).toMatch(new RegExp(`^ok +${line}`, 'm'));
    }
    expect(existsSync(spool)).toBe(false);
    expect(hub.taken).toEqual([]);
    hub.answer = () => ({ status: 401 });
    hub.clockLeadMs = 60_000;
    const refused = await check('--spool', join(keyFile, 'spool'));
    expect(refused.code).toBe(1);
    expect(refused.text).toMatch(/^fault {2}key: the hub does not accept it/m);
    expect(refused.text).toMatch(/^fault {2}spool/m);
    expect(good.text + refused.text).not.toContain(KEY);
    await hub.close();
    expect((await check()).text).toMatch(/^fault {2}hub .*nothing listens/m);
  }, 40_000);

  it('says once that its key is refused, and never shows the key', async () => {
    hub.answer = () => ({ status: 401, body: { code: 'unauthenticated', title: KEY } });
    const { child, log } = startAgent('--interval', '1s', '--log-level', 'debug');
    await pass(3_500);
    await end(child);
    expect(hub.requests).toHaveLength(1);
    const lines = log().trim().split('\n');
    expect(lines.filter((line) => line.includes('does not accept this key'))).toHaveLength(1);
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('message');
    expect(log()).not.toContain(KEY);
  }, 30_000);

  it('refuses a wrong start with one clear line', () => {
    const start = (...args: string[]) => spawnSync(process.execPath, [bundle, ...args], { encoding: 'utf8' });
    const http = start('--url', 'http://192.0.2.1', '--key', KEY);
    expect(http.status).toBe(2);
    expect(http.stderr).toMatch(/^--url is plain http to 192\.0\.2\.1: .*--allow-http\n$/);
    expect(http.stderr).not.toContain(KEY);
  });
});
