import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Keeps the set-up link for whoever may read the data directory, for when the console has scrolled away. */
export async function writeSetupLink(dataDir: string, link: string): Promise<void> {
  // Never into a file that stands there already: it may be another's, or readable by others.
  await removeSetupLink(dataDir);
  await writeFile(locate(dataDir), `${link}\n`, { mode: 0o600, flag: 'wx' });
}

export async function removeSetupLink(dataDir: string): Promise<void> {
  await rm(locate(dataDir), { force: true });
}

function locate(dataDir: string): string {
  return join(dataDir, 'setup-link');
}
