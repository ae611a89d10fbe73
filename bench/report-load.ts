/**
 * How many reports a second the hub commits, and what one costs it.
 *
 *     npm run bench:reports            (builds first; needs `taskset`, which util-linux brings)
 *
 * Hub and Postgres are pinned to one core, this client to the other. Each of the connections sends one
 * report a request and waits for the answer, which comes after the commit. Prints reports a second, the
 * CPU time of hub and Postgres for one report, and the latency as the client saw it.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const CONNECTIONS = Number(process.env['CONNECTIONS'] ?? 32);
const MONITORS = Number(process.env['MONITORS'] ?? 50);
const SECONDS = Number(process.env['RUN_SECONDS'] ?? 10);
const RUNS = Number(process.env['RUNS'] ?? 3);
const CLOCK_TICKS_PER_SECOND = 100;
const EMAIL = 'bench@watchkeeper.invalid';
const PASSWORD = 'a password for one benchmark';

/** The load of the whole benchmark walks through one window of instants, so that no report is sent twice. */
let nextAt = Date.now() - 25 * 60_000;

const dataDir = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-bench-'));
const hub = spawn('taskset', ['-c', '0', process.execPath, 'dist/src/main.js'], {
  env: {
    ...process.env,
    DATA_DIR: dataDir,
    PORT: '0',
    LOG_LEVEL: 'warn',
    WATCHKEEPER_ADMIN_EMAIL: EMAIL,
    WATCHKEEPER_ADMIN_PASSWORD: PASSWORD,
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});

try {
  const url = new URL(await readAddress());
  const keys = await makeMonitors(url);
  const postgres = findPostgres();
  await runLoad(url, keys, 2);
  const rounds: { perSecond: number; hubMicros: number; postgresMicros: number; p50: number; p99: number }[] =
    [];
  for (let run = 0; run < RUNS; run++) {
    const before = [cpuSeconds([hub.pid!]), cpuSeconds(postgres())];
    const { reports, seconds, latencies } = await runLoad(url, keys, SECONDS);
    const after = [cpuSeconds([hub.pid!]), cpuSeconds(postgres())];
    latencies.sort((a, b) => a - b);
    rounds.push({
      perSecond: reports / seconds,
      hubMicros: ((after[0]! - before[0]!) * 1e6) / reports,
      postgresMicros: ((after[1]! - before[1]!) * 1e6) / reports,
      p50: latencies[Math.floor(latencies.length * 0.5)]!,
      p99: latencies[Math.floor(latencies.length * 0.99)]!,
    });
  }
  const median = (pick: (round: (typeof rounds)[number]) => number): string =>
    rounds
      .map(pick)
      .sort((a, b) => a - b)
      [RUNS >> 1]!.toFixed(1);
  console.log(
    `${CONNECTIONS} connections, one report a request, ${MONITORS} monitors, median of ${RUNS} × ${SECONDS} s`,
  );
  console.log(`  committed        ${median((round) => round.perSecond)} reports/s`);
  console.log(`  hub CPU          ${median((round) => round.hubMicros)} µs a report`);
  console.log(`  Postgres CPU     ${median((round) => round.postgresMicros)} µs a report`);
  console.log(
    `  latency          p50 ${median((round) => round.p50)} ms, p99 ${median((round) => round.p99)} ms`,
  );
} finally {
  hub.kill('SIGTERM');
  await new Promise((resolve) => hub.once('exit', resolve));
  rmSync(dataDir, { recursive: true, force: true });
}

function readAddress(): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    hub.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const match = /Watchkeeper is running: (\S+)/.exec(output);
      if (match) resolve(match[1]!);
    });
    hub.once('exit', () => reject(new Error(`the hub did not start:\n${output}`)));
  });
}

async function makeMonitors(url: URL): Promise<string[]> {
  const headers = { 'content-type': 'application/json' };
  const login = await fetch(new URL('api/auth/login', url), {
    method: 'POST',
    headers,
    body: JSON.stringify({ email: EMAIL, password: PASSWORD }),
  });
  const cookie = login.headers.get('set-cookie')!.split(';')[0]!;
  const keys: string[] = [];
  for (let index = 0; index < MONITORS; index++) {
    const created = await fetch(new URL('api/monitoring/', url), {
      method: 'POST',
      headers: { ...headers, cookie },
      body: JSON.stringify({ name: `bench-${index}` }),
    });
    keys.push(((await created.json()) as { apiKey: string }).apiKey);
  }
  return keys;
}

