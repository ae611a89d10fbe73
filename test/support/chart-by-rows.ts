import { counterIncrease } from '../../src/core/model/counter-rate.js';
import { GAP_INTERVALS } from '../../src/core/model/limits.js';
import type { StoredReport } from '../../src/core/model/stored-report.js';

/** One bucket of one series. */
interface Slot {
  values: number[];
  weights: number[];
  coveredMs: number;
}

/** What a chart shows of a series; null = nothing known. */
export type ChartNumbers = Record<'mean' | 'min' | 'max' | 'coverage', (number | null)[]>;

/**
 * A chart as its definition says it, report by report and bucket by bucket: slow, plain, and what every quicker
 * way has to agree with.
 */
export function chartByRows(
  reports: readonly StoredReport[],
  start: number,
  stepMs: number,
  slots: number,
): Map<string, ChartNumbers> {
  const series = new Map<string, Slot[]>();
  const readings = new Map<string, StoredReport>();
  const carried: [number, number][] = [];
  reports.forEach((report, position) => {
    const slot = Math.floor((report.at - start) / stepMs);
    report.layout.seriesKeys.forEach((key, index) => {
      const columns = series.get(key) ?? Array.from({ length: slots }, makeSlot);
      series.set(key, columns);
      const before = readings.get(key);
      if (report.layout.isCounter[index]) readings.set(key, report);
      const target = columns[slot];
      if (!target) return;
      if (!report.layout.isCounter[index]) note(target, report.values[index]!, 1, report.intervalMs);
      else if (before) noteRate(target, key, before, report);
    });
    const before = reports[position - 1];
    if (!before) return;
    const from = Math.floor((before.at - start) / stepMs);
    const isGap = report.at - before.at > GAP_INTERVALS * Math.max(report.intervalMs, before.intervalMs);
    if (!isGap && from >= 0 && slot < slots && slot - from >= 2) carried.push([from, slot]);
  });
  const charts = [...series].map(([key, columns]) => [key, show(columns, carried, stepMs)] as const);
  return new Map(
    charts
      .filter(([, { mean }]) => mean.some((value) => value !== null))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const makeSlot = (): Slot => ({ values: [], weights: [], coveredMs: 0 });

function note(slot: Slot, value: number, weight: number, coveredMs: number): void {
  slot.values.push(value);
  slot.weights.push(weight);
  slot.coveredMs += coveredMs;
}

function noteRate(slot: Slot, key: string, before: StoredReport, report: StoredReport): void {
  const read = ({ at, bootId, values, layout }: StoredReport) => ({
    at,
    bootId,
    value: values[layout.indexOf(key)]!,
  });
  const intervalMs = Math.max(report.intervalMs, before.intervalMs);
  const increase = counterIncrease(read(before), read(report), intervalMs);
  const elapsedMs = report.at - before.at;
  if (!Number.isNaN(increase)) note(slot, (increase * 1000) / elapsedMs, elapsedMs, elapsedMs);
}

function show(columns: Slot[], carried: readonly [number, number][], stepMs: number): ChartNumbers {
  for (const [from, to] of carried) {
    for (let slot = from + 1; slot < to; slot++) columns[slot] = { ...columns[from]!, coveredMs: 0 };
  }
  const each = (numberOf: (slot: Slot) => number) => columns.map((slot) => toNumber(numberOf(slot)));
  const orNaN = (number: number): number => (Number.isFinite(number) ? number : NaN);
  return {
    mean: each(({ values, weights }) => {
      const total = values.reduce((sum, value, index) => sum + value * weights[index]!, 0);
      return total / weights.reduce((sum, weight) => sum + weight, 0);
    }),
    min: each(({ values }) => orNaN(Math.min(...values))),
    max: each(({ values }) => orNaN(Math.max(...values))),
    coverage: each(({ coveredMs }) => Math.min(1, coveredMs / stepMs)),
  };
}

/** NaN, which JSON has not, as null. */
export function toNumber(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** Where two charts say different things; means agree to nine digits, which is how many a chart gives. */
export function listDifferences(
  found: ReadonlyMap<string, ChartNumbers>,
  expected: ReadonlyMap<string, ChartNumbers>,
): string[] {
  const keys = new Set([...found.keys(), ...expected.keys()]);
  return [...keys].flatMap((key) =>
    (['mean', 'min', 'max', 'coverage'] as const).flatMap((name) => {
      const [ours, theirs] = [found.get(key)?.[name] ?? [], expected.get(key)?.[name] ?? []];
      const slots = Array.from({ length: Math.max(ours.length, theirs.length) }, (_, slot) => slot);
      return slots
        .filter((slot) => !isSame(ours[slot], theirs[slot]))
        .map((slot) => `${key} ${name}[${slot}]: ${ours[slot]}, not ${theirs[slot]}`);
    }),
  );
}

function isSame(found: number | null | undefined, expected: number | null | undefined): boolean {
  if (typeof found !== 'number' || typeof expected !== 'number') return found === expected;
  return Math.abs(found - expected) <= 5e-9 * Math.abs(expected);
}
