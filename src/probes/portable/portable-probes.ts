import { cpus, loadavg, platform, uptime, type CpuInfo } from 'node:os';
import si from 'systeminformation';
import type {
  CpuReading,
  MemoryReading,
  NetworkReading,
  StorageReading,
  TemperatureReading,
} from '../../core/model/report.js';
import { toPercent } from '../percent.js';
import type { Probe } from '../probe.js';

export interface PortableProbeOptions {
  /** Interfaces to report although they are loopback. */
  includeInterfaces?: readonly string[];
}

/**
 * Probes for operating systems without /proc, by `systeminformation`, which may start processes there.
 * What such a system cannot tell (iowait and steal, load on Windows, packet counts) is left out.
 */
export function createPortableProbes(options: PortableProbeOptions = {}): Probe[] {
  return [
    new PortableCpuProbe(),
    { resource: 'uptime', read: () => ({ value: { seconds: Math.floor(uptime()) }, problems: [] }) },
    {
      resource: 'temperature',
      read: async () => ({ value: describeTemperature(await si.cpuTemperature()), problems: [] }),
    },
    { resource: 'memory', read: async () => ({ value: describeMemory(await si.mem()), problems: [] }) },
    {
      resource: 'storage',
      read: async () => ({ value: describeFileSystems(await si.fsSize()), problems: [] }),
    },
    {
      resource: 'network',
      read: async () => ({
        value: describeInterfaces(await si.networkStats('*'), options.includeInterfaces ?? []),
        problems: [],
      }),
    },
  ];
}

/**
 * From Node's own tick counters: `systeminformation` keeps one baseline for the whole process, in which
 * two readers would shorten each other's window.
 */
class PortableCpuProbe implements Probe<'cpu'> {
  readonly resource = 'cpu';
  private before: CpuInfo['times'][] | undefined;

  read(): { value: CpuReading; problems: string[] } {
    const before = this.before;
    const now = (this.before = cpus().map(({ times }) => times));
    const value: CpuReading = { cores: now.length || undefined };
    if (platform() !== 'win32') [value.load1, value.load5, value.load15] = loadavg();
    if (before?.length === now.length) Object.assign(value, describeShares(before, now));
    return { value, problems: [] };
  }

  prime(): void {
    this.before = cpus().map(({ times }) => times);
  }

  forget(): void {
    this.before = undefined;
  }
}

/** Shares since the last reading from two lists of tick counters, one entry a core; none if no tick passed. */
export function describeShares(before: CpuInfo['times'][], now: CpuInfo['times'][]): CpuReading {
  const cores = now.map((times, core) => {
    const last = before[core]!;
    const since = (mode: keyof CpuInfo['times']): number => Math.max(0, times[mode] - last[mode]);
    return { user: since('user') + since('nice'), system: since('sys') + since('irq'), idle: since('idle') };
  });
  const totals = cores.map(({ user, system, idle }) => user + system + idle);
  const sum = (numbers: number[]): number => numbers.reduce((total, one) => total + one, 0);
  const total = sum(totals);
  if (total <= 0) return {};
  const user = sum(cores.map((core) => core.user));
  const system = sum(cores.map((core) => core.system));
  const reading: CpuReading = {
    usagePercent: toPercent(user + system, total),
    userPercent: toPercent(user, total),
    systemPercent: toPercent(system, total),
  };
  if (totals.every((one) => one > 0)) {
    reading.perCorePercent = cores.map((core, index) => toPercent(core.user + core.system, totals[index]!));
  }
  return reading;
}

/** The processor's temperature; nothing where the system does not tell, which is usual without further programs. */
export function describeTemperature({
  main,
}: Pick<si.Systeminformation.CpuTemperatureData, 'main'>): TemperatureReading[] | undefined {
  return typeof main === 'number' && main > 0 ? [{ sensor: 'cpu', celsius: main }] : undefined;
}

/** `active` of systeminformation is total − available; its `used` counts caches and is not taken. */
export function describeMemory(memory: si.Systeminformation.MemData): MemoryReading {
  const availableBytes = Math.min(memory.total, memory.available);
  const usedBytes = memory.total - availableBytes;
  return {
    totalBytes: memory.total,
    availableBytes,
    usedBytes,
    usagePercent: toPercent(usedBytes, memory.total),
    swapTotalBytes: memory.swaptotal,
    swapUsedBytes: memory.swapused,
  };
}

/** Each file system with a size, once: macOS lists the volumes of one container with the same space. */
export function describeFileSystems(list: readonly si.Systeminformation.FsSizeData[]): StorageReading[] {
  const byMount = new Map<string, StorageReading>();
  for (const { mount, fs, type, size, used, available } of list) {
    if (!(size > 0)) continue;
    const reading: StorageReading = { mount, device: fs, fsType: type, totalBytes: size };
    if (Number.isFinite(used)) reading.usedBytes = used;
    if (Number.isFinite(available)) reading.freeBytes = available;
    if (used + available > 0) reading.usagePercent = toPercent(used, used + available);
    byMount.set(mount, reading);
  }
  return [...byMount.values()];
}

/** Every interface but loopback, unless named; packet counts are not known to systeminformation. */
export function describeInterfaces(
  list: readonly si.Systeminformation.NetworkStatsData[],
  includeInterfaces: readonly string[],
): NetworkReading[] {
  return list
    .filter(({ iface }) => includeInterfaces.includes(iface) || !/^(lo|lo0|Loopback.*)$/.test(iface))
    .map((stats) => ({
      interface: stats.iface,
      bytesSent: stats.tx_bytes ?? undefined,
      bytesReceived: stats.rx_bytes ?? undefined,
      errorsIn: stats.rx_errors ?? undefined,
      errorsOut: stats.tx_errors ?? undefined,
      dropsIn: stats.rx_dropped ?? undefined,
      dropsOut: stats.tx_dropped ?? undefined,
    }));
}
