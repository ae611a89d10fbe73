import type { DiskReading } from '../core/model/report.js';
import { CounterWindow } from './counter-window.js';
import type { MachineFiles } from './machine-files.js';
import { parseCounter } from './network.probe.js';
import { toPercent } from './percent.js';
import type { Probe, ProbeReading } from './probe.js';

/** /proc/diskstats counts in sectors of this size whatever the disk's own are. */
const SECTOR_BYTES = 512n;

/** Kernel's own, removable media, and network disks' empty slots. */
const NO_DISKS = /^(loop|ram|zram|sr|fd|nbd)\d/;

/** Partitions of the usual disks, for a machine whose /sys cannot be read. */
const PARTITION = /^((sd|hd|vd|xvd)[a-z]+\d+|(nvme\d+n\d+|mmcblk\d+)p\d+)$/;

interface DiskCounters {
  readonly device: string;
  /** Of the columns of /proc/diskstats, as digits. */
  readonly reads: string;
  readonly sectorsRead: string;
  readonly readMs: number;
  readonly writes: string;
  readonly sectorsWritten: string;
  readonly writeMs: number;
  readonly busyMs: number;
}

/** Parses /proc/diskstats (Documentation/admin-guide/iostats.rst): every block device, partitions too. */
export function parseDiskStats(text: string): DiskCounters[] {
  const disks: DiskCounters[] = [];
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields.length < 13) continue;
    disks.push({
      device: fields[2]!,
      reads: fields[3]!,
      sectorsRead: fields[5]!,
      readMs: Number(fields[6]),
      writes: fields[7]!,
      sectorsWritten: fields[9]!,
      writeMs: Number(fields[10]),
      busyMs: Number(fields[12]),
    });
  }
  return disks;
}

/**
 * Bytes, operations, busy share and mean wait of every whole disk. Left out: partitions, and what is laid
 * over disks (RAID, LVM, encryption), whose traffic the disks below have already; disks never used.
 * If that leaves none (a virtual machine of some kinds), everything but loop and memory disks is given.
 */
export class DiskProbe implements Probe<'disk'> {
  readonly resource = 'disk';
  private readonly window: CounterWindow;
  /** By name, for as long as the device is listed. */
  private wholeDisks = new Map<string, boolean>();

  constructor(
    private readonly files: MachineFiles,
    clock?: () => number,
  ) {
    this.window = new CounterWindow(clock);
  }

  read(): ProbeReading<'disk'> {
    const value = this.listDisks().map((disk) => this.describe(disk));
    this.window.turn();
    return value.length > 0 ? { value, problems: [] } : { problems: [] };
  }

  prime(): void {
    this.read();
  }

  forget(): void {
    this.window.forget();
  }

  private listDisks(): DiskCounters[] {
    const all = parseDiskStats(this.files.readProc('diskstats')).filter(
      ({ device }) => !NO_DISKS.test(device),
    );
    const known = this.wholeDisks;
    const hasSys = this.files.hasSys('block');
    this.wholeDisks = new Map(
      all.map(({ device }) => [
        device,
        known.get(device) ??
          (hasSys
            ? this.files.hasSys(`block/${device}/device`)
            : !PARTITION.test(device) && !/^(dm-|md)\d/.test(device)),
      ]),
    );
    const whole = all.filter(({ device }) => this.wholeDisks.get(device));
    return (whole.length > 0 ? whole : all).filter(({ reads, writes }) => reads !== '0' || writes !== '0');
  }

  private describe(disk: DiskCounters): DiskReading {
    const reading: DiskReading = {
      device: disk.device,
      bytesRead: toBytes(disk.sectorsRead),
      bytesWritten: toBytes(disk.sectorsWritten),
      readsCompleted: parseCounter(disk.reads),
      writesCompleted: parseCounter(disk.writes),
    };
    const passed = this.window.advance(disk.device, [
      disk.busyMs,
      disk.readMs + disk.writeMs,
      Number(disk.reads) + Number(disk.writes),
    ]);
    if (passed) {
      const [busyMs, waitedMs, operations] = passed.deltas as [number, number, number];
      reading.busyPercent = toPercent(busyMs, passed.elapsedMs);
      if (operations > 0) reading.awaitMilliseconds = Math.round((waitedMs / operations) * 100) / 100;
    }
    return reading;
  }
}

const toBytes = (sectors: string): number | string => parseCounter(String(BigInt(sectors) * SECTOR_BYTES));
