import { Layout } from '../model/layout.js';
import type { StoredReport } from '../model/stored-report.js';

/**
 * A run of one monitor's reports as columns: what a sealed block and a handful of hot rows have in common.
 * Whoever reads history reads runs, and only the columns that it wants.
 */
export interface SampleRun {
  readonly layout: Layout;
  /** Epoch milliseconds, ascending, each once. */
  readonly ats: Float64Array;
  bootIdAt(index: number): string | null;
  intervalMsAt(index: number): number;
  /** Values of the layout's n-th series beside `ats`; NaN = the report did not have it. */
  readColumn(seriesIndex: number): Float64Array;
}

/** Reports that share one layout, as a run. */
export function runOfReports(layout: Layout, reports: readonly StoredReport[]): SampleRun {
  return {
    layout,
    ats: Float64Array.from(reports, (report) => report.at),
    bootIdAt: (index) => reports[index]!.bootId,
    intervalMsAt: (index) => reports[index]!.intervalMs,
    readColumn: (seriesIndex) => Float64Array.from(reports, (report) => report.values[seriesIndex]!),
  };
}

/** Reports in time order, cut where the layout changes. */
export function runsOfReports(reports: readonly StoredReport[]): SampleRun[] {
  const runs: SampleRun[] = [];
  let first = 0;
  for (let index = 1; index <= reports.length; index++) {
    if (index < reports.length && reports[index]!.layout === reports[first]!.layout) continue;
    runs.push(runOfReports(reports[first]!.layout, reports.slice(first, index)));
    first = index;
  }
  return runs;
}

/**
 * Puts runs into time order. Where two overlap in time (late reports that wait to be merged into their
 * block), they are interleaved into one; an instant that stands in both counts once, the first kept.
 */
export function orderRuns(runs: readonly SampleRun[]): SampleRun[] {
  const filled = runs.filter((run) => run.ats.length > 0).sort((a, b) => a.ats[0]! - b.ats[0]!);
  const ordered: SampleRun[] = [];
  for (const run of filled) {
    const last = ordered.at(-1);
    if (last && last.ats.at(-1)! >= run.ats[0]!) ordered[ordered.length - 1] = interleave(last, run);
    else ordered.push(run);
  }
  return ordered;
}

function interleave(a: SampleRun, b: SampleRun): SampleRun {
  // Of each instant: which run it comes from, and where it stands there.
  const picks: [SampleRun, number][] = [];
  let i = 0;
  let j = 0;
  while (i < a.ats.length || j < b.ats.length) {
    const atA = i < a.ats.length ? a.ats[i]! : Infinity;
    const atB = j < b.ats.length ? b.ats[j]! : Infinity;
    if (atA <= atB) picks.push([a, i++]);
    else picks.push([b, j++]);
    if (atA === atB) j++;
  }
  const layout = a.layout === b.layout ? a.layout : unionLayout(a.layout, b.layout);
  return {
    layout,
    ats: Float64Array.from(picks, ([run, index]) => run.ats[index]!),
    bootIdAt: (position) => picks[position]![0].bootIdAt(picks[position]![1]),
    intervalMsAt: (position) => picks[position]![0].intervalMsAt(picks[position]![1]),
    readColumn: (seriesIndex) => {
      const key = layout.seriesKeys[seriesIndex]!;
      const columnA = readByKey(a, key);
      const columnB = readByKey(b, key);
      return Float64Array.from(picks, ([run, index]) => (run === a ? columnA : columnB)?.[index] ?? NaN);
    },
  };
}

function readByKey(run: SampleRun, key: string): Float64Array | undefined {
  const index = run.layout.indexOf(key);
  return index < 0 ? undefined : run.readColumn(index);
}

/** A layout that exists only in memory: it holds the series of both. */
function unionLayout(a: Layout, b: Layout): Layout {
  const keys = [...new Set([...a.seriesKeys, ...b.seriesKeys])].sort();
  return new Layout(-1, keys, { ...a.definitions, ...b.definitions });
}
