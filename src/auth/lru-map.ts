/**
 * A map that remembers at least the `capacity` entries that were used last, and at most twice as many.
 *
 * Two maps take turns: looking up what was used not long ago changes nothing, so that a look for each report costs
 * but one, and leaves nothing behind.
 */
export class LruMap<Key, Value> {
  private recent = new Map<Key, Value>();
  /** What was used before `recent` began, and perhaps in it, too: then `recent` is right. */
  private older = new Map<Key, Value>();

  constructor(private readonly capacity: number) {}

  get(key: Key): Value | undefined {
    const value = this.recent.get(key);
    if (value !== undefined) return value;
    const older = this.older.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: Key, value: Value): void {
    this.recent.set(key, value);
    if (this.recent.size < this.capacity) return;
    this.older = this.recent;
    this.recent = new Map();
  }

  delete(key: Key): void {
    this.recent.delete(key);
    this.older.delete(key);
  }

  clear(): void {
    this.recent.clear();
    this.older.clear();
  }

  /** Looks at every entry: for rare events, not for requests. */
  deleteWhere(matches: (value: Value) => boolean): void {
    for (const entries of [this.older, this.recent])
      for (const [key, value] of entries) if (matches(value)) entries.delete(key);
  }
}
