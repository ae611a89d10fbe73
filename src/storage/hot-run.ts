import type { SampleRun } from '../core/blocks/sample-run.js';
import type { Layout } from '../core/model/layout.js';
import type { ReportGroup } from './report-groups.js';

/** Groups as columns, one run for those that follow each other and are alike. */
export function toHotRuns(groups: readonly ReportGroup[], layouts: ReadonlyMap<number, Layout>): SampleRun[] {
  return joinFollowing(groups).map((group) => toHotRun(group, layouts.get(group.layoutId)!));
}

function toHotRun({ ats, values, bootId, intervalMs }: ReportGroup, layout: Layout): SampleRun {
  const width = layout.seriesKeys.length;
  return {
    layout,
    ats,
    bootIdAt: () => bootId,
    intervalMsAt: () => intervalMs,
    readColumn: (series) => {
      const column = new Float64Array(ats.length);
      for (let row = 0; row < column.length; row++) column[row] = values[row * width + series]!;
      return column;
    },
  };
}

function joinFollowing(groups: readonly ReportGroup[]): ReportGroup[] {
  const rows: ReportGroup[][] = [];
  for (const group of groups.toSorted((a, b) => a.ats[0]! - b.ats[0]!)) {
    const row = rows.find(([first]) => isAlike(first!, group));
    const last = row?.at(-1);
    if (row && last!.ats.at(-1)! < group.ats[0]!) row.push(group);
    else rows.push([group]);
  }
  return rows.map((row) => ({
    ...row[0]!,
    ats: concat(row.map(({ ats }) => ats)),
    values: concat(row.map(({ values }) => values)),
  }));
}

function isAlike(a: ReportGroup, b: ReportGroup): boolean {
  return a.layoutId === b.layoutId && a.bootId === b.bootId && a.intervalMs === b.intervalMs;
}

function concat(parts: readonly Float64Array[]): Float64Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
