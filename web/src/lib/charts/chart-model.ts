import type { ChartUnit } from '../format/units.ts';
import type { SeriesWindow, WindowColumn } from '../series/series-window.ts';

export interface ChartLine {
  readonly key: string;
  readonly label: string;
  /** Place in the palette; the same entity keeps its colour everywhere. */
  readonly color: number;
  readonly column: WindowColumn;
  /** Area below the line, and the min–max band where points are buckets. */
  readonly isMain: boolean;
  /** Drawn below zero: the sent half of a mirrored chart. */
  readonly isMirrored: boolean;
}

export interface ChartModel {
  readonly id: string;
  readonly unit: ChartUnit;
  readonly lines: readonly ChartLine[];
  /** Fixed upper end of the y axis, where the unit has one. */
  readonly top: number | null;
}

type Values = (number | null)[];

/** One array of x (seconds), then per line its mean and, for a main line in buckets, max and min. */
export interface ChartData {
  readonly arrays: [number[], ...Values[]];
  readonly isBanded: boolean;
}

const negate = (values: Values): Values => values.map((value) => (value === null ? null : -value));

/**
 * Lays the window out for the plot. Where two points are further apart than a gap, a row of nulls
 * goes between them: the line breaks there instead of crossing.
 */
export function layOutChartData(window: SeriesWindow, lines: readonly ChartLine[]): ChartData {
  const { timestamps, gapMs } = window;
  const isBanded = window.bucketMs > 0;
  const rows: (number | null)[] = [];
  const x: number[] = [];
  timestamps.forEach((at, index) => {
    const previous = timestamps[index - 1];
    if (previous !== undefined && at - previous > gapMs) {
      x.push((previous + at) / 2000);
      rows.push(null);
    }
    x.push(at / 1000);
    rows.push(index);
  });
  const pick = (values: Values): Values => rows.map((row) => (row === null ? null : (values[row] ?? null)));
  const arrays: [number[], ...Values[]] = [x];
  for (const { column, isMain, isMirrored } of lines) {
    const sources = isMain && isBanded ? [column.mean, column.max, column.min] : [column.mean];
    for (const source of sources) arrays.push(isMirrored ? negate(pick(source)) : pick(source));
  }
  return { arrays, isBanded };
}

export interface LineSummary {
  readonly now: number;
  readonly min: number;
  readonly max: number;
  readonly maxAt: number;
  /** Last tenth of the time against the one before it, in parts of the whole span of values. */
  readonly trend: 'rising' | 'falling' | 'steady';
}

export function summariseLine(timestamps: readonly number[], column: WindowColumn): LineSummary | undefined {
  let now: number | undefined;
  let min = Infinity;
  let max = -Infinity;
  let maxAt = 0;
  column.mean.forEach((mean, index) => {
    if (mean === null) return;
    now = mean;
    min = Math.min(min, column.min[index] ?? mean);
    const high = column.max[index] ?? mean;
    if (high > max) {
      max = high;
      maxAt = timestamps[index]!;
    }
  });
  if (now === undefined) return undefined;
  return { now, min, max, maxAt, trend: findTrend(column.mean, max - min) };
}

function findTrend(values: Values, span: number): LineSummary['trend'] {
  const known = values.filter((value) => value !== null);
  const part = Math.max(1, Math.floor(known.length / 10));
  const average = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  if (known.length < 2 * part || span === 0) return 'steady';
  const change = average(known.slice(-part)) - average(known.slice(-2 * part, -part));
  if (Math.abs(change) < span * 0.1) return 'steady';
  return change > 0 ? 'rising' : 'falling';
}

export function countPoints(lines: readonly ChartLine[]): number {
  const first = lines[0];
  return first ? first.column.mean.reduce<number>((count, value) => count + (value === null ? 0 : 1), 0) : 0;
}
