import type { SampleRun } from '../core/blocks/sample-run.js';
import { counterIncrease } from '../core/model/counter-rate.js';
import type { SeriesFilter } from '../core/model/present-report.js';
import type { ExactGrid, ExactRows } from './time-grid.js';

export interface ExactSeries {
  readonly seriesKey: string;
  readonly unit: string | null;
  /** A gauge as it was reported, a counter as its rate per second; NaN = not known. */
  readonly values: Float64Array;
}

interface OpenSeries {
  unit: string | null;
  /** Made when the first report of the range has the series. */
  values: Float64Array | undefined;
  /** A counter's last reading so far: also one before the range, and of a report that lies runs back. */
  last: Reading | undefined;
}

interface Reading {
  readonly run: SampleRun;
  readonly row: number;
  readonly value: number;
}

/**
 * The series of reports at their own instants, sorted by key.
 * @param runs in time order; those before the grid's range are worth giving: the first rate needs them
 * @param onSeries called for each series found, before it costs anything; may throw
 */
export function exactChart(
  runs: readonly SampleRun[],
  grid: ExactGrid,
  isWanted: SeriesFilter,
  onSeries: () => void,
): ExactSeries[] {
  const series = new Map<string, OpenSeries>();
  const makeValues = (): Float64Array => {
    onSeries();
    return new Float64Array(grid.timestamps.length).fill(NaN);
  };
  runs.forEach((run, position) => {
    run.layout.seriesKeys.forEach((key, index) => {
      if (!isWanted(key)) return;
      const open = series.get(key) ?? { unit: null, values: undefined, last: undefined };
      series.set(key, open);
      open.unit = run.layout.unitOf(key);
      addRun(open, run, index, grid.rows[position]!, makeValues);
    });
  });
  const found: ExactSeries[] = [];
  for (const [seriesKey, { unit, values }] of series) if (values) found.push({ seriesKey, unit, values });
  return found.sort((a, b) => (a.seriesKey < b.seriesKey ? -1 : 1));
}

function addRun(
  open: OpenSeries,
  run: SampleRun,
  index: number,
  { begin, slotOf }: ExactRows,
  makeValues: () => Float64Array,
): void {
  const column = run.readColumn(index);
  const isCounter = run.layout.isCounter[index] === 1;
  // What lies before the range tells a counter's first rate, and nothing else.
  for (let row = isCounter ? 0 : begin; row < begin + slotOf.length; row++) {
    const value = column[row]!;
    if (Number.isNaN(value)) continue;
    if (row >= begin) {
      open.values ??= makeValues();
      const slot = slotOf[row - begin]!;
      if (!isCounter) open.values[slot] = value;
      else if (open.last) open.values[slot] = rateBetween(open.last, run, row, value);
    }
    if (isCounter) open.last = { run, row, value };
  }
}

function rateBetween(last: Reading, run: SampleRun, row: number, value: number): number {
  const [fromAt, at] = [last.run.ats[last.row]!, run.ats[row]!];
  const increase = counterIncrease(
    { at: fromAt, bootId: last.run.bootIdAt(last.row), value: last.value },
    { at, bootId: run.bootIdAt(row), value },
    Math.max(last.run.intervalMsAt(last.row), run.intervalMsAt(row)),
  );
  return (increase * 1000) / (at - fromAt);
}
