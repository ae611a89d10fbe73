import type { ChartLine, ChartModel } from '../charts/chart-model.ts';
import { formatCount } from '../format/units.ts';
import { m } from '../paraglide/messages.js';
import type { SeriesWindow } from '../series/series-window.ts';
import { main, pickDevices, pickLine, plain } from './pick-lines.ts';

/** What the second part of a monitor's page shows; a machine has only some of it. */
export const MACHINE_METRICS = [
  'disk.bytesRead',
  'disk.bytesWritten',
  'disk.busyPercent',
  'disk.awaitMilliseconds',
  'inodes.usagePercent',
  'temperature.celsius',
  'processes.total',
  'processes.running',
  'processes.blocked',
  'connections.established',
  'connections.timeWait',
  'connections.opening',
  'connections.closing',
  'connections.closeWait',
  'pressure.cpuSomePercent',
  'pressure.memorySomePercent',
  'pressure.ioSomePercent',
  'uptime.seconds',
  'cgroup.cpuUsagePercent',
  'cgroup.memoryUsagePercent',
  'cgroup.throttledPercent',
];

export interface MachineChart {
  readonly title: string;
  readonly headline?: string;
  readonly model: ChartModel;
}

/** Charts with something in them, in the order of the page. */
export function buildMachineCharts(window: SeriesWindow): MachineChart[] {
  const charts = [
    buildDiskTraffic(window),
    {
      title: m.disk_busy(),
      model: model('disk-busy', 'percent', 100, byDevice(window, 'disk.busyPercent', 'device')),
    },
    {
      title: m.disk_await(),
      model: model('disk-await', 'milliseconds', null, byDevice(window, 'disk.awaitMilliseconds', 'device')),
    },
    buildPressure(window),
    {
      title: m.temperatures(),
      model: model('temperature', 'celsius', null, byDevice(window, 'temperature.celsius', 'sensor')),
    },
    buildProcesses(window),
    buildConnections(window),
    {
      title: m.inodes(),
      model: model('inodes', 'percent', 100, byDevice(window, 'inodes.usagePercent', 'mount')),
    },
    buildContainer(window),
  ];
  return charts.filter(({ model: { lines } }) => lines.length > 0);
}

const model = (id: string, unit: ChartModel['unit'], top: number | null, lines: ChartLine[]): ChartModel => ({
  id,
  unit,
  top,
  lines,
});

function byDevice(window: SeriesWindow, metric: string, label: string): ChartLine[] {
  const devices = pickDevices(window, [metric], label);
  return devices.flatMap(({ device, keys }, color) =>
    pickLine(window, keys[0]!, { label: device, color, ...plain, isMain: devices.length === 1 }),
  );
}

function buildDiskTraffic(window: SeriesWindow): MachineChart {
  const disks = pickDevices(window, ['disk.bytesRead', 'disk.bytesWritten'], 'device');
  const lines = disks.flatMap(({ device, keys: [read, written] }, color) => [
    ...pickLine(window, read!, { label: device, color, ...main }),
    ...pickLine(window, written!, { label: device, color, isMain: true, isMirrored: true }),
  ]);
  return {
    title: m.disk_traffic(),
    headline: m.disk_directions(),
    model: model('disk-traffic', 'bytesPerSecond', null, lines),
  };
}

function buildPressure(window: SeriesWindow): MachineChart {
  const lines = [
    ...pickLine(window, 'pressure.cpuSomePercent', { label: m.cpu(), color: 0, ...plain }),
    ...pickLine(window, 'pressure.memorySomePercent', { label: m.memory(), color: 1, ...plain }),
    ...pickLine(window, 'pressure.ioSomePercent', { label: m.pressure_io(), color: 4, ...plain }),
  ];
  return {
    title: m.pressure(),
    headline: m.pressure_hint(),
    model: model('pressure', 'percent', 100, lines),
  };
}

function buildProcesses(window: SeriesWindow): MachineChart {
  const total = window.lastKnown('processes.total');
  const lines = [
    ...pickLine(window, 'processes.running', { label: m.processes_running(), color: 0, ...main }),
    ...pickLine(window, 'processes.blocked', { label: m.processes_blocked(), color: 4, ...plain }),
  ];
  return {
    title: m.processes(),
    headline: total === null ? '' : m.processes_in_all({ count: formatCount(total) }),
    model: model('processes', 'count', null, lines),
  };
}

function buildConnections(window: SeriesWindow): MachineChart {
  const lines = [
    ...pickLine(window, 'connections.established', {
      label: m.connections_established(),
      color: 0,
      ...main,
    }),
    ...pickLine(window, 'connections.timeWait', { label: m.connections_time_wait(), color: 1, ...plain }),
    ...pickLine(window, 'connections.opening', { label: m.connections_opening(), color: 2, ...plain }),
    ...pickLine(window, 'connections.closing', { label: m.connections_closing(), color: 3, ...plain }),
    ...pickLine(window, 'connections.closeWait', { label: m.connections_close_wait(), color: 4, ...plain }),
  ];
  return { title: m.connections(), model: model('connections', 'count', null, lines) };
}

function buildContainer(window: SeriesWindow): MachineChart {
  const lines = [
    ...pickLine(window, 'cgroup.cpuUsagePercent', { label: m.cpu(), color: 0, ...plain }),
    ...pickLine(window, 'cgroup.memoryUsagePercent', { label: m.memory(), color: 1, ...plain }),
    ...pickLine(window, 'cgroup.throttledPercent', { label: m.container_throttled(), color: 4, ...plain }),
  ];
  return {
    title: m.container_limits(),
    headline: m.container_limits_hint(),
    model: model('container', 'percent', 100, lines),
  };
}
