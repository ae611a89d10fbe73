import { spawn } from 'node:child_process';
import { open, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { describeFault, readFaultCode } from './describe-fault.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { measureLog, readLogTail, trimLog } from './postgres-log-file.js';
import type { PostgresPlace } from './postgres-place.js';
import { buildPostgresArguments } from './postgres-settings.js';
import { isRunning, readProcess, readProcessLink, type ProcessIdentity } from './process-identity.js';
import { StartError } from './start-error.js';
import type { StartLog } from './start-log.js';

const START_DEADLINE_MS = 120_000;
const STOP_DEADLINE_MS = 20_000;
const QUIT_DEADLINE_MS = 5_000;

/** Starts `postgres` and waits until it answers. Throws with the last lines of its log when it ends before. */
export async function launchPostmaster(
  place: PostgresPlace,
  binaries: PostgresBinaries,
  superuser: ClientConfig,
  log: StartLog,
): Promise<ProcessIdentity> {
  await trimLog(place.logFile);
  const logStart = await measureLog(place.logFile);
  const postmaster = await spawnPostmaster(place, binaries);
  try {
    await waitUntilAnswering(postmaster, superuser, log);
    return postmaster;
  } catch (error) {
    if (isRunning(postmaster)) await stopPostmaster(postmaster);
    const tail = await readLogTail(place.logFile, logStart, 3);
    throw new StartError(
      `Postgres did not start (${describeFault(error)})${tail.length > 0 ? `: ${tail.join(' | ')}` : ''}. ` +
        `Its log: ${place.logFile}`,
    );
  }
}

async function spawnPostmaster(place: PostgresPlace, binaries: PostgresBinaries): Promise<ProcessIdentity> {
  const logHandle = await open(place.logFile, 'a', 0o600);
  try {
    const child = spawn(binaries.postgres, buildPostgresArguments(place.clusterDir, place.socketDir), {
      ...(place.runAs && { uid: place.runAs.uid, gid: place.runAs.gid }),
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', logHandle.fd, logHandle.fd],
      // A session of its own: Ctrl-C in the terminal reaches the hub only, which drains before it stops Postgres.
      detached: true,
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    const pid = child.pid as number;
    return { pid, startTicks: readProcess(pid)?.startTicks ?? '' };
  } finally {
    await logHandle.close();
  }
}

/** Asks until Postgres answers; a recovery after a crash takes its time. */
export async function waitUntilAnswering(
  postmaster: ProcessIdentity,
  superuser: ClientConfig,
  log: StartLog,
): Promise<void> {
  const startedAt = Date.now();
  let isAnnounced = false;
  for (;;) {
    const fault = await tryConnect(superuser);
    if (fault === undefined) return;
    if (!isRunning(postmaster)) throw new Error('it ended');
    const code = readFaultCode(fault);
    if (code === '28P01' || code === '28000') throw new Error('its password is not the one in the cluster');
    const waitedMs = Date.now() - startedAt;
    if (waitedMs > START_DEADLINE_MS) throw new Error('no answer in time');
    if (waitedMs > 5_000 && !isAnnounced) {
      log.info('Postgres is still starting: it recovers what was written last');
      isAnnounced = true;
    }
    await sleep(waitedMs < 1_000 ? 20 : 200);
  }
}

async function tryConnect(config: ClientConfig): Promise<unknown> {
  const client = new Client({ ...config, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Whether a running postmaster was started by the very command that would be given now, with binaries that still lie there. */
export async function isStartedAsNow(
  postmaster: ProcessIdentity,
  place: PostgresPlace,
  binaries: PostgresBinaries,
): Promise<boolean> {
  const executable = readProcessLink(postmaster.pid, 'exe');
  if (executable !== undefined && executable !== (await realpath(binaries.postgres))) return false;
  const given = buildPostgresArguments(place.clusterDir, place.socketDir).map((argument) => `"${argument}"`);
  const expected = `${binaries.postgres} ${given.join(' ')}`;
  const actual = await readFile(path.join(place.clusterDir, 'postmaster.opts'), 'utf8').catch(() => '');
  return actual.trimEnd() === expected;
}

/** Stops it: open transactions are rolled back, then a checkpoint. Past the deadline it is cut; its WAL keeps what was committed. */
export async function stopPostmaster(postmaster: ProcessIdentity): Promise<void> {
  const steps = [
    { signal: 'SIGINT', waitMs: STOP_DEADLINE_MS },
    { signal: 'SIGQUIT', waitMs: QUIT_DEADLINE_MS },
    { signal: 'SIGKILL', waitMs: QUIT_DEADLINE_MS },
  ] as const;
  for (const { signal, waitMs } of steps) {
    sendSignal(postmaster, signal);
    // One that was halted by a signal takes the next one only when it goes on.
    sendSignal(postmaster, 'SIGCONT');
    const deadlineAt = Date.now() + waitMs;
    while (isRunning(postmaster)) {
      if (Date.now() > deadlineAt) break;
      await sleep(20);
    }
    if (!isRunning(postmaster)) return;
  }
  throw new StartError(`Postgres (process ${postmaster.pid}) cannot be stopped`);
}

function sendSignal(postmaster: ProcessIdentity, signal: NodeJS.Signals): void {
  try {
    if (isRunning(postmaster)) process.kill(postmaster.pid, signal);
  } catch (error) {
    if (readFaultCode(error) !== 'ESRCH') {
      throw new StartError(`Postgres (process ${postmaster.pid}) cannot be stopped: ${describeFault(error)}`);
    }
  }
}
