import type { PressureReading } from '../core/model/report.js';
import { CounterWindow } from './counter-window.js';
import type { MachineFiles } from './machine-files.js';
import { toPercent } from './percent.js';
import type { Probe, ProbeReading } from './probe.js';

/** What is reported of each file; `cpu full` has no meaning for a whole machine. */
const KEPT: readonly (readonly [file: string, line: string, field: keyof PressureReading])[] = [
  ['cpu', 'some', 'cpuSomePercent'],
  ['memory', 'some', 'memorySomePercent'],
  ['memory', 'full', 'memoryFullPercent'],
  ['io', 'some', 'ioSomePercent'],
  ['io', 'full', 'ioFullPercent'],
];

/** Parses a file of /proc/pressure (Documentation/accounting/psi.rst): microseconds of waiting by line. */
export function parsePressure(text: string): Map<string, number> {
  const totals = new Map<string, number>();
  for (const [, line, total] of text.matchAll(/^(some|full) .*\btotal=(\d+)$/gm))
    totals.set(line!, Number(total));
  return totals;
}

/**
 * Share of the time since the last reading in which tasks waited for CPU, memory or disks, from the
 * kernel's totals: exact for any interval, unlike its own averages. Kernels without PSI give nothing.
 */
export class PressureProbe implements Probe<'pressure'> {
  readonly resource = 'pressure';
  private readonly window: CounterWindow;

  constructor(
    private readonly files: MachineFiles,
    clock?: () => number,
  ) {
    this.window = new CounterWindow(clock);
  }

  read(): ProbeReading<'pressure'> {
    const totals = new Map<string, Map<string, number>>();
    const value: PressureReading = {};
    for (const [file, line, field] of KEPT) {
      let lines = totals.get(file);
      if (!lines) totals.set(file, (lines = this.readTotals(file)));
      const total = lines.get(line);
      if (total === undefined) continue;
      const passed = this.window.advance(`${file} ${line}`, [total]);
      if (passed) value[field] = toPercent(passed.deltas[0]! / 1000, passed.elapsedMs);
    }
    this.window.turn();
    return Object.keys(value).length > 0 ? { value, problems: [] } : { problems: [] };
  }

  prime(): void {
    this.read();
  }

  forget(): void {
    this.window.forget();
  }

  private readTotals(file: string): Map<string, number> {
    try {
      return parsePressure(this.files.readProc(`pressure/${file}`));
    } catch {
      // A kernel built or started without PSI: there is nothing wrong with the machine.
      return new Map();
    }
  }
}
