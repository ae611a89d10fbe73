import { copyFile, open, stat, truncate } from 'node:fs/promises';

const MAX_LOG_BYTES = 4 * 1024 * 1024;
const TAIL_BYTES = 8 * 1024;

/** Size now, as the place from which a later `readLogTail` starts; 0 when there is no file yet. */
export async function measureLog(file: string): Promise<number> {
  return stat(file).then(
    (stats) => stats.size,
    () => 0,
  );
}

/** Keeps the log and one older part, each of at most about 4 MiB. Postgres appends, so it goes on at the new end. */
export async function trimLog(file: string): Promise<void> {
  if ((await measureLog(file)) < MAX_LOG_BYTES) return;
  await copyFile(file, `${file}.1`);
  await truncate(file, 0);
}

/** The last lines written after `offset`, without the time stamp and process id in front. */
export async function readLogTail(file: string, offset: number, lineCount: number): Promise<string[]> {
  const size = await measureLog(file);
  const start = Math.max(offset, size - TAIL_BYTES);
  if (size <= start) return [];
  const handle = await open(file, 'r');
  try {
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    return lines
      .filter((line) => line.trim() !== '')
      .slice(-lineCount)
      .map((line) => line.replace(/^[\d-]+ [\d:.]+ \w+ \[\d+\] /, ''));
  } finally {
    await handle.close();
  }
}
