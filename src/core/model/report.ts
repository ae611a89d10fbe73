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
