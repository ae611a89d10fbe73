import { execFileSync } from 'node:child_process';
import os from 'node:os';

/** What is measured runs on the first core alone, and this process on the second. */
export const TARGET_CORE = 0;
const CLIENT_CORE = 1;

/** Keeps this process, its helper threads included, away from the core of what it measures. */
export function pinClient(): void {
  if (os.availableParallelism() < 2) {
    console.warn(
      '! one core only: the client takes its share of the same core, wall-clock figures mean little',
    );
    return;
  }
  execFileSync('taskset', ['-a', '-p', '-c', String(CLIENT_CORE), String(process.pid)], { stdio: 'ignore' });
}
