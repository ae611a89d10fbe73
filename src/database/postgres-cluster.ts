import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describeFault, readFaultCode } from './describe-fault.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import type { PostgresPlace } from './postgres-place.js';
import { readProcess } from './process-identity.js';
import { StartError } from './start-error.js';
import type { StartLog } from './start-log.js';

const run = promisify(execFile);

/** Lies in the cluster, so that one never comes without the other. */
const SECRET_FILE = 'watchkeeper-secret.json';

/** Passwords of the two roles: `postgres` for the supervisor, the other for all that the hub itself asks. */
export interface ClusterSecret {
  readonly superuser: string;
  readonly app: string;
}

/** Makes the cluster when there is none yet, and gives its secret. */
export async function ensureCluster(
  place: PostgresPlace,
  binaries: PostgresBinaries,
  log: StartLog,
): Promise<ClusterSecret> {
  await removeUnfinished(place);
  const version = await readInCluster(place, 'PG_VERSION');
  if (version === undefined) {
    log.info(`making a Postgres ${binaries.version} cluster in ${place.clusterDir}`);
    await makeCluster(place, binaries);
  } else if (version.trim() !== binaries.version.split('.')[0]) {
    throw new StartError(
      `the data in ${place.clusterDir} is of Postgres ${version.trim()}, this hub brings ${binaries.version}: ` +
        'start the hub version that made it, or set another DATA_DIR',
    );
  }
  const secret = await readInCluster(place, SECRET_FILE);
  if (secret === undefined) {
    throw new StartError(
      `${path.join(place.clusterDir, SECRET_FILE)} is missing: put it back from a backup, or set another DATA_DIR`,
    );
  }
  return JSON.parse(secret);
}

async function readInCluster(place: PostgresPlace, name: string): Promise<string | undefined> {
  return readFile(path.join(place.clusterDir, name), 'utf8').catch((error) => {
    if (readFaultCode(error) === 'ENOENT') return undefined;
    throw new StartError(
      `cannot read the Postgres cluster ${place.clusterDir}: ${describeFault(error)}. ` +
        'It belongs to another user: start the hub as the one who made it, or set another DATA_DIR.',
    );
  });
}

/** Everything is made aside and put in place by one rename: a start that is cut leaves no half cluster. */
async function makeCluster(place: PostgresPlace, binaries: PostgresBinaries): Promise<void> {
  const mark = `${process.pid}-${randomBytes(4).toString('hex')}`;
  const newDir = `${place.clusterDir}.new-${mark}`;
  const passwordFile = path.join(place.socketDir, `initdb.new-${mark}`);
  const secret = {
    superuser: randomBytes(32).toString('base64url'),
    app: randomBytes(32).toString('base64url'),
  };
  try {
    await mkdir(newDir, { mode: 0o700 });
    if (place.runAs) await chown(newDir, place.runAs.uid, place.runAs.gid);
    await writePrivate(passwordFile, secret.superuser, place);
    await runInitdb(newDir, passwordFile, place, binaries);
    await writePrivate(path.join(newDir, SECRET_FILE), JSON.stringify(secret), place);
    await putInPlace(newDir, place);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`cannot make a Postgres cluster in ${place.clusterDir}: ${describeFault(error)}`);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(newDir, { recursive: true, force: true });
  }
}

async function runInitdb(
  clusterDir: string,
  passwordFile: string,
  place: PostgresPlace,
  binaries: PostgresBinaries,
): Promise<void> {
  // The built-in locale sorts and compares the same on every machine, whatever locales it has.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const doors = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  try {
    await run(
      binaries.initdb,
      ['--pgdata', clusterDir, ...doors, ...locale, '--data-checksums', '--no-instructions'],
      {
        ...(place.runAs && { uid: place.runAs.uid, gid: place.runAs.gid }),
        cwd: '/',
        env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      },
    );
  } catch (error) {
    const lines = ((error as { stderr?: string }).stderr ?? '').split('\n');
    const reason = lines.find((line) => /error|fatal|panic|could not/i.test(line))?.trim();
    throw new StartError(
      `cannot make a Postgres cluster in ${place.clusterDir}: ${reason || describeFault(error)}`,
    );
  }
}

async function writePrivate(file: string, content: string, place: PostgresPlace): Promise<void> {
  await writeFile(file, content, { mode: 0o600, flag: 'wx', flush: true });
  if (place.runAs) await chown(file, place.runAs.uid, place.runAs.gid);
}

async function putInPlace(newDir: string, place: PostgresPlace): Promise<void> {
  try {
    await rename(newDir, place.clusterDir);
  } catch (error) {
    const code = readFaultCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    // Another hub that started at the same moment was first: its cluster is the one.
    if ((await readInCluster(place, SECRET_FILE)) !== undefined) return;
    throw new StartError(`${place.clusterDir} holds something else than a cluster of the hub: move it away`);
  }
  const parent = await open(place.homeDir, 'r');
  await parent.sync().finally(() => parent.close());
}

/** What hubs that were killed while they made a cluster left behind. */
async function removeUnfinished(place: PostgresPlace): Promise<void> {
  for (const dir of [place.homeDir, place.socketDir]) {
    for (const name of await readdir(dir)) {
      const maker = /^(?:pg|initdb)\.new-(\d+)-[0-9a-f]{8}$/.exec(name)?.[1];
      if (maker === undefined) continue;
      const found = readProcess(Number(maker));
      if (found && !found.isZombie && found.pid !== process.pid) continue;
      await rm(path.join(dir, name), { recursive: true, force: true, maxRetries: 5 });
    }
  }
}
