import { readFileSync, readlinkSync } from 'node:fs';

/** A process that cannot be taken for another: a pid alone is given out again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot, field 22 of `/proc/PID/stat`. */
  readonly startTicks: string;
}

interface ProcessState extends ProcessIdentity {
  /** The command's name, at most 15 bytes. */
  readonly command: string;
  /** Ended, but its parent has not asked for its exit code: the pid still answers to signal 0. */
  readonly isZombie: boolean;
}

/** What runs under this pid, or nothing. */
export function readProcess(pid: number): ProcessState | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name stands in brackets and may itself hold blanks and brackets.
  const nameEnd = stat.lastIndexOf(')');
  const fields = stat.slice(nameEnd + 2).split(' ');
  return {
    pid,
    command: stat.slice(stat.indexOf('(') + 1, nameEnd),
    isZombie: fields[0] === 'Z' || fields[0] === 'X',
    startTicks: fields[19] ?? '',
  };
}

export function isRunning(identity: ProcessIdentity): boolean {
  const found = readProcess(identity.pid);
  return found !== undefined && !found.isZombie && found.startTicks === identity.startTicks;
}

/** Target of `/proc/PID/cwd` or `/proc/PID/exe`; nothing when the process belongs to someone else. */
export function readProcessLink(pid: number, link: 'cwd' | 'exe'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/${link}`);
  } catch {
    return undefined;
  }
}
