import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, chown, lstat, mkdir, readdir, realpath, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describeFault, readFaultCode } from './describe-fault.js';
import { MAX_SOCKET_PATH_BYTES, SOCKET_PORT } from './postgres-settings.js';
import { StartError } from './start-error.js';
import { ensureSystemUser, findUserById, type RunAs } from './system-user.js';

/** Where the embedded Postgres lives and as whom it runs. */
export interface PostgresPlace {
  /** The folder of everything below: DATA_DIR, or a system folder where Postgres' user cannot reach DATA_DIR. */
  readonly homeDir: string;
  readonly clusterDir: string;
  readonly socketDir: string;
  readonly logFile: string;
  /** Given when the hub is root: the user to run Postgres as. */
  readonly runAs?: RunAs;
  /** This DATA_DIR's own folder among the system's, for what cannot lie in DATA_DIR; made when needed. */
  readonly systemDir: string;
}

/** Makes the folders and finds the user. Every fault is one line that says which folder and what to do. */
export async function preparePlace(dataDir: string, systemRoot: string): Promise<PostgresPlace> {
  const realDataDir = await prepareDataDir(dataDir);
  const systemDir = path.join(
    systemRoot,
    createHash('sha256').update(realDataDir).digest('hex').slice(0, 12),
  );
  const runAs = process.getuid?.() === 0 ? await chooseUser(realDataDir) : undefined;
  const homeDir = runAs ? await chooseHome(realDataDir, systemDir, runAs) : realDataDir;
  try {
    const socketDir = await prepareSocketDir(homeDir, systemDir, runAs);
    return {
      homeDir,
      clusterDir: path.join(homeDir, 'pg'),
      socketDir,
      logFile: path.join(homeDir, 'postgres.log'),
      runAs,
      systemDir,
    };
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`cannot prepare ${homeDir} for Postgres: ${describeFault(error)}`);
  }
}

async function prepareDataDir(dataDir: string): Promise<string> {
  const isRoot = process.getuid?.() === 0;
  try {
    await mkdir(path.dirname(dataDir), { recursive: true });
    await mkdir(dataDir, { mode: 0o700 }).catch((error) => {
      if (readFaultCode(error) !== 'EEXIST') throw error;
    });
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    // A folder in which others keep things keeps its mode: only one that is ours alone is opened for passing through.
    const isEmpty = (await readdir(dataDir)).length === 0;
    if (isRoot && isEmpty) await chmod(dataDir, 0o711);
    return await realpath(dataDir);
  } catch (error) {
    throw new StartError(
      `the data directory ${dataDir} cannot be used: ${describeFault(error)}. ` +
        'Set DATA_DIR to a folder that this user can write.',
    );
  }
}

/** The owner of a cluster that is already there (made when the hub ran as that user), else the system user. */
async function chooseUser(dataDir: string): Promise<RunAs> {
  const owner = await stat(path.join(dataDir, 'pg')).then(
    (stats) => stats.uid,
    () => 0,
  );
  return (owner !== 0 && (await findUserById(owner))) || ensureSystemUser();
}

async function chooseHome(dataDir: string, systemDir: string, runAs: RunAs): Promise<string> {
  const hasCluster = await isFolder(path.join(dataDir, 'pg'));
  const hasSystemCluster = await isFolder(path.join(systemDir, 'pg'));
  if ((await canReach(dataDir, runAs)) && (hasCluster || !hasSystemCluster)) return dataDir;
  await mkdir(systemDir, { recursive: true, mode: 0o711 }).catch((error) => {
    throw new StartError(
      `user "${runAs.name}", who runs Postgres, cannot reach ${dataDir}, and ${systemDir} cannot be made: ` +
        `${describeFault(error)}. Set DATA_DIR to a folder that every user may pass through.`,
    );
  });
  await chmod(path.dirname(systemDir), 0o711);
  await chmod(systemDir, 0o711);
  return systemDir;
}

function isFolder(dir: string): Promise<boolean> {
  return stat(dir).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** Whether the user may pass through every folder from the root down to `dir`. */
async function canReach(dir: string, runAs: RunAs): Promise<boolean> {
  for (let folder = dir; ; folder = path.dirname(folder)) {
    const { mode, uid, gid } = await stat(folder);
    const bit = uid === runAs.uid ? 0o100 : gid === runAs.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (folder === path.dirname(folder)) return true;
  }
}

async function prepareSocketDir(homeDir: string, systemDir: string, runAs?: RunAs): Promise<string> {
  const candidates = [path.join(homeDir, 'pg-socket')];
  if (runAs) candidates.push(path.join(systemDir, 'pg-socket'));
  else {
    const name = `watchkeeper-${process.getuid?.()}-${path.basename(systemDir)}`;
    if (process.env.XDG_RUNTIME_DIR) candidates.push(path.join(process.env.XDG_RUNTIME_DIR, name));
    candidates.push(path.join(os.tmpdir(), name), path.join('/tmp', name));
  }
  for (const candidate of candidates) {
    const socketPath = path.join(candidate, `.s.PGSQL.${SOCKET_PORT}`);
    if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH_BYTES) continue;
    if (await claimPrivateDir(candidate, runAs)) return candidate;
  }
  throw new StartError(
    `no private folder for Postgres' socket could be made (tried ${candidates.join(', ')}): ` +
      'set DATA_DIR to a shorter path',
  );
}

/** Makes `dir` readable for Postgres' user only; false where someone else already has something there. */
async function claimPrivateDir(dir: string, runAs?: RunAs): Promise<boolean> {
  try {
    await mkdir(path.dirname(dir), { recursive: true, mode: 0o711 });
    await mkdir(dir, { mode: 0o700 });
    if (runAs) await chown(dir, runAs.uid, runAs.gid);
    return true;
  } catch (error) {
    if (readFaultCode(error) !== 'EEXIST') return false;
  }
  const stats = await lstat(dir);
  const owner = runAs?.uid ?? process.getuid?.();
  // Root may find its own folder when it was killed between making it and giving it away.
  if (runAs && stats.isDirectory() && stats.uid === 0) await chown(dir, runAs.uid, runAs.gid);
  else if (!stats.isDirectory() || stats.uid !== owner) return false;
  await chmod(dir, 0o700);
  return true;
}
