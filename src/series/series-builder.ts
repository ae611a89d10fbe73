import { counterIncrease } from '../core/model/counter-rate.js';
import type { Layout } from '../core/model/layout.js';
import { GAP_INTERVALS } from '../core/model/limits.js';
import type { SeriesFilter } from '../core/model/present-report.js';
import type { StoredReport } from '../core/model/stored-report.js';
import { Column } from './column.js';
import type { TimeGrid } from './time-grid.js';

export interface BuiltColumn {
  readonly monitorId: string;
  readonly seriesKey: string;
  readonly unit: string | null;
  readonly column: Column;
}

/** A wanted series of a layout: where its value stands, and where it goes. */
interface PlannedSeries {
  readonly index: number;
  readonly column: Column;
}

/** The report that had a series last, and where. */
interface LastReading {
  report: StoredReport;
  index: number;
}

/**
 * Turns a monitor's reports, given in time order, into columns on a grid: counters as rates, gaps as NaN.
 * It keeps no reports but the last ones, so a range may be as long as it likes.
 */
export class SeriesBuilder {
  private readonly columns = new Map<string, BuiltColumn>();
  private readonly plans = new Map<Layout, PlannedSeries[]>();
  private readonly counters = new Map<string, LastReading>();
  private previous: StoredReport | null = null;

  /** @param onSeries called for each series found, before it costs anything; may throw */
  constructor(
    private readonly monitorId: string,
    private readonly isWanted: SeriesFilter,
    private readonly grid: TimeGrid,
    private readonly onSeries: () => void,
  ) {}

  /** Reports before the grid's range are worth giving: the first rate needs the one before it. */
  add(report: StoredReport): void {
    const before = this.previous;
    this.previous = report;
    const slot = this.grid.slotOf(report.at);
    if (slot >= 0) {
      for (const { index, column } of this.planOf(report.layout)) this.addValue(column, slot, index, report);
    }
    this.noteCounters(report);
    if (slot < 0) return;
    if (before && this.grid.isBucketed) this.bridgeShortSilence(before, report, slot);
  }

  /** The columns, sorted by series key. */
  finish(): BuiltColumn[] {
    return [...this.columns.values()].sort((a, b) => (a.seriesKey < b.seriesKey ? -1 : 1));
  }

  private planOf(layout: Layout): PlannedSeries[] {
    const known = this.plans.get(layout);
    if (known) return known;
    const plan: PlannedSeries[] = [];
    layout.seriesKeys.forEach((key, index) => {
      if (!this.isWanted(key)) return;
      plan.push({ index, column: this.columnOf(key, layout) });
    });
    this.plans.set(layout, plan);
    return plan;
  }

  private addValue(column: Column, slot: number, index: number, report: StoredReport): void {
    if (!report.layout.isCounter[index]) {
      column.addSample(slot, report.values[index]!, report.intervalMs);
      return;
    }
    // A report that did not have the series in between does not cut it off.
    const last = this.counters.get(report.layout.seriesKeys[index]!);
    if (last) addRate(column, slot, index, report, last);
  }

  private noteCounters(report: StoredReport): void {
    const { seriesKeys, isCounter } = report.layout;
    for (let index = 0; index < seriesKeys.length; index++) {
      if (!isCounter[index] || !this.isWanted(seriesKeys[index]!)) continue;
      const last = this.counters.get(seriesKeys[index]!);
      if (last) Object.assign(last, { report, index });
      else this.counters.set(seriesKeys[index]!, { report, index });
    }
  }

  private columnOf(seriesKey: string, layout: Layout): Column {
    const known = this.columns.get(seriesKey);
    if (known) return known.column;
    this.onSeries();
    const column = new Column(this.grid.timestamps.length);
    const { monitorId } = this;
    this.columns.set(seriesKey, { monitorId, seriesKey, unit: layout.unitOf(seriesKey), column });
    return column;
  }

  /**
   * Reports do not come on the grid's beat, so a narrow bucket may stay empty between two reports that
   * belong together. Up to the length of a gap it shows what the bucket before shows.
   */
  private bridgeShortSilence(before: StoredReport, report: StoredReport, to: number): void {
    const from = this.grid.slotOf(before.at);
    if (from < 0 || to - from < 2) return;
    if (report.at - before.at > GAP_INTERVALS * Math.max(report.intervalMs, before.intervalMs)) return;
    for (const { column } of this.columns.values()) column.carry(from, to);
  }
}

function addRate(column: Column, slot: number, index: number, report: StoredReport, last: LastReading): void {
  const before = last.report;
  const increase = counterIncrease(
    { at: before.at, bootId: before.bootId, value: before.values[last.index]! },
    { at: report.at, bootId: report.bootId, value: report.values[index]! },
    Math.max(report.intervalMs, before.intervalMs),
  );
  if (!Number.isNaN(increase)) column.addIncrease(slot, increase, report.at - before.at);
}
