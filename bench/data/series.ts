/** One of the fifty series that every simulated machine reports, under the names it has on each side. */
export interface SeriesDefinition {
  /** Key in the hub's GraphQL. */
  readonly hubKey: string;
  /** Name for the peers, in the manner of Prometheus exporters: one metric, its kinds told apart by a label. */
  readonly peerName: string;
  readonly peerLabels: Readonly<Record<string, string>>;
}

export const CORES = 4;
export const DISKS = [
  { mount: '/', device: '/dev/vda1', fsType: 'ext4' },
  { mount: '/srv', device: '/dev/vdb1', fsType: 'ext4' },
  { mount: '/boot', device: '/dev/vda2', fsType: 'ext4' },
] as const;
export const INTERFACES = ['eth0', 'eth1'] as const;

const define = (
  hubKey: string,
  peerName: string,
  peerLabels: Record<string, string> = {},
): SeriesDefinition => ({ hubKey, peerName, peerLabels });

/** In the order in which `SimulatedMachine` gives its values. */
export const SERIES: readonly SeriesDefinition[] = [
  define('cpu.usagePercent', 'cpu_usage_percent'),
  define('cpu.cores', 'cpu_cores'),
  ...['1', '5', '15'].map((minutes) => define(`cpu.load${minutes}`, 'load_average', { minutes })),
  ...['user', 'system', 'iowait', 'steal'].map((mode) =>
    define(`cpu.${mode}Percent`, 'cpu_mode_percent', { mode }),
  ),
  ...Array.from({ length: CORES }, (_, core) =>
    define(`cpu.perCorePercent{core="${core}"}`, 'cpu_core_percent', { core: String(core) }),
  ),
  define('memory.totalBytes', 'memory_bytes', { kind: 'total' }),
  define('memory.availableBytes', 'memory_bytes', { kind: 'available' }),
  define('memory.usedBytes', 'memory_bytes', { kind: 'used' }),
  define('memory.usagePercent', 'memory_usage_percent'),
  define('memory.swapTotalBytes', 'memory_bytes', { kind: 'swap_total' }),
  define('memory.swapUsedBytes', 'memory_bytes', { kind: 'swap_used' }),
  ...DISKS.flatMap(({ mount, device, fsType }) => {
    const labels = { mountpoint: mount, device, fstype: fsType };
    return [
      define(`storage.totalBytes{mount="${mount}"}`, 'storage_bytes', { ...labels, kind: 'total' }),
      define(`storage.usedBytes{mount="${mount}"}`, 'storage_bytes', { ...labels, kind: 'used' }),
      define(`storage.freeBytes{mount="${mount}"}`, 'storage_bytes', { ...labels, kind: 'free' }),
      define(`storage.usagePercent{mount="${mount}"}`, 'storage_usage_percent', labels),
    ];
  }),
  ...INTERFACES.flatMap((device) =>
    (
      [
        ['bytesSent', 'network_bytes_total', 'out'],
        ['bytesReceived', 'network_bytes_total', 'in'],
        ['packetsSent', 'network_packets_total', 'out'],
        ['packetsReceived', 'network_packets_total', 'in'],
        ['errorsIn', 'network_errors_total', 'in'],
        ['errorsOut', 'network_errors_total', 'out'],
        ['dropsIn', 'network_drops_total', 'in'],
        ['dropsOut', 'network_drops_total', 'out'],
      ] as const
    ).map(([field, peerName, direction]) =>
      define(`network.${field}{interface="${device}"}`, peerName, { device, direction }),
    ),
  ),
  define('process.count', 'process_count'),
  define('tcp.established', 'tcp_established'),
  define('sensor.celsius', 'sensor_celsius'),
];

export const SERIES_PER_REPORT = SERIES.length;
