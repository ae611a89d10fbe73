import { readFileSync } from 'node:fs';
import { listDescendants } from './cpu-time.js';

/** The most that this process has held resident so far, bytes. */
export function readPeakBytes(pid: number): number {
  return readKiB(`/proc/${pid}/status`, 'VmHWM');
}

/** What this process holds resident now, bytes. */
export function readResidentBytes(pid: number): number {
  return readKiB(`/proc/${pid}/status`, 'VmRSS');
}

/** What this process and its descendants hold now, bytes; memory that they share counts once. */
export function readSharedBytes(root: number): number {
  return listDescendants(root).reduce((sum, pid) => sum + readKiB(`/proc/${pid}/smaps_rollup`, 'Pss'), 0);
}

function readKiB(file: string, field: string): number {
  try {
    const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8'));
    return Number(found?.[1] ?? 0) * 1024;
  } catch {
    // It ended between the listing and this look.
    return 0;
  }
}
