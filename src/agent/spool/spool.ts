import { performance } from 'node:perf_hooks';
import type { AgentLog } from '../agent-log.js';
import { readPayload, type SpooledReport } from './frame.js';
import { PendingRanges, type Range } from './pending-ranges.js';
import { keepRefused, type RefusedReport } from './set-aside.js';
import { SpoolDirectory, type Segment, type SpoolState } from './spool-directory.js';
import { SpoolInUseError } from './spool-lock.js';

const SEGMENT_BYTES = 1024 * 1024;
/** An acknowledged segment that may still grow is given back from this size on. */
const GIVE_BACK_BYTES = 32 * 1024;
/** The newest reports stay in memory: while the hub answers, nothing is read back from the disk. */
const CACHE_BYTES = 256 * 1024;
/** What is kept in memory while the disk takes nothing. */
const UNSAVED_BYTES = 8 * 1024 * 1024;
const MAX_WRITE_BYTES = 1024 * 1024;
const RETRY_MS = 5_000;
const MAX_RANGES_SAVED = 100;

export interface SpoolOptions {
  /** The folder; undefined keeps everything in memory, which the end of the agent loses. */
  path?: string;
  maxBytes: number;
  maxAgeMs: number;
  log: AgentLog;
  /** The hub's time as far as it is known, epoch milliseconds. */
  now: () => number;
}

interface Entry extends SpooledReport {
  bytes: number;
  isSaved: boolean;
}

/** What has become of reports that the hub never took, since the spool was made. */
export interface SpoolLosses {
  /** Given up because the spool was full, too old or unreadable. */
  readonly dropped: number;
  /** When the last of them was, epoch milliseconds; 0 = never. */
  readonly droppedAt: number;
  /** Refused by the hub for good. */
  readonly setAside: number;
}

/**
 * Every report that the hub has not acknowledged: on disk before it counts as collected, across kills and
 * restarts of the agent. Beyond its size or age the oldest go, counted. While the disk takes nothing it goes
 * on in memory and says so.
 */
export class Spool {
  private directory: SpoolDirectory | undefined;
  private pending = new PendingRanges();
  /** The newest reports in order: what is not saved yet, and behind it what is worth keeping at hand. */
  private tail: Entry[] = [];
  private next = 1;
  private dropped = 0;
  private droppedAt = 0;
  private refused = 0;
  private problem: string | undefined;
  private retryAt = -Infinity;
  private saving: Promise<void> | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private loaded: { segment: Segment; bytes: number; reports: SpooledReport[] } | undefined;
  private readonly segmentBytes: number;

  private constructor(private readonly options: SpoolOptions) {
    this.segmentBytes = Math.min(SEGMENT_BYTES, Math.ceil(options.maxBytes / 8));
  }

