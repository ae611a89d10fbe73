import { ByteCache } from './byte-cache.js';
import type { HotChunk } from './history-query.js';

/** Key, objects, the heads of two arrays. */
const CHUNK_OVERHEAD_BYTES = 600;
/** Of one monitor, the newest: what is sealed is never asked for again. Three hours and a few boots. */
const MAX_CHUNKS = 24;

type Chunks = ReadonlyMap<string, HotChunk>;

const NOTHING: Chunks = new Map();

/**
 * Hot reports that were read: whoever looks at a page asks for the same last hour again and again, and writing
 * it out is what costs Postgres most. Whether a chunk has grown is asked of the database each time.
 */
export class HotChunks {
  private readonly byMonitor: ByteCache<Chunks>;

  constructor(maxBytes: number) {
    this.byMonitor = new ByteCache(maxBytes);
  }

  get size(): number {
    return this.byMonitor.size;
  }

  /** What is known of a monitor; it stays as it is whatever is noted meanwhile. */
  list(monitorId: string): Chunks {
    return this.byMonitor.get(monitorId) ?? NOTHING;
  }

  /** @param found what was read now; it replaces those of the same keys */
  note(monitorId: string, known: Chunks, found: readonly HotChunk[]): void {
    if (found.every((chunk) => known.get(chunk.key) === chunk)) return;
    const all = new Map(known);
    for (const chunk of found) all.set(chunk.key, chunk);
    const newest = [...all.values()].sort((a, b) => b.ats[0]! - a.ats[0]!).slice(0, MAX_CHUNKS);
    const bytes = newest.reduce(
      (sum, { ats, values }) => sum + ats.byteLength + values.byteLength + CHUNK_OVERHEAD_BYTES,
      0,
    );
    this.byMonitor.set(monitorId, new Map(newest.map((chunk) => [chunk.key, chunk])), bytes);
  }
}
