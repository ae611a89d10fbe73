import type { CgroupReading } from '../core/model/report.js';
import { CounterWindow } from './counter-window.js';
import type { MachineFiles } from './machine-files.js';
import { toPercent } from './percent.js';
import type { Probe, ProbeReading } from './probe.js';

/** Version 1 says "no limit" with the largest multiple of a page; no machine has that much. */
const NO_LIMIT_BYTES = 2 ** 60;

interface CgroupState {
  readonly memoryLimitBytes?: number;
  readonly memoryUsedBytes?: number;
  readonly cpuLimitCores?: number;
  readonly cpuUsedMicros?: number;
  readonly periods?: number;
  readonly throttledPeriods?: number;
}

/**
 * Limits of the container that this process runs in, and their use. Nothing on a machine without such
 * limits, nor when a whole machine is watched from a container (`--rootfs`): its numbers are not ours.
 * Memory as `docker stats` counts it: without the part of the page cache that nobody used of late.
 */
export class CgroupProbe implements Probe<'cgroup'> {
  readonly resource = 'cgroup';
  private readonly window: CounterWindow;

  constructor(
    private readonly files: MachineFiles,
    clock?: () => number,
    private readonly isOwnContainer = files.rootfs === '',
  ) {
    this.window = new CounterWindow(clock);
  }

  read(): ProbeReading<'cgroup'> {
    const state = this.isOwnContainer ? (this.readVersion2() ?? this.readVersion1()) : undefined;
    const value = state ? this.describe(state) : {};
    this.window.turn();
    return Object.keys(value).length > 0 ? { value, problems: [] } : { problems: [] };
  }

  prime(): void {
    this.read();
  }

  forget(): void {
    this.window.forget();
  }

  private describe(state: CgroupState): CgroupReading {
    const value: CgroupReading = {};
    const { memoryLimitBytes, memoryUsedBytes, cpuLimitCores } = state;
    if (memoryLimitBytes !== undefined && memoryUsedBytes !== undefined) {
      value.memoryLimitBytes = memoryLimitBytes;
      // The kernel may let usage stand over a limit that was lowered.
      value.memoryUsedBytes = Math.min(memoryUsedBytes, memoryLimitBytes);
      value.memoryUsagePercent = toPercent(memoryUsedBytes, memoryLimitBytes);
    }
    if (cpuLimitCores === undefined) return value;
    value.cpuLimitCores = cpuLimitCores;
    if (state.cpuUsedMicros !== undefined) {
      const used = this.window.advance('cpu', [state.cpuUsedMicros]);
      if (used) value.cpuUsagePercent = toPercent(used.deltas[0]! / 1000, used.elapsedMs * cpuLimitCores);
    }
    if (state.periods !== undefined && state.throttledPeriods !== undefined) {
      const passed = this.window.advance('periods', [state.periods, state.throttledPeriods]);
      const [periods, throttled] = passed?.deltas ?? [];
      if (passed) value.throttledPercent = periods === 0 ? 0 : toPercent(throttled!, periods!);
    }
    return value;
  }

  /** One hierarchy; the root of the machine has no limit files. */
  private readVersion2(): CgroupState | undefined {
    const memoryMax = this.readText('memory.max');
    const cpuMax = this.readText('cpu.max');
    if (memoryMax === '' && cpuMax === '') return undefined;
    const cpu = parseStat(this.readText('cpu.stat'));
    const [quota, period] = cpuMax.split(' ').map(Number);
    return {
      memoryLimitBytes: toLimit(memoryMax),
      memoryUsedBytes: subtractCache(
        this.readText('memory.current'),
        parseStat(this.readText('memory.stat')).get('inactive_file'),
      ),
      cpuLimitCores: quota! > 0 && period! > 0 ? quota! / period! : undefined,
      cpuUsedMicros: cpu.get('usage_usec'),
      periods: cpu.get('nr_periods'),
      throttledPeriods: cpu.get('nr_throttled'),
    };
  }

  /** A hierarchy for each controller. */
  private readVersion1(): CgroupState | undefined {
    const limit = toLimit(this.readText('memory/memory.limit_in_bytes'));
    const quota = Number(this.readText('cpu/cpu.cfs_quota_us') || NaN);
    const period = Number(this.readText('cpu/cpu.cfs_period_us') || NaN);
    const cpuLimitCores = quota > 0 && period > 0 ? quota / period : undefined;
    if (limit === undefined && cpuLimitCores === undefined) return undefined;
    const cpu = parseStat(this.readText('cpu/cpu.stat'));
    const usedNanos = this.readText('cpuacct/cpuacct.usage');
    return {
      memoryLimitBytes: limit,
      memoryUsedBytes: subtractCache(
        this.readText('memory/memory.usage_in_bytes'),
        parseStat(this.readText('memory/memory.stat')).get('total_inactive_file'),
      ),
      cpuLimitCores,
      cpuUsedMicros: usedNanos === '' ? undefined : Number(usedNanos) / 1000,
      periods: cpu.get('nr_periods'),
      throttledPeriods: cpu.get('nr_throttled'),
    };
  }

  private readText(name: string): string {
    try {
      return this.files.readSys(`fs/cgroup/${name}`).trim();
    } catch {
      return '';
    }
  }
}

function toLimit(text: string): number | undefined {
  const bytes = Number(text || NaN);
  return bytes > 0 && bytes < NO_LIMIT_BYTES ? bytes : undefined;
}

function subtractCache(used: string, inactiveFile = 0): number | undefined {
  return used === '' ? undefined : Math.max(0, Number(used) - inactiveFile);
}

/** `name value` a line. */
function parseStat(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const [, name, value] of text.matchAll(/^(\w+) (\d+)$/gm)) values.set(name!, Number(value));
  return values;
}
