import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, type QueryResult } from 'pg';
import type { DatabaseConnection } from '../../src/database/database-connection.js';
import { stopPostmaster } from '../../src/database/postmaster.js';
import { findPostmaster } from '../../src/database/postmaster-pid-file.js';

const HERE = path.dirname(fileURLToPath(import.meta.url));

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** An ordinary user to be, for tests that root runs. */
export const NOBODY: Identity = { uid: 65_534, gid: 65_534 };

export const isRoot = process.getuid?.() === 0;

/** A hub in a process of its own. */
export class HubChild {
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;
  private readonly waiting = new Set<() => void>();

  constructor(env: Record<string, string>, identity?: Identity) {
    const loader = path.join(HERE, 'run-typescript.mjs');
    const args = ['--no-warnings', '--import', loader, path.join(HERE, 'hub-process.ts')];
    this.child = spawn(process.execPath, args, {
      ...identity,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.lines.push(...text.split('\n').filter((line) => line !== ''));
        for (const check of this.waiting) check();
      });
    }
    this.exited = new Promise((resolve) => this.child.once('close', resolve));
  }

  /** The first line that matches, said already or to come. */
  async waitFor(pattern: RegExp, deadlineMs = 30_000): Promise<string> {
    return new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        this.waiting.delete(check);
        clearTimeout(timer);
        act();
      };
      const check = (): void => {
        const line = this.lines.find((said) => pattern.test(said));
        if (line !== undefined) finish(() => resolve(line));
      };
      const fail = (): void => finish(() => reject(new Error(`no ${pattern} in:\n${this.lines.join('\n')}`)));
      const timer = setTimeout(fail, deadlineMs);
      this.waiting.add(check);
      void this.exited.then(() => setImmediate(fail));
      check();
    });
  }

  async waitUntilReady(): Promise<DatabaseConnection> {
    return JSON.parse((await this.waitFor(/^ready /)).slice('ready '.length));
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

/** Temporary folders and hubs of one test file; `clean` ends every process that was started in them. */
export class Scratch {
  private readonly hubs: HubChild[] = [];
  private readonly directories: string[] = [];
  private readonly clusters: string[] = [];

  async makeDirectory(owner?: Identity): Promise<string> {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'watchkeeper-db-'));
    this.directories.push(directory);
    await chmod(directory, 0o755);
    if (owner) await chown(directory, owner.uid, owner.gid);
    return directory;
  }

  startHub(dataDir: string, env: Record<string, string> = {}, identity?: Identity): HubChild {
    const hub = new HubChild({ DATA_DIR: dataDir, ...env }, identity);
    this.hubs.push(hub);
    this.clusters.push(path.join(dataDir, 'pg'));
    return hub;
  }

  async clean(): Promise<void> {
    for (const hub of this.hubs) hub.kill('SIGKILL');
    await Promise.all(this.hubs.map((hub) => hub.exited));
    for (const cluster of this.clusters) {
      const postmaster = await findPostmaster(cluster).catch(() => undefined);
      if (postmaster) await stopPostmaster(postmaster);
    }
    for (const directory of this.directories) await rm(directory, { recursive: true, force: true });
  }
}

/** One statement on a connection of its own. */
export async function runQuery(connection: DatabaseConnection, statement: string): Promise<QueryResult> {
  const client = new Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await client.query(statement);
  } finally {
    await client.end();
  }
}
