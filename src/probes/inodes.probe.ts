import type { InodesReading } from '../core/model/report.js';
import type { MountSpaces } from './mount-spaces.js';
import { toPercent } from './percent.js';
import type { Probe, ProbeReading } from './probe.js';

/** They make inodes as needed, or pretend to have some: a share of them says nothing. */
const WITHOUT_INODES = /^(btrfs|overlay|vfat|msdos|exfat|ntfs3?|fuseblk|bcachefs)$/;

/**
 * Inodes of every real mount that counts them: a file system can be full of small files with half of its
 * bytes free. Percent as `df -i`: used ÷ total.
 */
export class InodesProbe implements Probe<'inodes'> {
  readonly resource = 'inodes';

  constructor(private readonly mounts: MountSpaces) {}

  async read(): Promise<ProbeReading<'inodes'>> {
    const { spaces } = await this.mounts.read();
    const value = spaces
      .filter(({ mount, space }) => space.files > 0 && !WITHOUT_INODES.test(mount.fsType))
      .map(({ mount: { mount }, space: { files, filesFree } }): InodesReading => {
        const used = Math.max(0, files - filesFree);
        return { mount, total: files, used, free: files - used, usagePercent: toPercent(used, files) };
      });
    // What a mount refused is named once, by the storage probe.
    return { ...(value.length > 0 ? { value } : {}), problems: [] };
  }
}
