import type { EdgeReading } from '../core/blocks/chart-piece.js';
import { counterIncrease } from '../core/model/counter-rate.js';
import { GAP_INTERVALS } from '../core/model/limits.js';
import type { MetricKind } from '../core/model/metric-catalog.js';
import type { HistoryPiece } from '../storage/history-reader.js';
import { Column } from './column.js';
import type { TimeGrid } from './time-grid.js';

export interface ChartSeries {
  readonly seriesKey: string;
  readonly unit: string | null;
  readonly column: Column;
}

interface OpenSeries {
  readonly column: Column;
  unit: string | null;
  /** A counter's last reading so far. */
  last: EdgeReading | null;
}

/** The end of the reports seen so far. */
interface Tail {
  readonly slot: number;
  readonly lastAt: number;
  readonly intervalMs: number;
}

/** Puts the pieces of a monitor's history, of whatever tiers, onto a grid of buckets. */
export class ChartBuilder {
  /** A custom metric that becomes another kind is from then on what it is now: each kind has its own. */
  private readonly series = new Map<string, { kind: MetricKind; gauge?: OpenSeries; counter?: OpenSeries }>();
  /** Slots that lie empty between two reports that belong together, as [from, to]. */
  private readonly silences: [number, number][] = [];
  private tail: Tail | undefined;

  /** @param onSeries called for each series found, before it costs anything; may throw */
  constructor(
    private readonly grid: TimeGrid,
    private readonly hasExtremes: boolean,
    private readonly onSeries: () => void,
  ) {}

  /** Pieces come in time order; those before the range are worth giving: the first rate needs them. */
  add({ piece, seriesKeys, layout }: HistoryPiece): void {
    const { starts } = piece.slots;
    const [first, slots] = [this.grid.timestamps[0]!, this.grid.timestamps.length];
    const slotOf = Int32Array.from(starts, (start) => {
      const slot = (start - first) / this.grid.stepMs;
      return slot >= 0 && slot < slots ? slot : -1;
    });
    for (const key of seriesKeys) {
      const found = piece.series.get(key)!;
      const open = this.open(key, found.kind);
      open.unit = layout.unitOf(key);
      if (found.first) {
        const slot = slotOf[found.firstSlot]!;
        if (open.last && slot >= 0) addBorder(open.column, slot, open.last, found.first);
        open.last = found.last;
      }
      open.column.addPiece(found, slotOf);
    }
    this.noteSilences(piece.slots, slotOf);
  }

  /** The series that have any sample within the range, sorted by key. */
  finish(): ChartSeries[] {
    const found: ChartSeries[] = [];
    for (const [seriesKey, series] of this.series) {
      const { column, unit } = series[series.kind]!;
      for (const [from, to] of this.silences) column.carry(from, to);
      if (!column.isEmpty) found.push({ seriesKey, unit, column });
    }
    return found.sort((a, b) => (a.seriesKey < b.seriesKey ? -1 : 1));
  }

  private open(seriesKey: string, kind: MetricKind): OpenSeries {
    let series = this.series.get(seriesKey);
    if (!series) {
      this.onSeries();
      series = { kind };
      this.series.set(seriesKey, series);
    }
    series.kind = kind;
    series[kind] ??= {
      column: new Column(this.grid.timestamps.length, this.hasExtremes),
      ...{ unit: null, last: null },
    };
    return series[kind];
  }

  /**
   * Reports do not come on the grid's beat, so a narrow bucket may stay empty between two reports that
   * belong together. Up to the length of a gap it shows what the bucket before shows.
   */
  private noteSilences(slots: HistoryPiece['piece']['slots'], slotOf: Int32Array): void {
    for (let index = 0; index < slotOf.length; index++) {
      const slot = slotOf[index]!;
      const before = this.tail;
      if (before && before.slot >= 0 && slot - before.slot >= 2) {
        const intervalMs = Math.max(before.intervalMs, slots.firstIntervalMs[index]!);
        const silenceMs = slots.firstAt[index]! - before.lastAt;
        if (silenceMs <= GAP_INTERVALS * intervalMs) this.silences.push([before.slot, slot]);
      }
      this.tail = { slot, lastAt: slots.lastAt[index]!, intervalMs: slots.lastIntervalMs[index]! };
    }
  }
}

/** What a counter grew from the one piece to the other belongs to the later one. */
function addBorder(column: Column, slot: number, from: EdgeReading, to: EdgeReading): void {
  const increase = counterIncrease(from, to, Math.max(from.intervalMs, to.intervalMs));
  if (!Number.isNaN(increase)) column.addIncrease(slot, increase, to.at - from.at);
}
