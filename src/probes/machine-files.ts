import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface MachineFilesOptions {
  /** Where the watched machine's root is mounted when it is not ours (`/rootfs` in a container). */
  rootfs?: string;
  procRoot?: string;
  sysRoot?: string;
}

/**
 * The one place that knows where the watched machine's files are: every probe reads through it, so a
 * container can point it at its machine's tree and a test at a fixture.
 *
 * Reads are synchronous on purpose: the kernel makes /proc and /sys up in memory, a read takes some
 * 20 µs, and handing it to the thread pool would cost more CPU than the read itself.
 */
export class MachineFiles {
  readonly rootfs: string;
  private readonly procRoot: string;
  private readonly sysRoot: string;
  private readonly isForeignProc: boolean;

  constructor(options: MachineFilesOptions = {}) {
    this.rootfs = (options.rootfs ?? '').replace(/(?<!\/)\/+$/, '');
    // A root that was bound without its sub-mounts has an empty /proc; ours shows the same kernel.
    const procInside = join(this.rootfs, '/proc');
    const sysInside = join(this.rootfs, '/sys');
    this.procRoot = options.procRoot ?? (existsSync(join(procInside, 'stat')) ? procInside : '/proc');
    this.sysRoot = options.sysRoot ?? (existsSync(join(sysInside, 'class/net')) ? sysInside : '/sys');
    this.isForeignProc = this.rootfs !== '' && this.procRoot === procInside;
  }

  /** Throws Node's error when the file is missing or may not be read. */
  readProc(path: string): string {
    return readFileSync(join(this.procRoot, path), 'utf8');
  }

  /** Throws Node's error when the file is missing or may not be read. */
  readSys(path: string): string {
    return readFileSync(join(this.sysRoot, path), 'utf8');
  }

  /** Names in a folder below /proc. Throws Node's error when it is missing. */
  listProc(path: string): string[] {
    return readdirSync(join(this.procRoot, path));
  }

  /** Names in a folder below /sys; none when it is missing. */
  listSys(path: string): string[] {
    try {
      return readdirSync(join(this.sysRoot, path));
    } catch {
      return [];
    }
  }

  hasSys(path: string): boolean {
    return existsSync(join(this.sysRoot, path));
  }

  /** A file of the machine's root file system, such as `/etc/os-release`. */
  readRoot(path: string): string {
    return readFileSync(this.toReachablePath(path), 'utf8');
  }

  /** The path under which this process reaches a path of the watched machine. */
  toReachablePath(path: string): string {
    return this.rootfs === '' ? path : join(this.rootfs, path);
  }

  isDirectory(path: string): boolean {
    return statSync(this.toReachablePath(path), { throwIfNoEntry: false })?.isDirectory() ?? false;
  }

  /**
   * The mount table as text. `prefix` is what the machine's own mount points carry in front: under a
   * rootfs the table of the machine's first process is read, and where that is not allowed our own,
   * in which the machine's mounts appear below `rootfs`.
   */
  readMountInfo(): { text: string; prefix: string } {
    if (this.isForeignProc) {
      try {
        return { text: this.readProc('1/mountinfo'), prefix: '' };
      } catch {
        return { text: this.readProc('self/mountinfo'), prefix: this.rootfs };
      }
    }
    return { text: this.readProc('self/mountinfo'), prefix: this.rootfs };
  }

  /**
   * A file of /proc/net: sockets belong to a network namespace, so under a rootfs it is that of the
   * machine's first process. Throws Node's error when it is missing.
   */
  readNetworkFile(name: string): string {
    if (this.isForeignProc) {
      try {
        return this.readProc(`1/net/${name}`);
      } catch {
        return this.readProc(`net/${name}`);
      }
    }
    return this.readProc(`net/${name}`);
  }

  /** Counters of all interfaces; under a rootfs those of the machine's first process, not our namespace's. */
  readNetworkDevices(): string {
    return this.readNetworkFile('dev');
  }
}
