import { counterIncrease } from '../core/model/counter-rate.js';
import { GAP_INTERVALS } from '../core/model/limits.js';
import type { SeriesFilter } from '../core/model/present-report.js';
import type { StoredReport } from '../core/model/stored-report.js';
import { Column } from './column.js';
import type { TimeGrid } from './time-grid.js';

/** The reports of one monitor within the range, in time order, with some before it so that the first rate is known. */
export interface MonitorReports {
  readonly monitorId: string;
  readonly reports: readonly StoredReport[];
}

export interface BuiltColumn {
  readonly monitorId: string;
  readonly seriesKey: string;
  readonly unit: string | null;
  readonly column: Column;
}

/** A monitor's reports as columns on a grid: counters as rates, gaps as NaN. */
export function buildColumns(
  { monitorId, reports }: MonitorReports,
  isWanted: SeriesFilter,
  grid: TimeGrid,
): BuiltColumn[] {
  const byKey = new Map<string, BuiltColumn>();
  let previous: StoredReport | null = null;
  for (const report of reports) {
    const slot = grid.slotOf(report.at);
    if (slot >= 0) addReport(report, previous, slot);
    previous = report;
  }
  const columns = [...byKey.values()].sort((a, b) => (a.seriesKey < b.seriesKey ? -1 : 1));
  if (grid.isBucketed) bridgeShortSilences(columns, reports, grid);
  return columns;

  function addReport(report: StoredReport, before: StoredReport | null, slot: number): void {
    const { layout, values } = report;
    for (let index = 0; index < values.length; index++) {
      const key = layout.seriesKeys[index]!;
      let built = byKey.get(key);
      if (!built) {
        if (!isWanted(key)) continue;
        built = {
          monitorId,
          seriesKey: key,
          unit: layout.unitOf(key),
          column: new Column(grid.timestamps.length),
        };
        byKey.set(key, built);
      }
      if (!layout.isCounter[index]) built.column.addSample(slot, values[index]!, report.intervalMs);
      else if (before) addRate(built.column, slot, index, report, before);
    }
  }
}

function addRate(
  column: Column,
  slot: number,
  index: number,
  report: StoredReport,
  before: StoredReport,
): void {
  const indexBefore =
    before.layout === report.layout ? index : before.layout.indexOf(report.layout.seriesKeys[index]!);
  if (indexBefore < 0) return;
  const increase = counterIncrease(
    { at: before.at, bootId: before.bootId, value: before.values[indexBefore]! },
    { at: report.at, bootId: report.bootId, value: report.values[index]! },
    Math.max(report.intervalMs, before.intervalMs),
  );
  if (!Number.isNaN(increase)) column.addIncrease(slot, increase, report.at - before.at);
}

/**
 * Reports do not come on the grid's beat, so a narrow bucket may stay empty between two reports that
 * belong together. Up to the length of a gap it shows what the bucket before shows.
 */
function bridgeShortSilences(
  columns: readonly BuiltColumn[],
  reports: readonly StoredReport[],
  grid: TimeGrid,
): void {
  for (let index = 1; index < reports.length; index++) {
    const before = reports[index - 1]!;
    const report = reports[index]!;
    const from = grid.slotOf(before.at);
    const to = grid.slotOf(report.at);
    if (from < 0 || to - from < 2) continue;
    if (report.at - before.at > GAP_INTERVALS * Math.max(report.intervalMs, before.intervalMs)) continue;
    for (const { column } of columns) column.carry(from, to);
  }
}
