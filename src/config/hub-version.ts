import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The version in the package.json nearest above, whether the hub runs from `src/` or from `dist/`. */
export const HUB_VERSION = readVersion(path.dirname(fileURLToPath(import.meta.url)));

function readVersion(folder: string): string {
  const file = path.join(folder, 'package.json');
  if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  const parent = path.dirname(folder);
  if (parent === folder) throw new Error('package.json is missing above the hub’s own files');
  return readVersion(parent);
}