function runLoad(
  url: URL,
  keys: readonly string[],
  forSeconds: number,
): Promise<{ reports: number; seconds: number; latencies: number[] }> {
  const latencies: number[] = [];
  const begunAt = performance.now();
  const endAt = begunAt + forSeconds * 1000;
  let turn = 0;
  const connections = Array.from(
    { length: CONNECTIONS },
    () =>
      new Promise<void>((resolve, reject) => {
        const socket = net.connect(Number(url.port), url.hostname);
        socket.setNoDelay(true);
        let sentAt = 0;
        let answer = '';
        const send = (): void => {
          const monitor = turn++ % keys.length;
          if (monitor === 0) nextAt += 1;
          const body = makeReport(nextAt, turn);
          sentAt = performance.now();
          socket.write(
            `POST ${url.pathname}api/monitoring/data HTTP/1.1\r\nHost: ${url.host}\r\nX-API-Key: ${keys[monitor]}\r\n` +
              `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
          );
        };
        socket.on('connect', send);
        socket.on('error', reject);
        socket.on('data', (chunk) => {
          answer += chunk.toString('latin1');
          const headEnd = answer.indexOf('\r\n\r\n');
          if (headEnd < 0) return;
          const length = Number(/content-length: (\d+)/i.exec(answer)![1]);
          if (answer.length < headEnd + 4 + length) return;
          if (!answer.includes('"accepted":1')) return void reject(new Error(`not accepted:\n${answer}`));
          answer = '';
          latencies.push(performance.now() - sentAt);
          if (performance.now() < endAt) return send();
          socket.destroy();
          resolve();
        });
      }),
  );
  return Promise.all(connections).then(() => ({
    reports: latencies.length,
    seconds: (performance.now() - begunAt) / 1000,
    latencies,
  }));
}

/** About fifty samples with the grain of a real machine: jiffies, pages, counters. */
function makeReport(at: number, turn: number): string {
  const wave = (period: number, span: number): number =>
    Math.round((Math.sin(turn / period) + 1) * span * 100) / 100;
  const total = 8_242_417_664;
  const available = Math.round((total * (0.5 + wave(997, 0.1))) / 4096) * 4096;
  const counter = (rate: number): number => turn * rate + (turn % 7);
  return JSON.stringify({
    at,
    bootId: '8a1c6a52-1111-4222-8333-944455556666',
    intervalSeconds: 10,
    cpu: {
      usagePercent: wave(31, 40),
      cores: 4,
      load1: wave(17, 1),
      load5: wave(67, 1),
      load15: wave(201, 1),
      userPercent: wave(29, 20),
      systemPercent: wave(23, 10),
      iowaitPercent: wave(13, 2),
      stealPercent: 0,
      perCorePercent: [wave(11, 40), wave(12, 40), wave(13, 40), wave(14, 40)],
    },
    memory: {
      totalBytes: total,
      availableBytes: available,
      usedBytes: total - available,
      usagePercent: Math.round(((total - available) / total) * 10_000) / 100,
      swapTotalBytes: 0,
      swapUsedBytes: 0,
    },
    storage: ['/', '/srv', '/boot'].map((mount, index) => ({
      mount,
      device: `/dev/vda${index}`,
      fsType: 'ext4',
      totalBytes: 42_004_086_784,
      usedBytes: 17_000_000_512 + turn * 4096,
      freeBytes: 22_000_000_000 - turn * 4096,
      usagePercent: 43.6,
    })),
    network: ['eth0', 'eth1'].map((name) => ({
      interface: name,
      bytesSent: counter(15_211),
      bytesReceived: counter(90_112),
      packetsSent: counter(31),
      packetsReceived: counter(88),
      errorsIn: 0,
      errorsOut: 0,
      dropsIn: 0,
      dropsOut: 0,
    })),
  });
}

/** Postgres' processes, found again at each call: it starts and ends some by itself. */
function findPostgres(): () => number[] {
  const pid = Number(readFileSync(path.join(dataDir, 'pg', 'postmaster.pid'), 'utf8').split('\n')[0]);
  return () => [
    pid,
    ...listProcesses()
      .filter((process) => process.parent === pid)
      .map((process) => process.pid),
  ];
}

function listProcesses(): { pid: number; parent: number }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]!.split(' ');
        return [{ pid: Number(name), parent: Number(fields[1]) }];
      } catch {
        return [];
      }
    });
}

function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    // utime and stime, and those of children that have ended.
    ticks += Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]);
  }
  return ticks / CLOCK_TICKS_PER_SECOND;
}