  /** @throws SpoolInUseError; any other trouble with the folder is told in the log, and tried again */
  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options);
    if (options.path === undefined) return spool;
    try {
      await spool.openDirectory(options.path);
    } catch (error) {
      if (error instanceof SpoolInUseError) throw error;
      spool.noteProblem(error);
      // Greater than whatever the folder will turn out to hold.
      spool.next = Date.now() * 1_000;
    }
    return spool;
  }

  /** Reports that the hub has not acknowledged. */
  get size(): number {
    return this.pending.size;
  }

  /** The sequence of the newest report so far, 0 before the first. */
  get newest(): number {
    return this.next - 1;
  }

  get losses(): SpoolLosses {
    return { dropped: this.dropped, droppedAt: this.droppedAt, setAside: this.refused };
  }

  /** Why reports are kept in memory only, as the code of Node's error; undefined while all is well. */
  get trouble(): string | undefined {
    return this.problem;
  }

  /** Takes a report at once; resolves when it is on disk, or when the disk was found not to take it. */
  async add(json: string, at: number): Promise<void> {
    const sequence = this.next++;
    const isSaved = this.options.path === undefined;
    this.tail.push({ sequence, at, json, bytes: Buffer.byteLength(json), isSaved });
    this.pending.add(sequence);
    if (isSaved) return this.limitMemory();
    // A save under way does not hold this one yet; the next round does, with all others that came meanwhile.
    if (this.saving) await this.saving;
    this.saving ??= this.run(() => this.save()).finally(() => (this.saving = undefined));
    await this.saving;
  }

  /** The oldest reports, at most `maxReports` and `maxBytes` together, yet one if there is one. */
  async readOldest(maxReports: number, maxBytes: number): Promise<readonly SpooledReport[]> {
    for (;;) {
      const { first } = this.pending;
      if (first === undefined) return [];
      const inMemory = this.tail[0];
      const segment = this.directory?.segments.find(({ last }) => last >= first);
      const isInMemory = inMemory !== undefined && inMemory.sequence <= first;
      if (!isInMemory && !segment) {
        this.giveUp(first, (inMemory?.sequence ?? this.next) - 1, 'unreadable');
        continue;
      }
      const source = isInMemory ? this.tail : await this.load(segment!);
      const batch = this.cut(source, maxReports, maxBytes);
      const found = batch[0]?.sequence ?? segment!.last + 1;
      if (found > first) this.giveUp(first, found - 1, 'unreadable');
      if (batch.length > 0) return batch;
    }
  }

  /** The newest reports in order, none up to `after`. Only from memory: what is new is there. */
  readNewest(after: number, maxReports: number): readonly SpooledReport[] {
    const found = this.tail.filter(({ sequence }) => sequence > after && this.pending.has(sequence));
    return found.slice(-maxReports);
  }

  /** The hub has said what became of them. */
  async acknowledge(reports: readonly SpooledReport[]): Promise<void> {
    for (const { sequence } of reports) this.pending.remove(sequence);
    this.tidyMemory();
    if (this.directory) await this.run(() => this.tidyDisk());
  }

  /** The hub refuses them for good: they leave the queue; the newest hundred are kept beside it. */
  async setAside(reports: readonly SpooledReport[], status: number, codes: readonly string[]): Promise<void> {
    this.refused += reports.length;
    const refused = reports.map(({ json }): RefusedReport => ({ status, codes, json }));
    const path = this.directory?.path;
    if (path !== undefined) await this.run(() => keepRefused(path, refused)).catch(() => undefined);
    await this.acknowledge(reports);
  }

  async close(): Promise<void> {
    this.retryAt = -Infinity;
    await this.run(() => this.save());
    await this.run(async () => {
      await this.saveState();
      await this.directory?.close();
      this.directory = undefined;
    });
  }

  /** One thing at a time on the disk. */
  private run<Result>(job: () => Promise<Result>): Promise<Result> {
    const done = this.queue.then(job);
    this.queue = done.catch(() => undefined);
    return done;
  }

  private async openDirectory(path: string): Promise<void> {
    const { directory, present, state } = await SpoolDirectory.open(path, this.segmentBytes);
    this.directory = directory;
    const known =
      state && isState(state) ? state : { next: 1, pending: [], dropped: 0, droppedAt: 0, setAside: 0 };
    this.dropped += known.dropped;
    this.droppedAt = Math.max(this.droppedAt, known.droppedAt);
    this.refused += known.setAside;
    this.next = Math.max(this.next, known.next, (present.at(-1)?.[1] ?? 0) + 1);
    const unsaved = this.tail.map(({ sequence }) => sequence).filter((one) => this.pending.has(one));
    this.pending = new PendingRanges(keepPending(present, known));
    for (const sequence of unsaved) this.pending.add(sequence);
    const damaged = directory.segments.filter(({ isDamaged }) => isDamaged).length;
    if (damaged > 0) {
      this.options.log('warn', 'the spool is damaged: what is whole in it will be sent', {
        segments: damaged,
      });
    }
    await this.tidyDisk();
  }

  /** Brings everything in memory to the disk, or finds that it cannot. Never rejects. */
  private async save(): Promise<void> {
    const { path } = this.options;
    if (path === undefined || performance.now() < this.retryAt) return this.limitMemory();
    try {
      if (!this.directory) await this.openDirectory(path);
      for (let batch = this.takeUnsaved(); batch.length > 0; batch = this.takeUnsaved()) {
        await this.directory!.append(batch);
        for (const entry of batch) entry.isSaved = true;
      }
      if (this.problem !== undefined) this.options.log('info', 'the spool can be written again');
      this.problem = undefined;
      await this.limitDisk();
    } catch (error) {
      this.noteProblem(error);
      await this.limitMemory();
    }
    this.tidyMemory();
  }

  private takeUnsaved(): Entry[] {
    const batch: Entry[] = [];
    let bytes = 0;
    for (const entry of this.tail) {
      if (entry.isSaved || !this.pending.has(entry.sequence)) continue;
      if (batch.length > 0 && bytes + entry.bytes > MAX_WRITE_BYTES) break;
      bytes += entry.bytes;
      batch.push(entry);
    }
    return batch;
  }

  private async load(segment: Segment): Promise<readonly SpooledReport[]> {
    const { loaded } = this;
    if (loaded?.segment === segment && loaded.bytes === segment.bytes) return loaded.reports;
    const reports: SpooledReport[] = [];
    try {
      const { bytes, scan } = await this.run(() => this.directory!.read(segment));
      for (const frame of scan.frames) {
        const { sequence, at } = frame;
        if (this.pending.has(sequence)) reports.push({ sequence, at, json: readPayload(bytes, frame) });
      }
    } catch (error) {
      this.options.log('warn', 'a part of the spool cannot be read', { reason: codeOf(error) });
    }
    this.loaded = { segment, bytes: segment.bytes, reports };
    return reports;
  }

  private cut(source: readonly SpooledReport[], maxReports: number, maxBytes: number): SpooledReport[] {
    const batch: SpooledReport[] = [];
    let bytes = 0;
    for (const report of source) {
      if (!this.pending.has(report.sequence)) continue;
      bytes += Buffer.byteLength(report.json) + 1;
      if (batch.length > 0 && bytes > maxBytes) break;
      batch.push(report);
      if (batch.length >= maxReports) break;
    }
    return batch;
  }

  private tidyMemory(): void {
    this.tail = this.tail.filter(({ sequence }) => this.pending.has(sequence));
    let bytes = this.tail.reduce((sum, entry) => sum + entry.bytes, 0);
    let evicted = 0;
    while (bytes > CACHE_BYTES && this.directory && this.tail[evicted]?.isSaved) {
      bytes -= this.tail[evicted++]!.bytes;
    }
    if (evicted > 0) this.tail = this.tail.slice(evicted);
  }

  /** Gives back the room of what was acknowledged. */
  private async tidyDisk(): Promise<void> {
    const { directory } = this;
    if (!directory) return;
    for (const segment of [...directory.segments]) {
      if (directory.isActive(segment) && segment.bytes < GIVE_BACK_BYTES) continue;
      if (this.pending.count(segment.first, segment.last) === 0) await directory.discard(segment);
    }
    await this.saveState();
  }

  private async saveState(): Promise<void> {
    const pending = this.pending.list(MAX_RANGES_SAVED);
    const state = { next: this.next, pending, ...this.losses };
    await this.directory?.saveState(state).catch(() => undefined);
  }

  private async limitDisk(): Promise<void> {
    const { maxBytes, maxAgeMs, now } = this.options;
    const { segments } = this.directory!;
    const oldestKept = now() - maxAgeMs;
    while (segments.length > 1 && (this.directory!.bytes > maxBytes || segments[0]!.newestAt < oldestKept)) {
      await this.dropOldestSegment(this.directory!.bytes > maxBytes ? 'full' : 'old');
    }
  }

  private async dropOldestSegment(why: string): Promise<void> {
    const segment = this.directory!.segments[0]!;
    await this.directory!.discard(segment);
    this.giveUp(segment.first, segment.last, why);
    await this.saveState();
  }

  /** When memory is full too: room on the disk is worth more than the oldest reports on it. */
  private async limitMemory(): Promise<void> {
    const isUnsaved = (entry: Entry): boolean => !entry.isSaved || this.options.path === undefined;
    let bytes = this.tail.reduce((sum, entry) => sum + (isUnsaved(entry) ? entry.bytes : 0), 0);
    if (bytes > UNSAVED_BYTES && (this.directory?.segments.length ?? 0) > 0) {
      await this.dropOldestSegment('full');
      this.retryAt = -Infinity;
    }
    while (bytes > UNSAVED_BYTES && this.tail.length > 1) {
      const { sequence, bytes: freed } = this.tail.shift()!;
      bytes -= freed;
      this.giveUp(sequence, sequence, 'full');
    }
  }

  private giveUp(from: number, to: number, why: string): void {
    const count = this.pending.remove(from, to);
    if (count === 0) return;
    if (this.dropped === 0 || why === 'unreadable') {
      this.options.log('warn', 'reports are given up: they will never reach the hub', { count, why });
    }
    this.dropped += count;
    this.droppedAt = this.options.now();
  }

  private noteProblem(error: unknown): void {
    this.retryAt = performance.now() + RETRY_MS;
    const code = codeOf(error);
    if (this.problem === undefined) {
      const { path } = this.options;
      const message = 'the spool cannot be written: reports are kept in memory only until it can be';
      this.options.log('warn', message, { path, reason: code });
    }
    this.problem = code;
  }
}

/** What of the files' content is still to be sent. */
function keepPending(present: readonly Range[], { next, pending }: SpoolState): Range[] {
  const open: Range[] = [...pending, [next, Number.MAX_SAFE_INTEGER]];
  return present.flatMap(([from, to]) =>
    open
      .map(([first, last]): Range => [Math.max(from, first), Math.min(to, last)])
      .filter(([first, last]) => first <= last),
  );
}

function isState(value: SpoolState): boolean {
  const isRange = (one: unknown): boolean =>
    Array.isArray(one) && one.length === 2 && one.every((end) => Number.isSafeInteger(end));
  const counts = [value.next, value.dropped, value.droppedAt, value.setAside];
  return (
    counts.every((one) => Number.isSafeInteger(one)) &&
    Array.isArray(value.pending) &&
    value.pending.every(isRange)
  );
}

function codeOf(error: unknown): string {
  return error instanceof SpoolInUseError ? 'in use' : ((error as NodeJS.ErrnoException).code ?? 'unknown');
}
