import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleepFor } from 'node:timers/promises';
import type { CustomReading } from '../../core/model/report.js';
import { parseJsonMetrics } from './json-metrics.js';
import { parsePrometheusText, type ParsedText } from './prometheus-text.js';

export interface DropInOptions {
  path: string;
  /** Nobody asked for this directory: that it is not there is no problem. */
  isOptional: boolean;
  /** A file that was not written for longer is left out. */
  maxAgeMs: number;
}

export interface DropIn {
  readonly source: string;
  readonly readings: readonly CustomReading[];
  readonly problems: readonly string[];
}

const MAX_FILES = 64;
const MAX_FILE_BYTES = 256 * 1024;
/** As many as a report has at most: the rest would be read for nothing. */
const MAX_READINGS = 2_000;
const PATIENCE_MS = 2_000;
/** A file that was written within this time may be written once more without looking newer. */
const SETTLED_MS = 2_000;

/** A fault of one file, in words without anything of its content. */
class FileFault extends Error {}

/** Reads the files that others drop: regular files only, never through a link, nothing is run. */
export class DropInDirectory {
  private known = new Map<string, { stamp: string; drop: ParsedText }>();
  private reading: Promise<DropIn[]> | undefined;

  constructor(private readonly options: DropInOptions) {}

  /** Never rejects, and waits two seconds at most: a remote directory may hang. */
  async read(): Promise<DropIn[]> {
    this.reading ??= this.readAll().finally(() => (this.reading = undefined));
    const timeout = new AbortController();
    const late = sleepFor(PATIENCE_MS, undefined, { signal: timeout.signal }).catch(() => undefined);
    const read = await Promise.race([this.reading, late]);
    timeout.abort();
    return read ?? [this.complain('it does not answer')];
  }

  private complain(problem: string): DropIn {
    return { source: this.options.path, readings: [], problems: [problem] };
  }

  private async readAll(): Promise<DropIn[]> {
    let names: string[];
    try {
      names = (await readdir(this.options.path))
        .filter((name) => /^[^.].*\.(?:prom|json)$/.test(name))
        .sort();
    } catch (error) {
      this.known.clear();
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' && this.options.isOptional ? [] : [this.complain(`cannot be read: ${code}`)];
    }
    const drops: DropIn[] = [];
    const known: typeof this.known = new Map();
    let room = MAX_READINGS;
    for (const name of names.slice(0, MAX_FILES)) {
      if (room <= 0) {
        drops.push(
          this.complain(`its files hold more than ${MAX_READINGS} values; the last files are left out`),
        );
        break;
      }
      const drop = await this.readFile(name, known);
      drops.push({ source: showName(name), ...drop });
      room -= drop.readings.length;
    }
    if (names.length > MAX_FILES) drops.push(this.complain(`it holds more than ${MAX_FILES} files`));
    this.known = known;
    return drops;
  }

  private async readFile(name: string, known: typeof this.known): Promise<ParsedText> {
    try {
      const path = join(this.options.path, name);
      // A device could do something on being opened; what is opened is looked at once more.
      checkRegular(await lstat(path, { bigint: true }));
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        const stat = await handle.stat({ bigint: true });
        checkRegular(stat);
        this.checkAge(stat);
        const stamp = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join();
        const before = this.known.get(name);
        const drop =
          before?.stamp === stamp ? before.drop : this.parse(name, await readText(handle, stat.size));
        if (Date.now() - Number(stat.mtimeMs) > SETTLED_MS) known.set(name, { stamp, drop });
        return drop;
      } finally {
        await handle.close();
      }
    } catch (error) {
      const message =
        error instanceof FileFault
          ? error.message
          : `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`;
      return { readings: [], problems: [message] };
    }
  }

  private checkAge(stat: BigIntStats): void {
    if (Date.now() - Number(stat.mtimeMs) <= this.options.maxAgeMs) return;
    throw new FileFault(
      `it is older than ${this.options.maxAgeMs / 1000} s and left out until it is written again`,
    );
  }

  private parse(name: string, text: string): ParsedText {
    const drop = name.endsWith('.json')
      ? parseJsonMetrics(text)
      : parsePrometheusText(text, Date.now() - this.options.maxAgeMs);
    if (drop.readings.length <= MAX_READINGS) return drop;
    return {
      readings: drop.readings.slice(0, MAX_READINGS),
      problems: [...drop.problems, `it holds more than ${MAX_READINGS} values; those beyond are left out`],
    };
  }
}

function checkRegular(stat: BigIntStats): void {
  if (!stat.isFile()) throw new FileFault('it is no regular file, and links are not followed');
  if (stat.size > MAX_FILE_BYTES) throw new FileFault(`it is larger than ${MAX_FILE_BYTES / 1024} KiB`);
}

interface Readable {
  read(buffer: Buffer, offset: number, length: number, position: null): Promise<{ bytesRead: number }>;
}

/** All of it; a file that grows meanwhile is read to its limit, not beyond. */
async function readText(handle: Readable, size: bigint): Promise<string> {
  const buffer = Buffer.alloc(Math.min(Number(size) + 4_096, MAX_FILE_BYTES + 1));
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
    length += bytesRead;
    if (bytesRead === 0 || length === buffer.length) break;
  }
  if (length > MAX_FILE_BYTES) throw new FileFault(`it is larger than ${MAX_FILE_BYTES / 1024} KiB`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length));
  } catch {
    throw new FileFault('it is no text in UTF-8');
  }
}

/** A file's name, as it may be logged. */
const showName = (name: string): string => name.slice(0, 80).replace(/[^\x20-\x7e]/g, '?');
