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
export type MetricUnit = 'percent' | 'bytes' | 'count' | 'packets' | 'errors' | 'load';

export interface MetricDefinition {
  /** Path in the report: `cpu.usagePercent`. */
  readonly name: string;
  readonly unit: MetricUnit;
  readonly kind: MetricKind;
  /** The label that tells this metric's devices apart, if it has devices. */
  readonly label?: 'core' | 'mount' | 'interface';
  /** Field of the same part that this value cannot exceed; a report where it does is `out_of_range`. */
  readonly notAbove?: string;
}

/** Parts that are arrays, and the field that names a device in each. */
export const DEVICE_PARTS = { storage: 'mount', network: 'interface' } as const;

/** Fields of a part that describe a device and are no samples. */
export const DEVICE_TEXTS: Readonly<Record<string, readonly string[]>> = {
  storage: ['device', 'fsType'],
  network: [],
};

/** What a monitor can watch; each is a part of the report. */
export const RESOURCES = ['cpu', 'memory', 'storage', 'network'] as const;
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
];

const byName = new Map(METRICS.map((metric) => [metric.name, metric]));

/** The definition of a built-in metric, or undefined for a custom one. */
export function findMetric(name: string): MetricDefinition | undefined {
  return byName.get(name);
}
