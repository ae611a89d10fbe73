import { counterRate } from './counter-rate.js';
import { formatSeriesKey, metricNameOf, parseSeriesKey } from './series-key.js';
import type { StoredReport } from './stored-report.js';

/**
 * A report as people read it: gauges as they are, counters as rates per second since the report before
 * (NaN = not known). `values[i]` belongs to `metrics[i]`.
 */
export interface PresentedReport {
  readonly metrics: readonly string[];
  readonly values: Float64Array;
}

/** Says which series of a monitor are wanted: exact keys, and names that stand for all their series. */
export type SeriesFilter = (seriesKey: string) => boolean;

/** `metrics` as asked for over the API: undefined means everything. */
export function makeSeriesFilter(metrics: readonly string[] | null | undefined): SeriesFilter {
  if (!metrics) return () => true;
  const wanted = new Set(metrics.map(spellAsKept));
  return (key) => wanted.has(key) || wanted.has(metricNameOf(key));
}

/** People write labels in any order and letters in any composition; a kept key has one spelling. */
function spellAsKept(metric: string): string {
  const parsed = parseSeriesKey(metric.normalize('NFC'));
  return parsed ? formatSeriesKey(parsed.name, parsed.labels) : metric;
}

export function presentReport(
  report: StoredReport,
  previous: StoredReport | null,
  isWanted: SeriesFilter,
): PresentedReport {
  const keys = report.layout.seriesKeys;
  const picked: number[] = [];
  for (let index = 0; index < keys.length; index++) if (isWanted(keys[index]!)) picked.push(index);
  const values = new Float64Array(picked.length);
  picked.forEach((index, position) => {
    values[position] = report.layout.isCounter[index]
      ? rateOf(report, previous, index)
      : report.values[index]!;
  });
  return { metrics: picked.map((index) => keys[index]!), values };
}

function rateOf(report: StoredReport, previous: StoredReport | null, index: number): number {
  if (!previous) return NaN;
  const before =
    previous.layout === report.layout ? index : previous.layout.indexOf(report.layout.seriesKeys[index]!);
  if (before < 0) return NaN;
  return counterRate(
    { at: previous.at, bootId: previous.bootId, value: previous.values[before]! },
    { at: report.at, bootId: report.bootId, value: report.values[index]! },
    Math.max(report.intervalMs, previous.intervalMs),
  );
}
