import type { ChartModel } from '../charts/chart-model.ts';
import { m } from '../paraglide/messages.js';
import type { SeriesWindow } from '../series/series-window.ts';
import { MACHINE_METRICS } from './machine-charts.ts';
import { main, pickDevices, pickLine, plain } from './pick-lines.ts';

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
  ...MACHINE_METRICS,
];

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
