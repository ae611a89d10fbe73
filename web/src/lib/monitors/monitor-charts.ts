import type { ChartLine, ChartModel } from '../charts/chart-model.ts';
import { m } from '../paraglide/messages.js';
import { parseSeriesKey } from '../series/series-key.ts';
import type { SeriesWindow } from '../series/series-window.ts';

/** Everything the page of a monitor shows, asked for by name: every device's series comes with it. */
export const PAGE_METRICS = [
  'cpu.usagePercent',
  'cpu.userPercent',
  'cpu.systemPercent',
  'cpu.iowaitPercent',
  'cpu.cores',
  'cpu.load1',
  'cpu.load5',
  'cpu.load15',
  'memory.usagePercent',
  'memory.usedBytes',
  'memory.totalBytes',
  'memory.swapTotalBytes',
  'memory.swapUsedBytes',
  'storage.usagePercent',
  'storage.usedBytes',
  'storage.totalBytes',
  'network.bytesReceived',
  'network.bytesSent',
];

const MOST_DEVICES = 5;

function pickLine(window: SeriesWindow, key: string, line: Omit<ChartLine, 'key' | 'column'>): ChartLine[] {
  const column = window.columns.get(key);
  return column && column.mean.some((value) => value !== null) ? [{ key, column, ...line }] : [];
}

const plain = { isMain: false, isMirrored: false };
const main = { isMain: true, isMirrored: false };

export function buildCpuChart(window: SeriesWindow): ChartModel {
  const lines = [
    ...pickLine(window, 'cpu.usagePercent', { label: m.cpu_usage(), color: 0, ...main }),
    ...pickLine(window, 'cpu.userPercent', { label: m.cpu_user(), color: 1, ...plain }),
    ...pickLine(window, 'cpu.systemPercent', { label: m.cpu_system(), color: 2, ...plain }),
    ...pickLine(window, 'cpu.iowaitPercent', { label: m.cpu_iowait(), color: 4, ...plain }),
  ];
  return { id: 'cpu', unit: 'percent', top: 100, lines };
}

export function buildMemoryChart(window: SeriesWindow): ChartModel {
  const total = window.lastKnown('memory.totalBytes');
  const hasSwap = (window.lastKnown('memory.swapTotalBytes') ?? 0) > 0;
  const lines = [
    ...pickLine(window, 'memory.usedBytes', { label: m.memory_used(), color: 0, ...main }),
    ...(hasSwap
      ? pickLine(window, 'memory.swapUsedBytes', { label: m.memory_swap_used(), color: 4, ...plain })
      : []),
  ];
  return { id: 'memory', unit: 'bytes', top: total, lines };
}

export function buildStorageChart(window: SeriesWindow): ChartModel {
  const keys = pickDevices(window, ['storage.usagePercent'], 'mount');
  const lines = keys.flatMap((mount, color) =>
    pickLine(window, mount.keys[0]!, { label: mount.device, color, ...plain, isMain: keys.length === 1 }),
  );
  return { id: 'storage', unit: 'percent', top: 100, lines };
}

export function buildNetworkChart(window: SeriesWindow): ChartModel {
  const interfaces = pickDevices(window, ['network.bytesReceived', 'network.bytesSent'], 'interface');
  const lines = interfaces.flatMap(({ device, keys: [received, sent] }, color) => [
    ...pickLine(window, received!, { label: device, color, ...main }),
    ...pickLine(window, sent!, { label: device, color, isMain: true, isMirrored: true }),
  ]);
  return { id: 'network', unit: 'bytesPerSecond', top: null, lines };
}

interface Device {
  readonly device: string;
  readonly keys: readonly string[];
}

/** The devices with the highest values, in the order of their names, so that a colour stays. */
function pickDevices(window: SeriesWindow, names: readonly string[], label: string): Device[] {
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
