/** Two sequences, both included. */
export type Range = readonly [from: number, to: number];

/** The sequences of the reports that the hub has not acknowledged: few ranges, however many reports. */
export class PendingRanges {
  private ranges: [number, number][];

  /** @param ranges in order, apart from each other */
  constructor(ranges: readonly Range[] = []) {
    this.ranges = ranges.map(([from, to]) => [from, to]);
  }

  get size(): number {
    return this.ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  }

  get first(): number | undefined {
    return this.ranges[0]?.[0];
  }

  has(sequence: number): boolean {
    return this.ranges.some(([from, to]) => from <= sequence && sequence <= to);
  }

  /** @param sequence greater than every one so far */
  add(sequence: number): void {
    const last = this.ranges.at(-1);
    if (last && last[1] === sequence - 1) last[1] = sequence;
    else this.ranges.push([sequence, sequence]);
  }

  /** @returns how many of them were pending */
  remove(from: number, to = from): number {
    let removed = 0;
    this.ranges = this.ranges.flatMap(([first, last]): [number, number][] => {
      const [low, high] = [Math.max(first, from), Math.min(last, to)];
      if (low > high) return [[first, last]];
      removed += high - low + 1;
      const before: [number, number] = [first, low - 1];
      const after: [number, number] = [high + 1, last];
      return [before, after].filter(([start, end]) => start <= end);
    });
    return removed;
  }

  count(from: number, to: number): number {
    let count = 0;
    for (const [first, last] of this.ranges)
      count += Math.max(0, Math.min(last, to) - Math.max(first, from) + 1);
    return count;
  }

  /** At most `most` ranges; beyond that neighbours become one, and what lies between them is sent again. */
  list(most: number): Range[] {
    const ranges = this.ranges.map(([from, to]): [number, number] => [from, to]);
    while (ranges.length > most) {
      let narrowest = 1;
      for (let index = 2; index < ranges.length; index++) {
        if (gapBefore(ranges, index) < gapBefore(ranges, narrowest)) narrowest = index;
      }
      const [, to] = ranges.splice(narrowest, 1)[0]!;
      ranges[narrowest - 1]![1] = to;
    }
    return ranges;
  }
}

function gapBefore(ranges: readonly Range[], index: number): number {
  return ranges[index]![0] - ranges[index - 1]![1];
}
