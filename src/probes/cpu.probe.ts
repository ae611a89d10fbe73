import type { CpuReading } from '../core/model/report.js';
import type { MachineFiles } from './machine-files.js';
import { toPercent } from './percent.js';
import type { Probe, ProbeReading } from './probe.js';

/**
 * Clock ticks (1/100 s) since boot. `user` holds nice, `system` holds irq and softirq.
 * guest and guest_nice are not read: the kernel counts them inside user and nice already.
 */
export interface CpuTicks {
  user: number;
  system: number;
  idle: number;
  iowait: number;
  steal: number;
}

export interface CpuTimes {
  all?: CpuTicks;
  /** By the kernel's number of the core; cores that are offline are absent. */
  cores: Map<number, CpuTicks>;
}

const MODES = ['user', 'system', 'idle', 'iowait', 'steal'] as const;

/** An idle counter that falls by 3 s or more means that the core was taken out and put back (node_exporter's rule). */
const HOTPLUG_IDLE_TICKS = 300;

/** Parses the `cpu` lines of /proc/stat, see proc_stat(5). Fields that an old kernel lacks count as 0. */
export function parseCpuTimes(text: string): CpuTimes {
  const times: CpuTimes = { cores: new Map() };
  for (const line of text.split('\n')) {
    // The cpu lines stand first; what follows (intr) can be long.
    if (!line.startsWith('cpu')) break;
    const [name, ...fields] = line.trim().split(/\s+/);
    const at = (index: number): number => Number(fields[index] ?? 0);
    const ticks = {
      user: at(0) + at(1),
      system: at(2) + at(5) + at(6),
      idle: at(3),
      iowait: at(4),
      steal: at(7),
    };
    if (name === 'cpu') times.all = ticks;
    else times.cores.set(Number(name!.slice(3)), ticks);
  }
  return times;
}

/**
 * Ticks that never fall behind an earlier reading: the kernel lets iowait and, after a migration, steal
 * slip back a little, which must not turn into a negative share.
 * @returns undefined when the core began anew.
 */
export function settleTicks(before: CpuTicks, now: CpuTicks): CpuTicks | undefined {
  if (before.idle - now.idle >= HOTPLUG_IDLE_TICKS) return undefined;
  const settled = { ...now };
  for (const mode of MODES) settled[mode] = Math.max(before[mode], now[mode]);
  return settled;
}

function subtractTicks(now: CpuTicks, before: CpuTicks): CpuTicks {
  const delta = { ...now };
  for (const mode of MODES) delta[mode] = now[mode] - before[mode];
  return delta;
}

function sumTicks(ticks: Iterable<CpuTicks>): CpuTicks {
  const sum: CpuTicks = { user: 0, system: 0, idle: 0, iowait: 0, steal: 0 };
  for (const one of ticks) for (const mode of MODES) sum[mode] += one[mode];
  return sum;
}

const totalOf = (delta: CpuTicks): number =>
  delta.user + delta.system + delta.idle + delta.iowait + delta.steal;

/** Busy = neither idle nor iowait; steal is busy: the time was wanted and not given. */
const busyPercent = (delta: CpuTicks): number =>
  toPercent(delta.user + delta.system + delta.steal, totalOf(delta));

/**
 * CPU shares since this probe's last reading, load and core count, from /proc/stat and /proc/loadavg.
 * The first reading has no percentages, nor has one between which no tick passed.
 */
export class CpuProbe implements Probe<'cpu'> {
  readonly resource = 'cpu';
  private before: CpuTimes | undefined;

  constructor(private readonly files: MachineFiles) {}

  read(): ProbeReading<'cpu'> {
    const times = parseCpuTimes(this.files.readProc('stat'));
    const problems: string[] = [];
    const value: CpuReading = { ...this.advance(times) };
    if (times.cores.size > 0) value.cores = times.cores.size;
    try {
      Object.assign(value, parseLoad(this.files.readProc('loadavg')));
    } catch (error) {
      problems.push(`load: ${(error as Error).message}`);
    }
    return { value, problems };
  }

  prime(): void {
    this.advance(parseCpuTimes(this.files.readProc('stat')));
  }

  forget(): void {
    this.before = undefined;
  }

  /** Moves the baseline to `times` and gives the shares since the last one. */
  private advance(times: CpuTimes): CpuReading {
    const before = this.before;
    if (!before) {
      this.before = times;
      return {};
    }
    const baseline: CpuTimes = { all: times.all, cores: new Map() };
    const deltas = new Map<number, CpuTicks>();
    for (const [core, now] of times.cores) {
      const last = before.cores.get(core);
      const settled = last && settleTicks(last, now);
      if (last && settled) deltas.set(core, subtractTicks(settled, last));
      baseline.cores.set(core, settled ?? now);
    }
    const settledAll = before.all && times.all && settleTicks(before.all, times.all);
    if (settledAll) baseline.all = settledAll;
    this.before = baseline;

    const areSameCores = deltas.size === times.cores.size && deltas.size === before.cores.size;
    // The sum line jumps when a core comes or goes; the cores that stayed tell the truth then.
    const all =
      areSameCores && settledAll && before.all
        ? subtractTicks(settledAll, before.all)
        : sumTicks(deltas.values());
    return describeShares(all, deltas);
  }
}

function describeShares(all: CpuTicks, cores: Map<number, CpuTicks>): CpuReading {
  const total = totalOf(all);
  if (total <= 0) return {};
  const reading: CpuReading = {
    usagePercent: busyPercent(all),
    userPercent: toPercent(all.user, total),
    systemPercent: toPercent(all.system, total),
    iowaitPercent: toPercent(all.iowait, total),
    stealPercent: toPercent(all.steal, total),
  };
  const perCore = listPerCore(cores);
  if (perCore.length > 0) reading.perCorePercent = perCore;
  return reading;
}

/**
 * Position in the list is the core's number, so the list ends before the first core that is offline or
 * has no baseline: closing the hole would give every later core its neighbour's name.
 */
function listPerCore(cores: Map<number, CpuTicks>): number[] {
  const list: number[] = [];
  for (let core = 0; ; core++) {
    const delta = cores.get(core);
    if (!delta || totalOf(delta) <= 0) return list;
    list.push(busyPercent(delta));
  }
}

/** Parses /proc/loadavg: mean number of runnable and uninterruptible tasks over 1, 5 and 15 minutes. */
export function parseLoad(text: string): Pick<CpuReading, 'load1' | 'load5' | 'load15'> {
  const [load1, load5, load15] = text.split(' ', 3).map(Number);
  if (![load1, load5, load15].every(Number.isFinite)) throw new Error('loadavg cannot be read');
  return { load1, load5, load15 };
}
