/**
 * Every metric the product knows, as data. Codec, rollups, alerts, API and charts read this
 * table and never switch on a metric's name; a new metric is a new row here and a probe that fills it.
 *
 * A metric's name is its path in the report. A part of the report is an object (`cpu`, `memory`),
 * or an array keyed by a device's name (`storage` by `mount`, `network` by `interface`);
 * a plain array of numbers (`cpu.perCorePercent`) is a series labelled by index.
 */
export type MetricKind =
  /** A value that stands for itself at its instant. */
  | 'gauge'
  /** A value that only grows until it restarts; shown as a rate per second. */
  | 'counter';

/** Names of units as the API gives them; `web/src/lib/format` knows how to print each. */
export type MetricUnit =
  | 'percent'
  | 'bytes'
  | 'count'
  | 'packets'
  | 'errors'
  | 'load'
  | 'operations'
  | 'milliseconds'
  | 'seconds'
  | 'celsius';

export interface MetricDefinition {
  /** Path in the report: `cpu.usagePercent`. */
  readonly name: string;
  readonly unit: MetricUnit;
  readonly kind: MetricKind;
  /** The label that tells this metric's devices apart, if it has devices. */
  readonly label?: 'core' | 'mount' | 'interface' | 'device' | 'sensor';
  /** Field of the same part that this value cannot exceed; a report where it does is `out_of_range`. */
  readonly notAbove?: string;
  /** A temperature can be below zero; everything else that is negative is `out_of_range`. */
  readonly mayBeNegative?: true;
}

/** Parts that are arrays, and the field that names a device in each. */
export const DEVICE_PARTS = {
  storage: 'mount',
  network: 'interface',
  disk: 'device',
  inodes: 'mount',
  temperature: 'sensor',
} as const;

/** Fields of a part that describe a device and are no samples. */
export const DEVICE_TEXTS: Readonly<Record<string, readonly string[]>> = {
  storage: ['device', 'fsType'],
  network: [],
  disk: [],
  inodes: [],
  temperature: [],
};

/** What a monitor can watch; each is a part of the report. */
export const RESOURCES = [
  'cpu',
  'memory',
  'storage',
  'network',
  'disk',
  'inodes',
  'temperature',
  'processes',
  'connections',
  'pressure',
  'uptime',
  'cgroup',
] as const;
export type Resource = (typeof RESOURCES)[number];

const percent = (name: string, label?: MetricDefinition['label']): MetricDefinition => ({
  name,
  unit: 'percent',
  kind: 'gauge',
  ...(label ? { label } : {}),
});
const bytes = (name: string, more: Partial<MetricDefinition> = {}): MetricDefinition => ({
  name,
  unit: 'bytes',
  kind: 'gauge',
  ...more,
});
const load = (name: string): MetricDefinition => ({ name, unit: 'load', kind: 'gauge' });
const interfaceCounter = (name: string, unit: MetricUnit): MetricDefinition => ({
  name: `network.${name}`,
  unit,
  kind: 'counter',
  label: 'interface',
});

const diskCounter = (name: string, unit: MetricUnit): MetricDefinition => ({
  name: `disk.${name}`,
  unit,
  kind: 'counter',
  label: 'device',
});
const count = (name: string, more: Partial<MetricDefinition> = {}): MetricDefinition => ({
  name,
  unit: 'count',
  kind: 'gauge',
  ...more,
});

export const METRICS: readonly MetricDefinition[] = [
  percent('cpu.usagePercent'),
  { name: 'cpu.cores', unit: 'count', kind: 'gauge' },
  load('cpu.load1'),
  load('cpu.load5'),
  load('cpu.load15'),
  percent('cpu.userPercent'),
  percent('cpu.systemPercent'),
  percent('cpu.iowaitPercent'),
  percent('cpu.stealPercent'),
  percent('cpu.perCorePercent', 'core'),
  bytes('memory.totalBytes'),
  bytes('memory.availableBytes', { notAbove: 'totalBytes' }),
  bytes('memory.usedBytes', { notAbove: 'totalBytes' }),
  percent('memory.usagePercent'),
  bytes('memory.swapTotalBytes'),
  bytes('memory.swapUsedBytes', { notAbove: 'swapTotalBytes' }),
  bytes('storage.totalBytes', { label: 'mount' }),
  bytes('storage.usedBytes', { label: 'mount', notAbove: 'totalBytes' }),
  bytes('storage.freeBytes', { label: 'mount', notAbove: 'totalBytes' }),
  percent('storage.usagePercent', 'mount'),
  interfaceCounter('bytesSent', 'bytes'),
  interfaceCounter('bytesReceived', 'bytes'),
  interfaceCounter('packetsSent', 'packets'),
  interfaceCounter('packetsReceived', 'packets'),
  interfaceCounter('errorsIn', 'errors'),
  interfaceCounter('errorsOut', 'errors'),
  interfaceCounter('dropsIn', 'packets'),
  interfaceCounter('dropsOut', 'packets'),
  diskCounter('bytesRead', 'bytes'),
  diskCounter('bytesWritten', 'bytes'),
  diskCounter('readsCompleted', 'operations'),
  diskCounter('writesCompleted', 'operations'),
  percent('disk.busyPercent', 'device'),
  { name: 'disk.awaitMilliseconds', unit: 'milliseconds', kind: 'gauge', label: 'device' },
  count('inodes.total', { label: 'mount' }),
  count('inodes.used', { label: 'mount', notAbove: 'total' }),
  count('inodes.free', { label: 'mount', notAbove: 'total' }),
  percent('inodes.usagePercent', 'mount'),
  { name: 'temperature.celsius', unit: 'celsius', kind: 'gauge', label: 'sensor', mayBeNegative: true },
  count('processes.total'),
  count('processes.running'),
  count('processes.blocked'),
  { name: 'processes.started', unit: 'count', kind: 'counter' },
  count('connections.established'),
  count('connections.timeWait'),
  count('connections.orphaned'),
  count('connections.listening'),
  count('connections.opening'),
  count('connections.closing'),
  count('connections.closeWait'),
  count('connections.udp'),
  percent('pressure.cpuSomePercent'),
  percent('pressure.memorySomePercent'),
  percent('pressure.memoryFullPercent'),
  percent('pressure.ioSomePercent'),
  percent('pressure.ioFullPercent'),
  { name: 'uptime.seconds', unit: 'seconds', kind: 'gauge' },
  { name: 'cgroup.cpuLimitCores', unit: 'count', kind: 'gauge' },
  percent('cgroup.cpuUsagePercent'),
  percent('cgroup.throttledPercent'),
  bytes('cgroup.memoryLimitBytes'),
  bytes('cgroup.memoryUsedBytes', { notAbove: 'memoryLimitBytes' }),
  percent('cgroup.memoryUsagePercent'),
];

const byName = new Map(METRICS.map((metric) => [metric.name, metric]));

/** The definition of a built-in metric, or undefined for a custom one. */
export function findMetric(name: string): MetricDefinition | undefined {
  return byName.get(name);
}
