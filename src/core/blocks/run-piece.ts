import { counterIncrease } from '../model/counter-rate.js';
import { GAP_INTERVALS } from '../model/limits.js';
import {
  counterPiece,
  gaugePiece,
  type PieceSeries,
  type PieceSlots,
  SlotExtremes,
  SlotSums,
} from './chart-piece.js';
import type { SampleRun } from './sample-run.js';

/** Which of a run's reports a piece takes: those from `fromAt` on and before `untilAt`. */
export interface PieceSpan {
  readonly stepMs: number;
  readonly fromAt: number;
  readonly untilAt: number;
}

/** Puts reports, as they came, onto the steps of a chart; series by series, as they are asked for. */
export class RunPieceMaker {
  readonly slots: PieceSlots;
  private readonly begin: number;
  /** For each row of the piece its slot. */
  private readonly slotOf: Int32Array;
  private readonly bootOf: Int32Array;
  private readonly bootIds: (string | null)[] = [];
  private readonly intervalOf: Float64Array;
  /** Of a series that every report has. */
  private readonly fullCount: Float64Array;
  private readonly fullCoveredMs: Float64Array;

  constructor(
    private readonly run: SampleRun,
    { stepMs, fromAt, untilAt }: PieceSpan,
  ) {
    const { ats } = run;
    let [begin, end] = [0, ats.length];
    while (begin < end && ats[begin]! < fromAt) begin++;
    while (end > begin && ats[end - 1]! >= untilAt) end--;
    this.begin = begin;
    this.slotOf = new Int32Array(end - begin);
    this.bootOf = new Int32Array(end - begin);
    this.intervalOf = new Float64Array(end - begin);
    const starts: number[] = [];
    for (let row = 0; row < this.slotOf.length; row++) {
      const at = ats[begin + row]!;
      const start = at - (at % stepMs);
      if (starts.length === 0 || starts[starts.length - 1] !== start) starts.push(start);
      this.slotOf[row] = starts.length - 1;
      this.bootOf[row] = this.placeBoot(run.bootIdAt(begin + row), row);
      this.intervalOf[row] = run.intervalMsAt(begin + row);
    }
    this.slots = this.describeSlots(Float64Array.from(starts));
    this.fullCount = new Float64Array(starts.length);
    this.fullCoveredMs = new Float64Array(starts.length);
    this.slotOf.forEach((slot, row) => {
      this.fullCount[slot]! += 1;
      this.fullCoveredMs[slot]! += this.intervalOf[row]!;
    });
  }

  /** @param index of the run's layout */
  make(index: number, hasExtremes: boolean): PieceSeries {
    const values = this.run.readColumn(index).subarray(this.begin, this.begin + this.slotOf.length);
    return this.run.layout.isCounter[index]
      ? this.makeCounter(values, hasExtremes)
      : this.makeGauge(values, hasExtremes);
  }

  private makeGauge(values: Float64Array, hasExtremes: boolean): PieceSeries {
    const { slotOf, intervalOf } = this;
    const slotCount = this.slots.starts.length;
    const sums = new SlotSums(slotCount);
    const extremes = hasExtremes ? new SlotExtremes(slotCount) : null;
    const isFull = !values.some(Number.isNaN);
    const weight = isFull ? this.fullCount : new Float64Array(slotCount);
    const coveredMs = isFull ? this.fullCoveredMs : new Float64Array(slotCount);
    for (let row = 0; row < values.length; row++) {
      const value = values[row]!;
      if (value !== value) continue;
      const slot = slotOf[row]!;
      sums.add(slot, value);
      if (!isFull) {
        weight[slot]! += 1;
        coveredMs[slot]! += intervalOf[row]!;
      }
      if (extremes) extremes.note(slot, value, value);
    }
    sums.flush();
    return gaugePiece(sums.sums, weight, coveredMs, extremes);
  }

  private makeCounter(values: Float64Array, hasExtremes: boolean): PieceSeries {
    const slotCount = this.slots.starts.length;
    const [total, weight] = [new Float64Array(slotCount), new Float64Array(slotCount)];
    const extremes = hasExtremes ? new SlotExtremes(slotCount) : null;
    const ats = this.run.ats.subarray(this.begin);
    let before = -1;
    let firstRow = -1;
    for (let row = 0; row < values.length; row++) {
      if (Number.isNaN(values[row]!)) continue;
      if (before >= 0) {
        const growth = this.growth(values, ats, before, row);
        if (growth === growth) {
          const elapsedMs = ats[row]! - ats[before]!;
          const slot = this.slotOf[row]!;
          total[slot]! += growth * 1000;
          weight[slot]! += elapsedMs;
          if (extremes) extremes.note(slot, (growth * 1000) / elapsedMs, (growth * 1000) / elapsedMs);
        }
      } else firstRow = row;
      before = row;
    }
    const edge = (row: number) =>
      row < 0
        ? null
        : {
            at: ats[row]!,
            value: values[row]!,
            bootId: this.bootIds[this.bootOf[row]!]!,
            intervalMs: this.intervalOf[row]!,
          };
    return counterPiece(total, weight, extremes, {
      first: edge(firstRow),
      firstSlot: firstRow < 0 ? -1 : this.slotOf[firstRow]!,
      last: edge(before),
    });
  }

  /** What a counter grew from one row to another, or NaN. */
  private growth(values: Float64Array, ats: Float64Array, before: number, row: number): number {
    const grown = values[row]! - values[before]!;
    const intervalMs = Math.max(this.intervalOf[before]!, this.intervalOf[row]!);
    const isSameBoot = this.bootOf[before] === this.bootOf[row];
    if (isSameBoot && grown >= 0 && ats[row]! - ats[before]! <= GAP_INTERVALS * intervalMs) return grown;
    return counterIncrease(
      { at: ats[before]!, bootId: this.bootIds[this.bootOf[before]!]!, value: values[before]! },
      { at: ats[row]!, bootId: this.bootIds[this.bootOf[row]!]!, value: values[row]! },
      intervalMs,
    );
  }

  private placeBoot(bootId: string | null, row: number): number {
    const before = row > 0 ? this.bootOf[row - 1]! : -1;
    if (before >= 0 && this.bootIds[before] === bootId) return before;
    const known = this.bootIds.indexOf(bootId);
    return known >= 0 ? known : this.bootIds.push(bootId) - 1;
  }

  private describeSlots(starts: Float64Array): PieceSlots {
    const { slotOf, intervalOf } = this;
    const make = (): Float64Array => new Float64Array(starts.length);
    const slots = {
      starts,
      firstAt: make(),
      lastAt: make(),
      firstIntervalMs: make(),
      lastIntervalMs: make(),
    };
    for (let row = 0; row < slotOf.length; row++) {
      const [slot, at] = [slotOf[row]!, this.run.ats[this.begin + row]!];
      if (row === 0 || slotOf[row - 1] !== slot) {
        slots.firstAt[slot] = at;
        slots.firstIntervalMs[slot] = intervalOf[row]!;
      }
      slots.lastAt[slot] = at;
      slots.lastIntervalMs[slot] = intervalOf[row]!;
    }
    return slots;
  }
}
