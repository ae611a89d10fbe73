/** Counts by name; the names are the hub's own and few, never what a user wrote. */
export class Tally<Name extends string = string> {
  private readonly counts = new Map<Name, number>();

  add(name: Name, count = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + count);
  }

  entries(): IterableIterator<[Name, number]> {
    return this.counts.entries();
  }
}
