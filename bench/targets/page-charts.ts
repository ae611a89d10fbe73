import { CORES, DISKS, INTERFACES } from '../data/series.js';

export interface Chart {
  readonly title: string;
  /** Metrics as the hub's GraphQL names them. */
  readonly hubMetrics: readonly string[];
  readonly peerMetric: string;
  readonly isCounter: boolean;
  readonly series: number;
}

/** A monitor's page: eight charts, twenty-eight series. Each is one metric for the peers, as their users model it. */
export const CHARTS: readonly Chart[] = [
  {
    title: 'CPU',
    hubMetrics: ['cpu.usagePercent'],
    peerMetric: 'cpu_usage_percent',
    isCounter: false,
    series: 1,
  },
  {
    title: 'CPU by mode',
    hubMetrics: ['cpu.userPercent', 'cpu.systemPercent', 'cpu.iowaitPercent', 'cpu.stealPercent'],
    peerMetric: 'cpu_mode_percent',
    isCounter: false,
    series: 4,
  },
  {
    title: 'Cores',
    hubMetrics: ['cpu.perCorePercent'],
    peerMetric: 'cpu_core_percent',
    isCounter: false,
    series: CORES,
  },
  {
    title: 'Load',
    hubMetrics: ['cpu.load1', 'cpu.load5', 'cpu.load15'],
    peerMetric: 'load_average',
    isCounter: false,
    series: 3,
  },
  {
    title: 'Memory',
    hubMetrics: [
      'memory.totalBytes',
      'memory.availableBytes',
      'memory.usedBytes',
      'memory.swapTotalBytes',
      'memory.swapUsedBytes',
    ],
    peerMetric: 'memory_bytes',
    isCounter: false,
    series: 5,
  },
  {
    title: 'Disks',
    hubMetrics: ['storage.usagePercent'],
    peerMetric: 'storage_usage_percent',
    isCounter: false,
    series: DISKS.length,
  },
  {
    title: 'Traffic',
    hubMetrics: ['network.bytesSent', 'network.bytesReceived'],
    peerMetric: 'network_bytes_total',
    isCounter: true,
    series: 2 * INTERFACES.length,
  },
  {
    title: 'Packets',
    hubMetrics: ['network.packetsSent', 'network.packetsReceived'],
    peerMetric: 'network_packets_total',
    isCounter: true,
    series: 2 * INTERFACES.length,
  },
];

/** The metrics of the overview: a card shows them of every monitor. */
export const LATEST = {
  hubMetrics: ['cpu.usagePercent', 'memory.usagePercent', 'storage.usagePercent'],
  peerMetrics: ['cpu_usage_percent', 'memory_usage_percent', 'storage_usage_percent'],
  valuesPerMachine: 2 + DISKS.length,
} as const;
