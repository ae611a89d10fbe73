import type { StorageReading } from '../core/model/report.js';
import type { MountSpaces } from './mount-spaces.js';
import type { Mount } from './mount-table.js';
import { toPercent } from './percent.js';
import type { Probe, ProbeReading } from './probe.js';
import type { DiskSpace } from './statfs-thread.js';

/**
 * total, used and free (for ordinary users) in bytes of every real mount; the three need not add up, the
 * rest is root's reserve. Percent as `df`: used ÷ (used + free).
 */
export class StorageProbe implements Probe<'storage'> {
  readonly resource = 'storage';

  constructor(private readonly mounts: MountSpaces) {}

  async read(): Promise<ProbeReading<'storage'>> {
    const { spaces, problems } = await this.mounts.read();
    const value = spaces.map(({ mount, space }) => describeSpace(mount, space));
    return { ...(value.length > 0 ? { value } : {}), problems: [...problems] };
  }

  close(): void {
    this.mounts.close();
  }
}

function describeSpace({ mount, device, fsType }: Mount, space: DiskSpace): StorageReading {
  const { blockBytes, blocks, blocksFree, blocksAvailable } = space;
  const usedBytes = Math.max(0, blocks - blocksFree) * blockBytes;
  const freeBytes = Math.max(0, blocksAvailable) * blockBytes;
  const reading: StorageReading = {
    mount,
    device,
    fsType,
    totalBytes: blocks * blockBytes,
    usedBytes,
    freeBytes,
  };
  if (usedBytes + freeBytes > 0) reading.usagePercent = toPercent(usedBytes, usedBytes + freeBytes);
  return reading;
}
