import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, type QueryResultRow } from 'pg';
import type { DatabaseConnection } from '../../src/database/database-connection.js';
import { preparePlace, type PostgresPlace } from '../../src/database/postgres-place.js';
import { SOCKET_PORT } from '../../src/database/postgres-settings.js';
import { findPostmaster } from '../../src/database/postmaster-pid-file.js';
import { readProcess } from '../../src/database/process-identity.js';
import { stopPostmaster } from '../../src/database/postmaster.js';
import { ENGINE_FLAGS } from './engine-flags.js';
import { waitFor } from './wait-for.js';

export const MAIN = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
export const ADMIN = { email: 'admin@example.com', password: 'four monkeys on a ladder' };
/** For `start({ env })`: the first admin is there from the start. */
export const ADMIN_ENV = {
  WATCHKEEPER_ADMIN_EMAIL: ADMIN.email,
  WATCHKEEPER_ADMIN_PASSWORD: ADMIN.password,
};

/** For a test that sends faster with one key than any agent does. */
export const FAST_SENDERS_ENV = { WATCHKEEPER_KEY_RATE: 'off' };

/** Understands the variables that it names: a hub that is killed at a step, or whose time passes faster. */
const PRELOAD = fileURLToPath(new URL('hub-preload.mjs', import.meta.url));

const RUNNING = /^Watchkeeper is running: (\S+)\/$/m;
const START_DEADLINE_MS = 60_000;
const SYSTEM_ROOT = '/var/lib/watchkeeper';

export interface HubOptions {
  readonly env?: Record<string, string>;
  /** That of another hub, which also cleans it; by default a temporary one of its own. */
  readonly dataDir?: string;
  /** Puts the temporary one on a volume (tmpfs) of its own of so many MiB, which only root can. */
  readonly volumeMib?: number;
}

/**
 * The built hub (`dist/src/main.js`) as a process of its own, on a data directory and a free port of its own.
 *
 *   const hub = await HubProcess.start({ env: ADMIN_ENV });
 *   afterAll(() => hub.clean());
 */
export class HubProcess {
  /** Standard output and error of all launches so far. */
  output = '';
  /** Those of the last launch. */
  stdout = '';
  stderr = '';
  url = '';
  private child: ChildProcess | undefined;
  private exit: Promise<number | null> = Promise.resolve(null);
  private hasExited = true;

  private constructor(
    readonly dataDir: string,
    private readonly env: Record<string, string>,
    /** The temporary folder to remove at the end, and its keeper; not there for a second hub on the same data. */
    private readonly own: { readonly directory: string; readonly keeper: ChildProcess } | undefined,
  ) {}

  /** Launches a hub and resolves when it says that it runs. */
  static async start(options: HubOptions = {}): Promise<HubProcess> {
    const hub = await HubProcess.launch(options);
    try {
      await hub.waitUntilRunning();
      return hub;
    } catch (error) {
      await hub.clean();
      throw error;
    }
  }

  /** Launches a hub and waits for nothing. */
  static async launch({ env = {}, dataDir, volumeMib }: HubOptions = {}): Promise<HubProcess> {
    let own: HubProcess['own'];
    if (dataDir === undefined) {
      const directory = await mkdtemp(path.join(os.tmpdir(), 'watchkeeper-hub-'));
      const fault = volumeMib ? mountVolume(directory, volumeMib) : '';
      if (fault) throw new Error(`no volume could be mounted: ${fault}`);
      // The user that Postgres runs as must get through.
      await chmod(directory, 0o755);
      own = { directory, keeper: keepDirectory(directory) };
    }
    const hub = new HubProcess(dataDir ?? path.join(own!.directory, 'data'), env, own);
    hub.spawn();
    return hub;
  }

  get pid(): number {
    return this.child!.pid!;
  }

