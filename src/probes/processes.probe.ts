import type { ProcessesReading, TopProcess } from '../core/model/report.js';
import type { MachineFiles } from './machine-files.js';
import { parseCounter } from './network.probe.js';
import type { Probe, ProbeReading } from './probe.js';

/** Reading every process costs some 15 µs each: seldom enough to stay below a thousandth of a core. */
const SAMPLE_MS = 30_000;
/** Beyond this many the sampling would be felt; the counts go on. */
const MAX_SAMPLED = 5_000;
const LISTED_BY_CPU = 5;
const LISTED_BY_MEMORY = 5;
const PAGE_BYTES = 4096;

interface ProcessSample {
  readonly name: string;
  /** Tells a process from another that got its number later. */
  readonly startedAt: string;
  /** Clock ticks of CPU, user and system. */
  readonly ticks: number;
  readonly memoryBytes: number;
}

/** Parses /proc/PID/stat, see proc_pid_stat(5); the name may hold spaces and brackets. */
export function parseProcessStat(text: string): ProcessSample | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ');
  if (fields.length < 22) return undefined;
  return {
    name: text.slice(open + 1, close),
    startedAt: fields[19]!,
    ticks: Number(fields[11]) + Number(fields[12]),
    memoryBytes: Math.max(0, Number(fields[21])) * PAGE_BYTES,
  };
}

/**
 * How many processes there are, run, wait for a disk and were started; and, twice a minute at most, the
 * heaviest by CPU and by memory, all of one name together. Names only: arguments hold secrets.
 */
export class ProcessesProbe implements Probe<'processes'> {
  readonly resource = 'processes';
  private sampledAt = -Infinity;
  private before = new Map<string, ProcessSample>();
  private machineTicksBefore = 0;

  constructor(
    private readonly files: MachineFiles,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  read(): ProbeReading<'processes'> {
    const value: ProcessesReading = {};
    const stat = this.files.readProc('stat');
    const running = findNumber(stat, 'procs_running');
    const blocked = findNumber(stat, 'procs_blocked');
    const started = findNumber(stat, 'processes');
    if (running !== undefined) value.running = Number(running);
    if (blocked !== undefined) value.blocked = Number(blocked);
    if (started !== undefined) value.started = parseCounter(started);
    const pids = this.files.listProc('').filter((name) => /^\d+$/.test(name));
    if (pids.length > 0) value.total = pids.length;
    const now = this.clock();
    if (now - this.sampledAt >= SAMPLE_MS && pids.length <= MAX_SAMPLED) {
      this.sampledAt = now;
      const top = this.sampleTop(pids, sumMachineTicks(stat));
      if (top.length > 0) value.top = top;
    }
    return { value, problems: [] };
  }

  forget(): void {
    this.sampledAt = -Infinity;
    this.before.clear();
    this.machineTicksBefore = 0;
  }

  private sampleTop(pids: readonly string[], machineTicks: number): TopProcess[] {
    const before = this.before;
    const elapsedTicks = this.machineTicksBefore === 0 ? 0 : machineTicks - this.machineTicksBefore;
    this.before = new Map();
    this.machineTicksBefore = machineTicks;
    const byName = new Map<string, { count: number; memoryBytes: number; ticks: number }>();
    for (const pid of pids) {
      const sample = this.readProcess(pid);
      if (!sample) continue;
      this.before.set(pid, sample);
      const last = before.get(pid);
      // A process that is new since the last sampling used all its time in between.
      const ticks = sample.ticks - (last?.startedAt === sample.startedAt ? last.ticks : 0);
      const sum = byName.get(sample.name) ?? { count: 0, memoryBytes: 0, ticks: 0 };
      sum.count += 1;
      sum.memoryBytes += sample.memoryBytes;
      sum.ticks += Math.max(0, ticks);
      byName.set(sample.name, sum);
    }
    return chooseHeaviest(byName, elapsedTicks);
  }

  private readProcess(pid: string): ProcessSample | undefined {
    try {
      return parseProcessStat(this.files.readProc(`${pid}/stat`));
    } catch {
      // It ended between the listing and this.
      return undefined;
    }
  }
}

function chooseHeaviest(
  byName: ReadonlyMap<string, { count: number; memoryBytes: number; ticks: number }>,
  elapsedTicks: number,
): TopProcess[] {
  const all = [...byName].map(([name, sum]) => ({ name, ...sum }));
  const byMemory = [...all].sort((a, b) => b.memoryBytes - a.memoryBytes).slice(0, LISTED_BY_MEMORY);
  const byCpu =
    elapsedTicks > 0
      ? all
          .filter(({ ticks }) => ticks > 0)
          .sort((a, b) => b.ticks - a.ticks)
          .slice(0, LISTED_BY_CPU)
      : [];
  return [...new Set([...byCpu, ...byMemory])].map(({ name, count, memoryBytes, ticks }) => ({
    name,
    count,
    ...(elapsedTicks > 0
      ? { cpuPercent: Math.min(100, Math.round((ticks / elapsedTicks) * 10_000) / 100) }
      : {}),
    memoryBytes,
  }));
}

const findNumber = (stat: string, name: string): string | undefined =>
  new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1];

/** All ticks of all cores, idle ones too: what a process' ticks are a share of. */
function sumMachineTicks(stat: string): number {
  const line = /^cpu +(.*)$/m.exec(stat)?.[1] ?? '';
  // guest and guest_nice, the last two, are inside user and nice.
  return line
    .split(' ')
    .slice(0, 8)
    .reduce((sum, ticks) => sum + Number(ticks), 0);
}
