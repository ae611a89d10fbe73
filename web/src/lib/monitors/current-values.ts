import { parseSeriesKey } from '../series/series-key.ts';

/** A monitor's newest values by series key, and the instant they were read (epoch ms). */
export interface LatestReport {
  readonly at: number;
  readonly values: ReadonlyMap<string, number | null>;
}

export interface CurrentValues {
  readonly cpuPercent: number | null;
  readonly memoryPercent: number | null;
  readonly memoryUsed: number | null;
  readonly memoryTotal: number | null;
  /** The mount with the highest share in use. */
  readonly fullestDisk: { readonly mount: string; readonly percent: number } | null;
  /** Bytes per second over all interfaces. */
  readonly received: number | null;
  readonly sent: number | null;
  readonly load1: number | null;
  readonly cores: number | null;
}

/** What the overview shows of a report; the live subscription of the cards asks for no more. */
export const CURRENT_METRICS = [
  'cpu.usagePercent',
  'cpu.cores',
  'cpu.load1',
  'memory.usagePercent',
  'memory.usedBytes',
  'memory.totalBytes',
  'storage.usagePercent',
  'network.bytesReceived',
  'network.bytesSent',
];

export function toLatestReport(report: {
  at: string;
  metrics: readonly string[];
  values: readonly (number | null)[];
}): LatestReport {
  const values = new Map(report.metrics.map((key, index) => [key, report.values[index] ?? null]));
  return { at: Date.parse(report.at), values };
}

function sumOf(values: LatestReport['values'], name: string): number | null {
  let sum: number | null = null;
  for (const [key, value] of values) {
    if (value !== null && key.startsWith(`${name}{`)) sum = (sum ?? 0) + value;
  }
  return sum;
}

function findFullestDisk(values: LatestReport['values']): CurrentValues['fullestDisk'] {
  let fullest: CurrentValues['fullestDisk'] = null;
  for (const [key, percent] of values) {
    if (percent === null || !key.startsWith('storage.usagePercent{')) continue;
    if (!fullest || percent > fullest.percent) {
      fullest = { mount: parseSeriesKey(key).labels['mount'] ?? '', percent };
    }
  }
  return fullest;
}

export function readCurrentValues(latest: LatestReport | undefined): CurrentValues {
  const values = latest?.values ?? new Map<string, number | null>();
  const read = (key: string) => values.get(key) ?? null;
  return {
    cpuPercent: read('cpu.usagePercent'),
    memoryPercent: read('memory.usagePercent'),
    memoryUsed: read('memory.usedBytes'),
    memoryTotal: read('memory.totalBytes'),
    fullestDisk: findFullestDisk(values),
    received: sumOf(values, 'network.bytesReceived'),
    sent: sumOf(values, 'network.bytesSent'),
    load1: read('cpu.load1'),
    cores: read('cpu.cores'),
  };
}
