import type { MemoryReading } from '../core/model/report.js';
import type { MachineFiles } from './machine-files.js';
import { toPercent } from './percent.js';
import type { Probe, ProbeReading } from './probe.js';

/** Parses /proc/meminfo, see proc_meminfo(5), into bytes by name. */
export function parseMemoryInfo(text: string): Map<string, number> {
  const bytesByName = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^([^:]+):\s+(\d+)( kB)?$/.exec(line);
    if (match) bytesByName.set(match[1]!, Number(match[2]) * (match[3] ? 1024 : 1));
  }
  return bytesByName;
}

/**
 * used = total − available, as `free` shows it. Kernels before 3.14 do not say what is available; there it
 * is free + buffers + cached + SReclaimable − Shmem, the part of the caches that can be given back.
 * Subtractions stop at 0: the fields are not read in one instant by the kernel either.
 * @throws Error when the text has no MemTotal, or nothing to tell what is available.
 */
export function describeMemory(bytesByName: Map<string, number>): MemoryReading {
  const totalBytes = bytesByName.get('MemTotal');
  const freeBytes = bytesByName.get('MemFree');
  if (!totalBytes || freeBytes === undefined) throw new Error('meminfo has no MemTotal and MemFree');
  const of = (name: string): number => bytesByName.get(name) ?? 0;
  const reclaimable = Math.max(0, of('Buffers') + of('Cached') + of('SReclaimable') - of('Shmem'));
  const availableBytes = Math.min(totalBytes, bytesByName.get('MemAvailable') ?? freeBytes + reclaimable);
  const usedBytes = totalBytes - availableBytes;
  const reading: MemoryReading = {
    totalBytes,
    availableBytes,
    usedBytes,
    usagePercent: toPercent(usedBytes, totalBytes),
  };
  const swapTotalBytes = bytesByName.get('SwapTotal');
  const swapFreeBytes = bytesByName.get('SwapFree');
  if (swapTotalBytes !== undefined && swapFreeBytes !== undefined) {
    reading.swapTotalBytes = swapTotalBytes;
    reading.swapUsedBytes = Math.max(0, swapTotalBytes - swapFreeBytes);
  }
  return reading;
}

/** Memory and swap in bytes, from /proc/meminfo. */
export class MemoryProbe implements Probe<'memory'> {
  readonly resource = 'memory';

  constructor(private readonly files: MachineFiles) {}

  read(): ProbeReading<'memory'> {
    return { value: describeMemory(parseMemoryInfo(this.files.readProc('meminfo'))), problems: [] };
  }
}
