/**
 * The report: what is measured on one machine at one instant, as it travels over the wire.
 * Every part is optional; a value that could not be measured is left out, never zero.
 * `parse-report.ts` reads it back; the two are held together by golden reports in `test/fixtures/reports`.
 */
export interface Report {
  /** Epoch milliseconds at which the values were read, on the sender's clock. */
  at: number;
  /** Changes with every boot of the machine: tells a counter that restarted from one that jumped. */
  bootId?: string;
  intervalSeconds?: number;
  host?: HostInventory;
  agent?: AgentState;
  cpu?: CpuReading;
  memory?: MemoryReading;
  storage?: StorageReading[];
  network?: NetworkReading[];
  disk?: DiskReading[];
  inodes?: InodesReading[];
  temperature?: TemperatureReading[];
  processes?: ProcessesReading;
  connections?: ConnectionsReading;
  pressure?: PressureReading;
  uptime?: UptimeReading;
  cgroup?: CgroupReading;
  custom?: CustomReading[];
}

/** A value of a metric that the sender defines. */
export interface CustomReading {
  /** Words of letters, digits and `_`, joined by dots; its first word is no part of the report. */
  name: string;
  /** A string of digits carries a counter beyond 2^53. */
  value: number | string;
  unit?: string;
  /** `gauge` when it does not say. */
  kind?: 'gauge' | 'counter';
  labels?: Record<string, string>;
}

/** What a machine is: changes rarely, kept beside the monitor, no samples. */
export interface HostInventory {
  hostname?: string;
  /** As people name it: "Debian GNU/Linux 12". */
  os?: string;
  kernel?: string;
  /** Node's name of it: `x64`, `arm64`. */
  arch?: string;
  cpuModel?: string;
  cores?: number;
  agentVersion?: string;
}

/** How the agent itself fares: sent when it has changed, once an hour, and with every corrected report. */
export interface AgentState {
  /** Hub's clock minus the machine's, in milliseconds: positive when the machine is behind. */
  clockOffsetMs?: number;
  /** `at` is the hub's time and not the machine's, which is too far off. */
  isClockCorrected?: boolean;
  /** Reports that were given up before the hub got them, since the spool was made. */
  droppedReports?: number;
  /** When it gave up the last of them, epoch milliseconds. */
  droppedReportsAt?: number;
  /** Reports that the hub refused for good, since the spool was made. */
  refusedReports?: number;
  /** Why reports are kept in memory only, as the system's code (`ENOSPC`); left out while all is well. */
  spoolProblem?: string;
}

export interface CpuReading {
  /** Share of time since the last reading that was neither idle nor iowait, 0–100 over all cores. */
  usagePercent?: number;
  cores?: number;
  load1?: number;
  load5?: number;
  load15?: number;
  userPercent?: number;
  systemPercent?: number;
  iowaitPercent?: number;
  stealPercent?: number;
  perCorePercent?: number[];
}

export interface MemoryReading {
  totalBytes?: number;
  availableBytes?: number;
  /** total − available. */
  usedBytes?: number;
  usagePercent?: number;
  swapTotalBytes?: number;
  swapUsedBytes?: number;
}

export interface StorageReading {
  mount: string;
  device?: string;
  fsType?: string;
  totalBytes?: number;
  usedBytes?: number;
  /** Free for ordinary users; with the reserve of root, used + free is less than total. */
  freeBytes?: number;
  /** used ÷ (used + free), as `df` shows it. */
  usagePercent?: number;
}

/** Counters since the interface came up, not rates. A string carries a counter beyond 2^53. */
export interface NetworkReading {
  interface: string;
  bytesSent?: number | string;
  bytesReceived?: number | string;
  packetsSent?: number | string;
  packetsReceived?: number | string;
  errorsIn?: number | string;
  errorsOut?: number | string;
  dropsIn?: number | string;
  dropsOut?: number | string;
}

/** One whole disk. Bytes and operations are counters since boot; the other two are of the time since the last reading. */
export interface DiskReading {
  device: string;
  bytesRead?: number | string;
  bytesWritten?: number | string;
  readsCompleted?: number | string;
  writesCompleted?: number | string;
  /** Share of time in which at least one operation was under way. */
  busyPercent?: number;
  /** Mean time of an operation, waiting included; absent when there was none. */
  awaitMilliseconds?: number;
}

/** Files that a file system can still hold; absent for those that make room as needed (btrfs) or count none (FAT). */
export interface InodesReading {
  mount: string;
  total?: number;
  used?: number;
  free?: number;
  usagePercent?: number;
}

export interface TemperatureReading {
  /** The chip and what it measures there: `coretemp Package id 0`. */
  sensor: string;
  celsius?: number;
}

export interface ProcessesReading {
  total?: number;
  /** Runnable right now, in all cores' queues. */
  running?: number;
  /** Waiting for a disk, and not to be interrupted. */
  blocked?: number;
  /** Counter since boot. */
  started?: number | string;
  /** The heaviest by CPU and by memory; sampled more seldom than the rest, not kept as history. */
  top?: TopProcess[];
}

/** All processes of one name together. */
export interface TopProcess {
  /** The kernel's short name of the program, without its arguments. */
  name: string;
  count: number;
  /** Of the whole machine, since the last sampling. */
  cpuPercent?: number;
  /** Resident; pages that several processes share are counted for each. */
  memoryBytes?: number;
}

/** Sockets of IPv4 and IPv6 together; all but `udp` are TCP. */
export interface ConnectionsReading {
  established?: number;
  timeWait?: number;
  /** Held by no process any more. */
  orphaned?: number;
  listening?: number;
  /** SYN sent or received. */
  opening?: number;
  /** One of FIN_WAIT1, FIN_WAIT2, LAST_ACK, CLOSING. */
  closing?: number;
  /** The far side hung up and the program here has not noticed. */
  closeWait?: number;
  udp?: number;
}

/** Share of time since the last reading in which some, or all, tasks waited for the resource (the kernel's PSI). */
export interface PressureReading {
  cpuSomePercent?: number;
  memorySomePercent?: number;
  memoryFullPercent?: number;
  ioSomePercent?: number;
  ioFullPercent?: number;
}

export interface UptimeReading {
  /** Since the kernel started. */
  seconds?: number;
}

/** What this container may use and uses; the other parts show the machine that it runs on. */
export interface CgroupReading {
  cpuLimitCores?: number;
  /** Of the limit. */
  cpuUsagePercent?: number;
  /** Share of the scheduler's periods in which the limit held tasks up. */
  throttledPercent?: number;
  memoryLimitBytes?: number;
  /** Without the page cache that can be given back. */
  memoryUsedBytes?: number;
  memoryUsagePercent?: number;
}
