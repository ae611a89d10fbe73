import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { StartError } from './start-error.js';

const run = promisify(execFile);

/** Who runs Postgres when the hub is root: nothing else runs as this user, so nothing else can read the cluster. */
export const SYSTEM_USER = 'watchkeeper-pg';

export interface RunAs {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** The account in `/etc/passwd` that `matches`: Postgres refuses a uid without one. */
async function findAccount(matches: (name: string, uid: number) => boolean): Promise<RunAs | undefined> {
  const passwd = await readFile('/etc/passwd', 'utf8');
  for (const line of passwd.split('\n')) {
    const [name = '', , uid = '', gid = ''] = line.split(':');
    if (/^\d+$/.test(uid) && matches(name, Number(uid))) return { uid: Number(uid), gid: Number(gid), name };
  }
  return undefined;
}

export function findUserById(uid: number): Promise<RunAs | undefined> {
  return findAccount((_, id) => id === uid);
}

/** Finds the system user for Postgres, or makes it. Only root may call this. */
export async function ensureSystemUser(): Promise<RunAs> {
  const existing = await findAccount((name) => name === SYSTEM_USER);
  if (existing) return refuseRoot(existing);
  const fault = await createSystemUser();
  const created = await findAccount((name) => name === SYSTEM_USER);
  if (created) return refuseRoot(created);
  throw new StartError(
    `started as root, and the system user "${SYSTEM_USER}" for Postgres cannot be made (${fault}). ` +
      `Make it by hand (useradd --system --user-group ${SYSTEM_USER}), start as an ordinary user, or set DATABASE_URL.`,
  );
}

async function createSystemUser(): Promise<string> {
  const options = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent'];
  try {
    await run('useradd', [...options, '--shell', '/usr/sbin/nologin', SYSTEM_USER], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
    return 'it is not in /etc/passwd afterwards';
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    return code === 'ENOENT' ? 'no useradd here' : stderr?.trim().split('\n')[0] || `useradd failed: ${code}`;
  }
}

function refuseRoot(user: RunAs): RunAs {
  if (user.uid !== 0) return user;
  throw new StartError(
    `the system user "${SYSTEM_USER}" has uid 0, but Postgres must not run as root: remove it`,
  );
}
