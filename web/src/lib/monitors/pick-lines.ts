import type { ChartLine } from '../charts/chart-model.ts';
import { parseSeriesKey } from '../series/series-key.ts';
import type { SeriesWindow } from '../series/series-window.ts';

const MOST_DEVICES = 5;

/** The line of a series, if it has any value in the window. */
export function pickLine(
  window: SeriesWindow,
  key: string,
  line: Omit<ChartLine, 'key' | 'column'>,
): ChartLine[] {
  const column = window.columns.get(key);
  return column && column.mean.some((value) => value !== null) ? [{ key, column, ...line }] : [];
}

export const plain = { isMain: false, isMirrored: false };
export const main = { isMain: true, isMirrored: false };

export interface Device {
  readonly device: string;
  readonly keys: readonly string[];
}

/** The devices with the highest values, in the order of their names, so that a colour stays. */
export function pickDevices(window: SeriesWindow, names: readonly string[], label: string): Device[] {
  const peaks = new Map<string, number>();
  for (const key of names.flatMap((name) => window.keysOf(name))) {
    const device = parseSeriesKey(key).labels[label];
    if (device === undefined) continue;
    const peak = window.columns.get(key)!.max.reduce<number>((high, value) => Math.max(high, value ?? 0), 0);
    peaks.set(device, Math.max(peaks.get(device) ?? 0, peak));
  }
  return [...peaks]
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_DEVICES)
    .map(([device]) => device)
    .sort((a, b) => a.localeCompare(b))
    .map((device) => ({ device, keys: names.map((name) => findKey(window, name, label, device)) }));
}

function findKey(window: SeriesWindow, name: string, label: string, device: string): string {
  return window.keysOf(name).find((key) => parseSeriesKey(key).labels[label] === device) ?? '';
}
