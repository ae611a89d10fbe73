import { fork } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import type { FloodTarget } from '../../test/support/flood/hostile-upgrades.js';
import { onExit } from '../process/cleanup.js';

export interface FloodPlan {
  readonly target: FloodTarget;
  /** Hostile upgrades, spread evenly over `forMs`. */
  readonly upgrades: number;
  /** Slow connections, held for as long. */
  readonly slow: number;
  readonly slowEveryMs: number;
  readonly forMs: number;
}

export interface FloodSummary {
  readonly seconds: number;
  /** How many ended how: `foreign origin: 403`. */
  readonly upgrades: Readonly<Record<string, number>>;
  readonly slowOpened: number;
  /** At the end. */
  readonly slowOpen: number;
  readonly slowEndings: Readonly<Record<string, number>>;
}

export interface Flood {
  /** Resolves when all is over and every connection gone. */
  run(): Promise<FloodSummary>;
}

/** Starts the attacker, which waits for `run`. On the client's core, as its own process: who measures is not it. */
export async function prepareFlood(plan: FloodPlan): Promise<Flood> {
  const script = fileURLToPath(new URL('flood-child.ts', import.meta.url));
  const child = fork(script, [JSON.stringify(plan)]);
  onExit(() => child.kill('SIGKILL'));
  // In life it is another machine: it gets what who measures leaves of the core.
  os.setPriority(child.pid!, os.constants.priority.PRIORITY_LOW);
  const ended = new Promise<never>((_, reject) =>
    child.once('exit', (code) => reject(new Error(`the attacker ended: ${code}`))),
  );
  ended.catch(() => undefined);
  await Promise.race([once(child, 'message'), ended]);
  return {
    async run() {
      child.send('go');
      const [summary] = (await Promise.race([once(child, 'message'), ended])) as [FloodSummary];
      return summary;
    },
  };
}
