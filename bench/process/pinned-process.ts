import { type ChildProcess, spawn } from 'node:child_process';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onExit } from './cleanup.js';
import { TARGET_CORE } from './cores.js';

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 30_000;
const KEPT_OUTPUT_CHARACTERS = 20_000;

/** A process on the core of what is measured. `taskset` becomes it, so that its id is that of `child`. */
export class PinnedProcess {
  /** The end of what it wrote, for the message when it fails. */
  output = '';
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private hasEnded = false;

  constructor(command: string, args: readonly string[], env: Record<string, string> = {}) {
    const { PATH = '/usr/bin:/bin', HOME = '/' } = process.env;
    this.child = spawn('taskset', ['-c', String(TARGET_CORE), command, ...args], {
      env: { PATH, HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output = (this.output + text).slice(-KEPT_OUTPUT_CHARACTERS);
      });
    }
    this.ended = new Promise((resolve) => {
      this.child.once('close', () => {
        this.hasEnded = true;
        resolve();
      });
      this.child.once('error', () => resolve());
    });
    onExit(() => {
      if (!this.hasEnded) this.child.kill('SIGKILL');
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Resolves with the first thing that `find` makes of its output or of a question to it. */
  async waitFor<Found>(
    find: (output: string) => Found | undefined | Promise<Found | undefined>,
  ): Promise<Found> {
    for (const startedAt = Date.now(); Date.now() - startedAt < START_DEADLINE_MS;) {
      const found = await find(this.output);
      if (found !== undefined) return found;
      if (this.hasEnded) break;
      await sleep(50);
    }
    throw new Error(`it did not start:\n${this.output}`);
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    const deadline = setTimeout(() => this.child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.ended;
    clearTimeout(deadline);
  }
}

/** A port of the loopback that was free a moment ago. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
