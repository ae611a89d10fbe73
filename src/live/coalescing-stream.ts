/**
 * A stream for one subscriber that never queues more than the latest value of each key: a reader that is
 * slow, or stops, misses intermediate values and costs no memory.
 *
 * Values noted between two reads are handed out together; a batch follows the one before no sooner than
 * `spacingMs` later. One reader reads it, one value after the other, as `for await` does.
 */
export class CoalescingStream<Key, Value> implements AsyncIterableIterator<ReadonlyMap<Key, Value>> {
  private pending = new Map<Key, Value>();
  private reader: ((result: IteratorResult<ReadonlyMap<Key, Value>>) => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private nextAt = 0;
  private isDone = false;

  /** @param onDone called once, when the subscriber is gone */
  constructor(
    private readonly spacingMs: number,
    private readonly onDone: () => void,
    /** Called for each value that a newer one of its key replaced before it was handed out. */
    private readonly onReplaced?: () => void,
  ) {}

  /** Whether the subscriber has gone. */
  get hasEnded(): boolean {
    return this.isDone;
  }

  /** @param merge what to keep when this key has a value waiting; the newer one by default */
  note(key: Key, value: Value, merge?: (waiting: Value, value: Value) => Value): void {
    if (this.isDone) return;
    const waiting = merge && this.pending.get(key);
    if (this.onReplaced && this.pending.has(key)) this.onReplaced();
    this.pending.set(key, waiting === undefined ? value : merge!(waiting, value));
    this.schedule();
  }

  next(): Promise<IteratorResult<ReadonlyMap<Key, Value>>> {
    if (this.isDone) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.reader = resolve;
      this.schedule();
    });
  }

  return(): Promise<IteratorResult<ReadonlyMap<Key, Value>>> {
    if (!this.isDone) {
      this.isDone = true;
      clearTimeout(this.timer);
      this.pending.clear();
      this.reader?.({ done: true, value: undefined });
      this.reader = undefined;
      this.onDone();
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private schedule(): void {
    if (!this.reader || this.pending.size === 0 || this.timer) return;
    // Even without spacing, what is noted in one turn of the event loop goes out as one batch.
    const waitMs = Math.max(0, this.nextAt - performance.now());
    this.timer = setTimeout(() => this.flush(), waitMs);
  }

  private flush(): void {
    this.timer = undefined;
    const { reader } = this;
    if (!reader || this.pending.size === 0) return;
    this.reader = undefined;
    const batch = this.pending;
    this.pending = new Map();
    // By a clock that nobody sets: set back an hour, the other one would hold the stream for that hour.
    this.nextAt = performance.now() + this.spacingMs;
    reader({ done: false, value: batch });
  }
}

/**
 * Hands out one after the other what `map` makes of each batch. When `map` fails the stream ends with
 * its error: nobody else would take it off its sources.
 */
export function flattenStream<Batch, Out>(
  source: AsyncIterableIterator<Batch>,
  map: (batch: Batch) => readonly Out[] | Promise<readonly Out[]>,
): AsyncIterableIterator<Out> {
  let waiting: Out[] = [];
  let isOver = false;
  const end = async (): Promise<IteratorResult<Out>> => {
    isOver = true;
    waiting = [];
    await source.return?.();
    return { done: true, value: undefined };
  };
  return {
    async next(): Promise<IteratorResult<Out>> {
      while (waiting.length === 0) {
        const read = isOver ? undefined : await source.next();
        if (!read || read.done) return end();
        try {
          waiting = [...(await map(read.value))];
        } catch (error) {
          await end();
          throw error;
        }
      }
      return { done: false, value: waiting.shift()! };
    },
    return: end,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
