import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onExit } from './cleanup.js';

/** A folder for one target's data, gone when the benchmark ends. */
export function makeWorkDirectory(name: string): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), `watchkeeper-bench-${name}-`));
  // Postgres runs as another user where the benchmark runs as root.
  chmodSync(directory, 0o755);
  onExit(() => removeDirectory(directory));
  return directory;
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** Bytes of all files below, as long as they are (not as many blocks as they fill). */
export function measureDirectory(directory: string): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += lstatSync(path.join(entry.parentPath, entry.name)).size;
  }
  return bytes;
}
