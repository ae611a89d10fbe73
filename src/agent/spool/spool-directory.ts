import { mkdir, open, readdir, readFile, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from './checksum.js';
import { encodeFrame, scanFrames, type FrameScan, type SpooledReport } from './frame.js';
import type { Range } from './pending-ranges.js';
import { SpoolLock } from './spool-lock.js';

const SUFFIX = '.segment';
const DAMAGED_SUFFIX = '.damaged';
const MAX_DAMAGED_KEPT = 3;
const STATE_FILE = 'state';
const STATE_BYTES = 4_096;

/** A file of frames, in the order of their sequences. */
export interface Segment {
  readonly path: string;
  /** Sequences: the file holds nothing outside. */
  first: number;
  last: number;
  bytes: number;
  /** The newest instant in it, epoch milliseconds. */
  newestAt: number;
  /** Found to hold something that is no frame: put aside, not deleted, when its frames are sent. */
  isDamaged: boolean;
}

/** What is known beside the frames; when it is lost, the hub gets everything again and knows it already. */
export interface SpoolState {
  /** Greater than every sequence so far. */
  next: number;
  /** What the hub had not acknowledged of the sequences below `next`. */
  pending: Range[];
  dropped: number;
  droppedAt: number;
  setAside: number;
}

interface Opened {
  directory: SpoolDirectory;
  state: SpoolState | undefined;
  /** The sequences that are there, in order and apart. */
  present: Range[];
}

/**
 * The files of a spool: segments that are only ever appended to, each append durable when it resolves, and
 * one small file with what was acknowledged. Knows nothing of why; calls must not overlap.
 */
export class SpoolDirectory {
  readonly segments: Segment[] = [];
  /** The last segment, while it may grow. */
  private active: { segment: Segment; file: FileHandle } | undefined;
  private stateFile: FileHandle | undefined;

  private constructor(
    readonly path: string,
    private readonly segmentBytes: number,
    private readonly lock: SpoolLock,
  ) {}

  /** @throws SpoolInUseError, or Node's error when the folder cannot be used */
  static async open(path: string, segmentBytes: number): Promise<Opened> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const directory = new SpoolDirectory(path, segmentBytes, await SpoolLock.take(path));
    try {
      const present = await directory.readSegments();
      return { directory, present, state: await directory.readState() };
    } catch (error) {
      await directory.lock.release();
      throw error;
    }
  }

  get bytes(): number {
    return this.segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Resolves when the reports are on the disk. A failure leaves what was there before, and no half frame. */
  async append(reports: readonly SpooledReport[]): Promise<void> {
    const bytes = Buffer.concat(reports.map(encodeFrame));
    if (this.active && this.active.segment.bytes >= this.segmentBytes) await this.retire();
    this.active ??= await this.begin(reports[0]!.sequence);
    const { segment, file } = this.active;
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, segment.bytes + done);
        done += bytesWritten;
      }
      await file.datasync();
    } catch (error) {
      await file.truncate(segment.bytes).catch(() => undefined);
      // After a sync that failed nobody knows what the disk holds: nothing more goes into this file.
      await this.retire();
      throw error;
    }
    segment.bytes += bytes.length;
    segment.last = reports.at(-1)!.sequence;
    segment.newestAt = Math.max(segment.newestAt, ...reports.map(({ at }) => at));
  }

  async read(segment: Segment): Promise<{ bytes: Buffer; scan: FrameScan }> {
    const bytes = (await readFile(segment.path)).subarray(0, segment.bytes);
    const scan = scanFrames(bytes);
    if (scan.isDamaged) segment.isDamaged = true;
    return { bytes, scan };
  }

  isActive(segment: Segment): boolean {
    return this.active?.segment === segment;
  }

  /** Forgets a segment: deletes it, or puts it aside for people to look at when it is damaged. */
  async discard(segment: Segment): Promise<void> {
    if (this.isActive(segment)) await this.retire();
    const place = this.segments.indexOf(segment);
    if (place >= 0) this.segments.splice(place, 1);
    if (!segment.isDamaged) return void (await unlink(segment.path).catch(() => undefined));
    await rename(segment.path, segment.path.slice(0, -SUFFIX.length) + DAMAGED_SUFFIX).catch(() => undefined);
    await this.limitDamaged();
  }

  /** Not forced to the disk: the older state only has a few reports sent twice. */
  async saveState(state: SpoolState): Promise<void> {
    const text = JSON.stringify(state);
    const line = `${crc32(Buffer.from(text)).toString(16)} ${text}\n`.padEnd(STATE_BYTES);
    this.stateFile ??= await open(join(this.path, STATE_FILE), 'w', 0o600);
    await this.stateFile.write(line, 0);
  }

  async close(): Promise<void> {
    await this.retire();
    await this.stateFile?.close().catch(() => undefined);
    await this.lock.release();
  }

  private async begin(first: number): Promise<{ segment: Segment; file: FileHandle }> {
    const path = join(this.path, `${String(first).padStart(16, '0')}${SUFFIX}`);
    // Only a file that a failed append left behind can have this name: nothing in it was ever counted.
    const file = await open(path, 'w', 0o600);
    const segment = { path, first, last: first - 1, bytes: 0, newestAt: 0, isDamaged: false };
    try {
      await syncFolder(this.path);
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
    this.segments.push(segment);
    return { segment, file };
  }

  private async retire(): Promise<void> {
    const { active } = this;
    this.active = undefined;
    await active?.file.close().catch(() => undefined);
    if (active && active.segment.bytes === 0) await this.discard(active.segment);
  }

  /** Reads every file through: what is whole counts, wherever damage lies. */
  private async readSegments(): Promise<Range[]> {
    const names = (await readdir(this.path)).filter((name) => name.endsWith(SUFFIX)).sort();
    const present = new Set<number>();
    for (const name of names) {
      const path = join(this.path, name);
      const bytes = await readFile(path);
      const { frames, goodEnd, isDamaged } = scanFrames(bytes);
      const sequences = frames.map(({ sequence }) => sequence);
      const segment: Segment = {
        path,
        first: Math.min(...sequences),
        last: Math.max(...sequences),
        bytes: isDamaged ? bytes.length : goodEnd,
        newestAt: Math.max(...frames.map(({ at }) => at)),
        isDamaged,
      };
      if (frames.length === 0) {
        await this.discard(segment);
        continue;
      }
      this.segments.push(segment);
      for (const sequence of sequences) present.add(sequence);
    }
    this.segments.sort((a, b) => a.first - b.first);
    await this.resumeLast();
    return toRanges([...present].sort((a, b) => a - b));
  }

  /** Goes on in the file of the last run, so that an agent that is started often leaves no heap of files. */
  private async resumeLast(): Promise<void> {
    const segment = this.segments.at(-1);
    if (!segment || segment.isDamaged || segment.bytes >= this.segmentBytes) return;
    try {
      const file = await open(segment.path, 'r+');
      await file.truncate(segment.bytes);
      this.active = { segment, file };
    } catch {
      // The next append begins a file of its own.
    }
  }

  private async readState(): Promise<SpoolState | undefined> {
    const path = join(this.path, STATE_FILE);
    try {
      const { size } = await stat(path);
      if (size > 2 * STATE_BYTES) return undefined;
      const [checksum, text = ''] = splitOnce((await readFile(path, 'utf8')).trim());
      if (crc32(Buffer.from(text)).toString(16) !== checksum) return undefined;
      // Opened here, so that later a disk that is full does not keep it from being written over.
      this.stateFile = await open(path, 'r+');
      return JSON.parse(text) as SpoolState;
    } catch {
      return undefined;
    }
  }

  private async limitDamaged(): Promise<void> {
    const names = (await readdir(this.path)).filter((name) => name.endsWith(DAMAGED_SUFFIX)).sort();
    for (const name of names.slice(0, -MAX_DAMAGED_KEPT)) {
      await unlink(join(this.path, name)).catch(() => undefined);
    }
  }
}

function splitOnce(line: string): [string, string?] {
  const space = line.indexOf(' ');
  return space < 0 ? [line] : [line.slice(0, space), line.slice(space + 1)];
}

function toRanges(sorted: readonly number[]): Range[] {
  const ranges: [number, number][] = [];
  for (const sequence of sorted) {
    const last = ranges.at(-1);
    if (last && last[1] === sequence - 1) last[1] = sequence;
    else ranges.push([sequence, sequence]);
  }
  return ranges;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
