import { formatSeriesKey } from './series-key.ts';

type Values = (number | null)[];

/** One series: `min` and `max` differ from `mean` only where points are buckets. */
export interface WindowColumn {
  mean: Values;
  min: Values;
  max: Values;
}

export interface SeriesAnswer {
  readonly timestamps: readonly (number | null)[];
  readonly resolutionSeconds: number;
  readonly columns: readonly {
    readonly metric: string;
    readonly labels: Readonly<Record<string, unknown>>;
    readonly mean: Values;
    readonly min: Values;
    readonly max: Values;
  }[];
}

const newColumn = (length: number): WindowColumn => ({
  mean: new Array<number | null>(length).fill(null),
  min: new Array<number | null>(length).fill(null),
  max: new Array<number | null>(length).fill(null),
});

/**
 * What the charts of one monitor show: points in the order of time, one per instant (epoch ms),
 * columns as long as `timestamps`, null where a series has no value.
 */
export class SeriesWindow {
  timestamps: number[] = [];
  readonly columns = new Map<string, WindowColumn>();
  readonly intervalMs: number;
  /** Length of a point in ms; 0 while points are the reports themselves. */
  bucketMs = 0;
  #reportsInLast = 1;

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  get lastAt(): number | undefined {
    return this.timestamps.at(-1);
  }

  /** Points further apart than this have a gap between them. */
  get gapMs(): number {
    return 2.5 * Math.max(this.intervalMs, this.bucketMs);
  }

  load(answer: SeriesAnswer): void {
    this.timestamps = [];
    this.columns.clear();
    const resolutionMs = answer.resolutionSeconds * 1000;
    this.bucketMs = resolutionMs > this.intervalMs * 1.2 ? resolutionMs : 0;
    this.#append(answer);
  }

  /** Puts an answer in the place of everything between its first and last instant; newer points stay. */
  merge(answer: SeriesAnswer): void {
    const first = answer.timestamps[0];
    const last = answer.timestamps.at(-1);
    if (typeof first !== 'number' || typeof last !== 'number') return;
    const newer = this.#copyAfter(last);
    const keep = this.timestamps.findIndex((at) => at >= first);
    if (keep >= 0) this.#cut(0, keep);
    this.#append(answer);
    if (newer) this.#append(newer);
  }

  /**
   * Adds a live report. Returns false for one that is already there or older than the last point;
   * within the last bucket it is merged into it.
   */
  addReport(at: number, keys: readonly string[], values: Values): boolean {
    const last = this.lastAt;
    if (last !== undefined && this.bucketMs > 0 && at >= last && at < last + this.bucketMs) {
      this.#mergeIntoLast(keys, values);
      return true;
    }
    if (last !== undefined && at <= last) return false;
    this.timestamps.push(this.#placeOf(at, last));
    this.#reportsInLast = 1;
    for (const column of this.columns.values()) {
      column.mean.push(null);
      column.min.push(null);
      column.max.push(null);
    }
    const index = this.timestamps.length - 1;
    keys.forEach((key, position) => {
      const column = this.#columnOf(key);
      column.mean[index] = column.min[index] = column.max[index] = values[position] ?? null;
    });
    return true;
  }

  /** Forgets what is older than `from`, but for one point, so that a line enters from the left edge. */
  trim(from: number): void {
    let start = 0;
    while (start + 1 < this.timestamps.length && this.timestamps[start + 1]! < from) start += 1;
    if (start > 0) this.#cut(start, this.timestamps.length);
  }

  keysOf(name: string): string[] {
    return [...this.columns.keys()].filter((key) => key === name || key.startsWith(`${name}{`));
  }

  /** The value of the last point. */
  lastValue(key: string): number | null {
    return this.columns.get(key)?.mean.at(-1) ?? null;
  }

  /** The newest value that is known, for what hardly changes: sizes and counts of hardware. */
  lastKnown(key: string): number | null {
    return this.columns.get(key)?.mean.findLast((value) => value !== null) ?? null;
  }

  /** Buckets keep the step of those that were loaded, so that a live one falls where the hub would put it. */
  #placeOf(at: number, last: number | undefined): number {
    if (this.bucketMs === 0) return at;
    const origin = last ?? 0;
    return origin + Math.floor((at - origin) / this.bucketMs) * this.bucketMs;
  }

  #mergeIntoLast(keys: readonly string[], values: Values): void {
    const index = this.timestamps.length - 1;
    this.#reportsInLast += 1;
    keys.forEach((key, position) => {
      const value = values[position];
      if (value === null || value === undefined) return;
      const column = this.#columnOf(key);
      const mean = column.mean[index] ?? value;
      column.mean[index] = mean + (value - mean) / this.#reportsInLast;
      column.min[index] = Math.min(column.min[index] ?? value, value);
      column.max[index] = Math.max(column.max[index] ?? value, value);
    });
  }

  #columnOf(key: string): WindowColumn {
    let column = this.columns.get(key);
    if (!column) {
      column = newColumn(this.timestamps.length);
      this.columns.set(key, column);
    }
    return column;
  }

  #copyAfter(instant: number): SeriesAnswer | undefined {
    const start = this.timestamps.findIndex((at) => at > instant);
    if (start < 0) return undefined;
    const columns = [...this.columns].map(([metric, { mean, min, max }]) => ({
      metric,
      labels: {},
      mean: mean.slice(start),
      min: min.slice(start),
      max: max.slice(start),
    }));
    return { timestamps: this.timestamps.slice(start), resolutionSeconds: 0, columns };
  }

  #append(answer: SeriesAnswer): void {
    const before = this.timestamps.length;
    for (const at of answer.timestamps) this.timestamps.push(at!);
    const length = this.timestamps.length;
    for (const { metric, labels, mean, min, max } of answer.columns) {
      const key = formatSeriesKey(metric, labels);
      if (!this.columns.has(key)) this.columns.set(key, newColumn(before));
      const column = this.columns.get(key)!;
      column.mean = column.mean.slice(0, before).concat(mean);
      column.min = column.min.slice(0, before).concat(min);
      column.max = column.max.slice(0, before).concat(max);
    }
    for (const column of this.columns.values()) {
      for (const values of [column.mean, column.min, column.max]) {
        while (values.length < length) values.push(null);
      }
    }
    // How many reports the last bucket holds is not told; its share of a full one is close.
    this.#reportsInLast = Math.max(1, Math.round(this.bucketMs / this.intervalMs / 2));
  }

  #cut(start: number, end: number): void {
    this.timestamps = this.timestamps.slice(start, end);
    for (const column of this.columns.values()) {
      column.mean = column.mean.slice(start, end);
      column.min = column.min.slice(start, end);
      column.max = column.max.slice(start, end);
    }
  }
}
