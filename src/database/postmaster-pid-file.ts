import { readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { readFaultCode } from './describe-fault.js';
import { SOCKET_PORT } from './postgres-settings.js';
import { readProcess, readProcessLink, type ProcessIdentity } from './process-identity.js';

/**
 * The live postmaster of this cluster, by its pid file. A file that a dead one left behind is removed, also where
 * its pid is a zombie's (its parent was killed and nobody reaps it) or another program's by now: Postgres itself would
 * refuse to start. Backends of a dead postmaster that still run are found by Postgres through its shared memory.
 */
export async function findPostmaster(clusterDir: string): Promise<ProcessIdentity | undefined> {
  return judgeLockFile(path.join(clusterDir, 'postmaster.pid'), clusterDir);
}

/** The same for the lock beside the socket: a zombie's pid in it keeps Postgres from starting just as well. */
export async function removeStaleSocketLock(socketDir: string, clusterDir: string): Promise<void> {
  await judgeLockFile(path.join(socketDir, `.s.PGSQL.${SOCKET_PORT}.lock`), clusterDir);
}

async function judgeLockFile(lockFile: string, clusterDir: string): Promise<ProcessIdentity | undefined> {
  const content = await readIfPresent(lockFile);
  if (content === undefined) return undefined;
  // Postgres makes the file before it writes it: an empty one is being written, or was when the machine went down.
  const pid = Number(content.split('\n', 1)[0]);
  const found = Number.isInteger(pid) && pid > 0 ? readProcess(pid) : undefined;
  if (found && !found.isZombie && found.command === 'postgres') {
    if (readProcessLink(pid, 'cwd') === clusterDir) return { pid, startTicks: found.startTicks };
  }
  await removeIfUnchanged(lockFile, content);
  return undefined;
}

async function readIfPresent(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error) => {
    if (readFaultCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/** A second hub may have started Postgres since the file was judged: then the new file goes back to its place. */
async function removeIfUnchanged(file: string, judged: string): Promise<void> {
  const aside = `${file}.stale-${process.pid}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (readFaultCode(error) === 'ENOENT') return;
    throw error;
  }
  if ((await readIfPresent(aside)) === judged) await rm(aside, { force: true });
  else await rename(aside, file);
}
