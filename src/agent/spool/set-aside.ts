import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = 'set-aside.jsonl';
const MAX_KEPT = 100;
const MAX_KEPT_BYTES = 48 * 1024;

/** A report that the hub refuses for good, and what it said. */
export interface RefusedReport {
  readonly status: number;
  readonly codes: readonly string[];
  readonly json: string;
}

/** Keeps the newest refused reports in a file, one JSON object a line, for people to look at. */
export async function keepRefused(directory: string, refused: readonly RefusedReport[]): Promise<void> {
  const path = join(directory, FILE);
  const lines = refused.map(({ status, codes, json }) => JSON.stringify({ status, codes, report: json }));
  await appendFile(path, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
  const all = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  let from = Math.max(0, all.length - MAX_KEPT);
  let bytes = all.slice(from).reduce((sum, line) => sum + line.length + 1, 0);
  while (bytes > MAX_KEPT_BYTES && from < all.length - 1) bytes -= all[from++]!.length + 1;
  if (from > 0) {
    const kept = all.slice(from).map((line) => `${line}\n`);
    await writeFile(path, kept.join(''), { mode: 0o600 });
  }
}
