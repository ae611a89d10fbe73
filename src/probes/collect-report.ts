import type { Resource } from '../core/model/metric-catalog.js';
import type { HostInventory, Report } from '../core/model/report.js';
import { CgroupProbe } from './cgroup.probe.js';
import { ConnectionsProbe } from './connections.probe.js';
import { CpuProbe } from './cpu.probe.js';
import { DiskProbe } from './disk.probe.js';
import { InodesProbe } from './inodes.probe.js';
import { readInventory } from './inventory.js';
import { MachineFiles } from './machine-files.js';
import { MemoryProbe } from './memory.probe.js';
import { MountSpaces } from './mount-spaces.js';
import { NetworkProbe } from './network.probe.js';
import { PressureProbe } from './pressure.probe.js';
import type { Probe } from './probe.js';
import { ProcessesProbe } from './processes.probe.js';
import { StorageProbe } from './storage.probe.js';
import { TemperatureProbe } from './temperature.probe.js';
import { UptimeProbe } from './uptime.probe.js';

const INVENTORY_CHECK_MS = 60_000;
const INVENTORY_REPEAT_MS = 3_600_000;

export interface ReportCollectorOptions {
  /** What to measure, asked at every report: it may change while running. */
  resources: () => readonly Resource[];
  /** Where the watched machine's files are; this machine's by default. */
  files?: MachineFiles;
  /** Mount points and interfaces to report although the rules would leave them out. */
  includeMounts?: readonly string[];
  includeInterfaces?: readonly string[];
  /** Seconds between two reports, asked at every report; goes into it. */
  intervalSeconds?: () => number;
  agentVersion?: string;
  /** Epoch milliseconds. */
  clock?: () => number;
  /** Probes instead of the Linux ones, and who reads the inventory: for other operating systems. */
  probes?: readonly Probe[];
  readInventory?: () => HostInventory;
}

/** What could not be measured, in words for a log or a status; never part of the report. */
export interface CollectProblem {
  resource: Resource;
  message: string;
}

export interface Collection {
  report: Report;
  problems: CollectProblem[];
}

export interface ReportCollector {
  /** Takes the CPU baseline, so that the next report has percentages. Call it about 1 s before. */
  prime(): void;
  /**
   * Reads all watched resources. Never rejects: a probe that fails costs only its own part. Waits for
   * remote mounts at most 2 s or half the interval; callers do not overlap calls.
   */
  collect(): Promise<Collection>;
  /** Ends the threads that were opened; the collector is not used afterwards. */
  close(): void;
}

/**
 * A collector with baselines of its own: one per reader and interval. The inventory (`host`) is in its
 * first report, in the first after a change, and once an hour.
 * The default probes read Linux; `openReportCollector` chooses by operating system.
 */
export function createReportCollector(options: ReportCollectorOptions): ReportCollector {
  const files = options.files ?? new MachineFiles();
  const clock = options.clock ?? Date.now;
  const probes = options.probes ?? createLinuxProbes(files, options);
  const inventory = new InventoryTurn(
    options.readInventory ?? (() => readInventory(files, options.agentVersion)),
  );
  const readBootId = createBootIdReader(files);
  const watched = new Set<Resource>();

  return {
    prime() {
      const resources = options.resources();
      for (const probe of probes) {
        if (!resources.includes(probe.resource)) continue;
        watched.add(probe.resource);
        try {
          probe.prime?.();
        } catch {
          // The reading that follows fails in the same way, and names it.
        }
      }
    },
    async collect() {
      const resources = options.resources();
      const at = clock();
      const report: Report = { at, bootId: readBootId(), intervalSeconds: options.intervalSeconds?.() };
      const problems: CollectProblem[] = [];
      const readings = probes.map(async (probe) => {
        if (resources.includes(probe.resource)) {
          watched.add(probe.resource);
          await readInto(report, problems, probe);
        } else if (watched.delete(probe.resource)) {
          // Percentages over the time in which nobody watched would be of no use.
          probe.forget?.();
        }
      });
      const host = inventory.takeDue(at);
      if (host) report.host = host;
      await Promise.all(readings);
      return { report, problems };
    },
    close() {
      for (const probe of probes) probe.close?.();
    },
  };
}

function createLinuxProbes(files: MachineFiles, options: ReportCollectorOptions): Probe[] {
  const { includeMounts, includeInterfaces, intervalSeconds } = options;
  const mounts = new MountSpaces(files, { includeMounts, intervalSeconds });
  return [
    new CpuProbe(files),
    new MemoryProbe(files),
    new StorageProbe(mounts),
    new NetworkProbe(files, includeInterfaces),
    new DiskProbe(files),
    new InodesProbe(mounts),
    new TemperatureProbe(files),
    new ProcessesProbe(files),
    new ConnectionsProbe(files),
    new PressureProbe(files),
    new UptimeProbe(files),
    new CgroupProbe(files),
  ];
}

async function readInto(report: Report, problems: CollectProblem[], probe: Probe): Promise<void> {
  const { resource } = probe;
  try {
    const reading = await probe.read();
    if (reading.value !== undefined) Object.assign(report, { [resource]: reading.value });
    for (const message of reading.problems) problems.push({ resource, message });
  } catch (error) {
    problems.push({ resource, message: (error as Error).message });
  }
}

function createBootIdReader(files: MachineFiles): () => string | undefined {
  let bootId: string | undefined;
  return () => {
    try {
      bootId ??= files.readProc('sys/kernel/random/boot_id').trim();
    } catch {
      // Not Linux, or hidden: the report goes without.
    }
    return bootId;
  };
}

/** Decides when the inventory is due. */
class InventoryTurn {
  private checkedAt = -Infinity;
  private sentAt = -Infinity;
  private sentText = '';

  constructor(private readonly read: () => HostInventory) {}

  takeDue(now: number): HostInventory | undefined {
    // A clock that was set back would put the next check far away.
    if (now >= this.checkedAt && now - this.checkedAt < INVENTORY_CHECK_MS) return undefined;
    this.checkedAt = now;
    const inventory = this.read();
    const text = JSON.stringify(inventory);
    const isRepeat = now >= this.sentAt && now - this.sentAt < INVENTORY_REPEAT_MS;
    if (text === this.sentText && isRepeat) return undefined;
    this.sentText = text;
    this.sentAt = now;
    return inventory;
  }
}
