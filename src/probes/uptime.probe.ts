import type { MachineFiles } from './machine-files.js';
import type { Probe, ProbeReading } from './probe.js';

/** Whole seconds since the kernel started, from /proc/uptime. */
export class UptimeProbe implements Probe<'uptime'> {
  readonly resource = 'uptime';

  constructor(private readonly files: MachineFiles) {}

  read(): ProbeReading<'uptime'> {
    const seconds = Math.floor(Number(this.files.readProc('uptime').split(' ', 1)[0]));
    if (!(seconds >= 0)) throw new Error('uptime cannot be read');
    return { value: { seconds }, problems: [] };
  }
}
