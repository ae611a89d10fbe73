import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRejection, parseReport } from '../../src/core/model/parse-report.js';
import type { PlainReport } from './stored-history.js';

const LEDGER_HOOK = fileURLToPath(new URL('collected-ledger.cjs', import.meta.url));

/** The real agent with its spool on disk, and the ledger of all that it ever had durable there, over its kills. */
export class DrillAgent {
  kills = 0;
  private log = '';
  private child: ChildProcess | undefined;
  private ended: Promise<unknown> = Promise.resolve();
  private readonly ledger: string;

  constructor(
    private readonly bundle: string,
    private readonly folder: string,
    private readonly url: string,
    key: string,
  ) {
    mkdirSync(folder);
    this.ledger = join(folder, 'ledger');
    writeFileSync(join(folder, 'key'), key, { mode: 0o600 });
  }

  start(): void {
    const args = ['--url', this.url, '--key-file', join(this.folder, 'key'), '--interval', '1'];
    const child = spawn(
      process.execPath,
      ['--require', LEDGER_HOOK, this.bundle, ...args, '--spool', join(this.folder, 'spool')],
      {
        env: { PATH: process.env['PATH'], COLLECTED_LEDGER: this.ledger },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    child.stderr.on('data', (text: Buffer) => (this.log += text.toString()));
    this.child = child;
    this.ended = new Promise((resolve) => child.once('close', resolve));
  }

  async kill9(): Promise<void> {
    this.kills++;
    this.child?.kill('SIGKILL');
    await this.ended;
  }

  /** Ends it as a service manager does: it says goodbye. */
  async stop(): Promise<void> {
    this.child?.kill('SIGTERM');
    await this.ended;
  }

  /** What it logged, over all of its lives. */
  get output(): string {
    return this.log;
  }

  /** Every report that counted as collected, in order, as the hub is to keep it. */
  readCollected(): PlainReport[] {
    if (!existsSync(this.ledger)) return [];
    const lines = readFileSync(this.ledger, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => readReport(JSON.parse(line)));
  }
}

function readReport(json: unknown): PlainReport {
  const parsed = parseReport(json, Date.now());
  if (isRejection(parsed)) throw new Error(`the agent wrote a report that no hub takes: ${parsed.code}`);
  const { at, bootId, intervalMs, keys, values } = parsed;
  return inOrder({ at, bootId, intervalMs: intervalMs!, keys, values });
}

/** The same report with its series in the order of their names. */
export function inOrder(report: PlainReport): PlainReport {
  const order = report.keys.map((_, index) => index);
  order.sort((one, other) => (report.keys[one]! < report.keys[other]! ? -1 : 1));
  return {
    ...report,
    keys: order.map((index) => report.keys[index]!),
    values: order.map((index) => report.values[index]!),
  };
}
