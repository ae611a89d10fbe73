import { readFile, rm, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describeFault, readFaultCode } from './describe-fault.js';
import { StartError } from './start-error.js';

interface LibraryLink {
  /** Both relative to the package's folder. */
  source: string;
  target: string;
}

/**
 * Makes the library links that npm cannot pack and that the package's install script would make: install scripts
 * are off here. Nothing is written where all links are there.
 */
export async function ensureLibraryLinks(packageDir: string): Promise<void> {
  const listFile = path.join(packageDir, 'native', 'pg-symlinks.json');
  const links: LibraryLink[] = await readFile(listFile, 'utf8').then(JSON.parse, (error) => {
    if (readFaultCode(error) === 'ENOENT') return [];
    throw new StartError(`cannot read ${listFile}: ${describeFault(error)}`);
  });
  for (const link of links) await ensureLink(packageDir, link);
}

async function ensureLink(packageDir: string, link: LibraryLink): Promise<void> {
  const target = path.join(packageDir, link.target);
  if (await isReachable(target)) return;
  try {
    await rm(target, { force: true });
    await symlink(path.relative(path.dirname(link.target), link.source), target);
  } catch (error) {
    // Another hub of the same clone may have made it meanwhile.
    if (await isReachable(target)) return;
    throw new StartError(
      `cannot make the library link ${target}: ${describeFault(error)}. ` +
        'Start the hub once as the owner of node_modules, or set DATABASE_URL.',
    );
  }
}

async function isReachable(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
