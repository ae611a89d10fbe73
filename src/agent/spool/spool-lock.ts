import { readFileSync } from 'node:fs';
import { lstat, lutimes, readlink, rename, symlink, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Another agent works on this spool. */
export class SpoolInUseError extends Error {}

const NAME = 'lock';
const TOUCH_EVERY_MS = 5_000;
/** A holder in another container cannot be looked up by its pid: it lives as long as it touches its lock. */
const SILENT_AFTER_MS = 16_000;

/**
 * Keeps a second agent from a spool. The lock is a symbolic link whose target says who holds it: made in one
 * step with its content, and on a file system that is full as well.
 */
export class SpoolLock {
  private readonly timer: NodeJS.Timeout;

  private constructor(private readonly path: string) {
    this.timer = setInterval(() => {
      const now = new Date();
      lutimes(path, now, now).catch(() => undefined);
    }, TOUCH_EVERY_MS);
    this.timer.unref();
  }

  /** @throws SpoolInUseError, or Node's error when the folder cannot be written */
  static async take(directory: string): Promise<SpoolLock> {
    const path = join(directory, NAME);
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        await symlink(describeProcess('self'), path);
        return new SpoolLock(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      await removeStale(path);
    }
    throw new SpoolInUseError(`another agent has just taken the spool ${directory}`);
  }

  async release(): Promise<void> {
    clearInterval(this.timer);
    const holder = await readlink(this.path).catch(() => '');
    if (holder === describeProcess('self')) await unlink(this.path).catch(() => undefined);
  }
}

/** Who holds the lock of a spool, if a living agent does: for people. */
export async function findHolder(directory: string): Promise<string | undefined> {
  const path = join(directory, NAME);
  const holder = await readlink(path).catch(() => undefined);
  if (holder === undefined) return undefined;
  const isAlive = isSameNamespace(holder) ? isRunning(holder) : await isTouched(path);
  return isAlive ? `process ${pidOf(holder)}` : undefined;
}

/** @throws SpoolInUseError */
async function removeStale(path: string): Promise<void> {
  const holder = await readlink(path).catch(() => undefined);
  if (holder === undefined) return;
  const isAlive = isSameNamespace(holder) ? isRunning(holder) : await isStillTouched(path);
  if (isAlive) {
    throw new SpoolInUseError(
      `the spool is in use by another agent (process ${pidOf(holder)}): end that one, or give each its own --spool`,
    );
  }
  // Moved aside and looked at again: of two agents that find the same old lock only one may remove it.
  const aside = `${path}.${process.pid}`;
  await rename(path, aside).catch(() => undefined);
  if ((await readlink(aside).catch(() => holder)) !== holder) {
    await rename(aside, path).catch(() => undefined);
    throw new SpoolInUseError('another agent has just taken the spool');
  }
  await unlink(aside).catch(() => undefined);
}

async function isTouched(path: string): Promise<boolean> {
  const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: 0 }));
  return Math.abs(Date.now() - mtimeMs) < SILENT_AFTER_MS;
}

/** Waits until the lock has clearly been left alone, or is touched again. */
async function isStillTouched(path: string): Promise<boolean> {
  const before = await lstat(path).catch(() => undefined);
  if (!before || !(await isTouched(path))) return false;
  await sleep(Math.max(0, before.mtimeMs + SILENT_AFTER_MS - Date.now()));
  const after = await lstat(path).catch(() => undefined);
  return after !== undefined && after.mtimeMs !== before.mtimeMs;
}

/** "pid:start:namespace": a pid alone is given to another process after a restart. */
function describeProcess(pid: number | 'self'): string {
  const id = pid === 'self' ? process.pid : pid;
  return `${id}:${readStart(pid)}:${readNamespace()}`;
}

function pidOf(holder: string): number {
  return Number(holder.split(':', 1)[0]);
}

function isSameNamespace(holder: string): boolean {
  return holder.split(':').slice(2).join(':') === readNamespace();
}

function isRunning(holder: string): boolean {
  const pid = pidOf(holder);
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return describeProcess(pid) === holder;
}

/** When it was started, in ticks since the machine's boot; a dead process that nobody asked for has none. */
function readStart(pid: number | 'self'): string {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? 'dead' : (fields[19] ?? '');
}

/** The boot and, within it, the container: pids mean something only there. */
function readNamespace(): string {
  const boot = readText('/proc/sys/kernel/random/boot_id').trim().slice(0, 8);
  const started = readText('/proc/1/stat').split(' ')[21] ?? '';
  return `${boot}:${started}:${hostname()}`.slice(0, 60);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