  get isRunning(): boolean {
    return !this.hasExited;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Resolves with the exit code, null after a signal. */
  get exited(): Promise<number | null> {
    return this.exit;
  }

  /** The token of the set-up link that this launch printed. */
  get setupToken(): string {
    const token = /\/setup#token=([\w-]+)/.exec(this.stdout)?.[1];
    if (token === undefined) throw new Error(`no set-up link in:\n${this.stdout}`);
    return token;
  }

  async waitUntilRunning(): Promise<void> {
    await this.waitForOutput(RUNNING);
    this.url = RUNNING.exec(this.stdout)![1]!;
  }

  /** Waits until the last launch has said something that matches. */
  async waitForOutput(pattern: RegExp, deadlineMs = START_DEADLINE_MS): Promise<void> {
    await waitFor(() => pattern.test(this.stdout) || pattern.test(this.stderr) || this.hasExited, {
      deadlineMs,
      what: () => `no ${pattern} in:\n${this.stdout}${this.stderr}`,
    });
    if (!pattern.test(this.stdout) && !pattern.test(this.stderr)) {
      throw new Error(`the hub ended without ${pattern}:\n${this.stdout}${this.stderr}`);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.child!.kill(signal);
  }

  /** As Ctrl-C or a service manager does; resolves with the exit code. */
  stop(): Promise<number | null> {
    this.signal('SIGTERM');
    return this.exit;
  }

  /** Kills the hub alone; its Postgres lives on. */
  async kill9(): Promise<void> {
    this.signal('SIGKILL');
    await this.exit;
  }

  /** Starts it again, on the same data directory; `env` holds for this time only. */
  async restart(env: Record<string, string> = {}): Promise<void> {
    this.spawn(env);
    await this.waitUntilRunning();
  }

  /** Of the postmaster; looks only, where the hub's own search also tidies up. */
  async findPostgresPid(): Promise<number | undefined> {
    const { clusterDir } = await this.place();
    const text = await readFile(path.join(clusterDir, 'postmaster.pid'), 'utf8').catch(() => '');
    const pid = Number(text.split('\n', 1)[0]);
    return pid > 0 && readProcess(pid)?.command === 'postgres' && !isProcessGone(pid) ? pid : undefined;
  }

  /** How the hub itself reaches its database. */
  async readConnection(): Promise<DatabaseConnection> {
    const { clusterDir, socketDir } = await this.place();
    const secret = JSON.parse(await readFile(path.join(clusterDir, 'watchkeeper-secret.json'), 'utf8')) as {
      app: string;
    };
    const role = { user: 'watchkeeper', password: secret.app, database: 'watchkeeper' };
    return { host: socketDir, port: SOCKET_PORT, ...role };
  }

  /** One statement as the hub's own role, on a connection of its own. */
  async query<Row extends QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new Client(await this.readConnection());
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Memory of hub and Postgres together, shared pages counted once, in MiB. */
  async readPssMib(): Promise<number> {
    const postmaster = await this.findPostgresPid();
    const pids = postmaster ? [this.pid, postmaster, ...listChildren(postmaster)] : [this.pid];
    return pids.reduce((sum, pid) => sum + readKib(pid, 'smaps_rollup', 'Pss'), 0) / 1024;
  }

  /** Memory of the hub's own process, in MiB. */
  readRssMib(): number {
    return readKib(this.pid, 'status', 'VmRSS') / 1024;
  }

  /** Ends what runs, whatever its state, and removes the data directory. */
  async clean(): Promise<void> {
    if (this.child && !this.hasExited) await this.kill9();
    if (!this.own) return;
    const { clusterDir, systemDir } = await this.place().catch(() => ({ clusterDir: '', systemDir: '' }));
    const postmaster = clusterDir && (await findPostmaster(clusterDir).catch(() => undefined));
    if (postmaster) await stopPostmaster(postmaster);
    spawnSync('umount', [this.own.directory]);
    for (const directory of [this.own.directory, systemDir]) {
      if (directory) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    }
    this.own.keeper.kill('SIGKILL');
  }

  private place(): Promise<PostgresPlace> {
    return preparePlace(this.dataDir, SYSTEM_ROOT);
  }

  private spawn(env: Record<string, string> = {}): void {
    const { PATH = '/usr/bin:/bin', HOME = '/' } = process.env;
    const given = { ...this.env, ...env };
    const preload = Object.keys(given).some((name) => name.startsWith('TEST_')) ? ['--import', PRELOAD] : [];
    const child = spawn(process.execPath, [...ENGINE_FLAGS, ...preload, MAIN], {
      cwd: '/',
      // Tests ask faster than people do.
      env: { PATH, HOME, DATA_DIR: this.dataDir, PORT: '0', WATCHKEEPER_USER_RATE: 'off', ...given },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.hasExited = false;
    this.stdout = '';
    this.stderr = '';
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        this[name] += text;
        this.output += text;
      });
    }
    this.exit = new Promise((resolve) => {
      child.once('close', (code) => {
        this.hasExited = true;
        resolve(code);
      });
    });
    this.own?.keeper.stdin?.write(`${child.pid}\n`);
  }
}

/** Whether `volumeMib` can be had: root may mount, but not in every container. */
export function canMountVolumes(): boolean {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-mount-'));
  const canMount = mountVolume(directory, 1) === '';
  if (canMount) spawnSync('umount', [directory]);
  rmdirSync(directory);
  return canMount;
}

/** Returns what went wrong. */
function mountVolume(directory: string, mib: number): string {
  const options = ['-t', 'tmpfs', '-o', `size=${mib}m`, 'watchkeeper-test', directory];
  const { error, status, stderr } = spawnSync('mount', options, { encoding: 'utf8' });
  return status === 0 ? '' : (error?.message ?? stderr);
}

/** Its standard input ends with the test process, whatever ends that: then it ends hub and Postgres and cleans up. */
function keepDirectory(directory: string): ChildProcess {
  const script = `
    while read -r pid; do hub=$pid; done
    [ -n "$hub" ] && kill -9 "$hub" 2>/dev/null
    pid=$(head -n 1 "$1/data/pg/postmaster.pid" 2>/dev/null)
    if [ -n "$pid" ]; then
      kill -QUIT "$pid"
      for i in 1 2 3 4 5 6 7 8 9 10; do [ -e "$1/data/pg/postmaster.pid" ] || break; sleep 0.3; done
    fi
    umount "$1" 2>/dev/null
    rm -rf "$1"`;
  const child = spawn('/bin/sh', ['-c', script, 'sh', directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return child;
}

/** Gone, or a zombie that nobody asks for its exit code. */
export function isProcessGone(pid: number): boolean {
  return readProcess(pid)?.isZombie ?? true;
}

function listChildren(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => readStatus(pid).includes(`\nPPid:\t${parent}\n`));
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

function readKib(pid: number, file: string, name: string): number {
  try {
    const text = readFileSync(`/proc/${pid}/${file}`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}
