import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Of the Postgres that runs in this data directory; throws when none does. */
export function readPostmasterPid(dataDir: string): number {
  return Number(readFileSync(path.join(dataDir, 'pg', 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
}
