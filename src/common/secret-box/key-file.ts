import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseSecretKeys } from '../../config/secret-keys.js';

export const KEY_FILE_NAME = 'secrets.key';

export interface LoadedKeys {
  /** Empty: the file is there and cannot be used. */
  readonly keys: readonly Buffer[];
  /** For the operator: what was found, where it is not as it should be. */
  readonly warning?: string;
}

const REMARK =
  "# Opens the secrets in the hub's database (of channels, endpoints, second factors): keep a copy apart from backups\n" +
  '# of the database. To change it, put a new line above: openssl rand -base64 32\n';

/** Reads the key file of a data directory; makes one where there is none. Never throws, never replaces a file. */
export async function loadKeyFile(dataDir: string): Promise<LoadedKeys> {
  const file = path.join(dataDir, KEY_FILE_NAME);
  try {
    await createOnce(file);
    const keys = parseSecretKeys(await readFile(file, 'utf8'));
    if (!keys) return { keys: [], warning: describeUseless(file, 'does not hold a key') };
    return { keys, warning: await closeToOthers(file) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown fault';
    return { keys: [], warning: describeUseless(file, `cannot be read or made (${code})`) };
  }
}

/** Whole or not at all, and never in the place of another: two hubs that start at once end with one key. */
async function createOnce(file: string): Promise<void> {
  if (await exists(file)) return;
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(`${REMARK}${randomBytes(32).toString('base64')}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return;
      // A file system without links.
      if (!(await exists(file))) await rename(draft, file);
    });
    const folder = await open(path.dirname(file), 'r');
    await folder.sync().finally(() => folder.close());
  } finally {
    await rm(draft, { force: true });
  }
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

async function closeToOthers(file: string): Promise<string | undefined> {
  const { mode } = await stat(file);
  if ((mode & 0o077) === 0) return undefined;
  const isClosed = await chmod(file, 0o600).then(
    () => true,
    () => false,
  );
  return isClosed
    ? `${file} could be read by other users: that is over now; who may have read it?`
    : `${file} can be read by other users: make it readable for the hub's user alone (chmod 600)`;
}

function describeUseless(file: string, fault: string): string {
  return (
    `${file} ${fault}: secrets can be neither opened nor saved. Put it back from its copy and start again; without a ` +
    'copy move it away, start again and enter the secrets anew'
  );
}
