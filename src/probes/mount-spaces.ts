import type { MachineFiles } from './machine-files.js';
import { isRemote, parseMountInfo, selectMounts, stripMountPrefix, type Mount } from './mount-table.js';
import { readDiskSpace, type DiskSpace } from './statfs-thread.js';
import { StatfsThreads } from './statfs-threads.js';

/** Longest wait for remote mounts in one reading. */
const REMOTE_LIMIT_MS = 2_000;

export interface MountSpacesOptions {
  /** Mount points to report besides those of the rules in `selectMounts`. */
  includeMounts?: readonly string[];
  /** Seconds between readings, if known: remote mounts get at most half of it. */
  intervalSeconds?: () => number;
  /** How local file systems are asked; `statfs` in this thread. */
  readLocal?: (path: string) => DiskSpace;
  /** How remote file systems are asked; threads of their own. */
  remote?: Pick<StatfsThreads, 'ask' | 'close'>;
}

/** What one reading found: the mounts in the table's order with their space, and in words what gave no answer. */
export interface MountSpacesReading {
  readonly spaces: readonly { readonly mount: Mount; readonly space: DiskSpace }[];
  readonly problems: readonly string[];
}

/**
 * Asks every real mount for its space, for the probes of storage and of inodes together: those that read
 * at the same instant share one reading.
 * A remote mount that does not answer in time is left out and named, and not asked again until that call
 * is back; a file system without size (a pseudo one) is left out.
 */
export class MountSpaces {
  private readonly readLocal: (path: string) => DiskSpace;
  private readonly remote: Pick<StatfsThreads, 'ask' | 'close'>;
  private readonly asked = new Set<string>();
  private reading: Promise<MountSpacesReading> | undefined;
  private table = { text: '', mounts: [] as Mount[] };

  constructor(
    private readonly files: MachineFiles,
    private readonly options: MountSpacesOptions = {},
  ) {
    this.readLocal = options.readLocal ?? readDiskSpace;
    this.remote = options.remote ?? new StatfsThreads();
  }

  read(): Promise<MountSpacesReading> {
    this.reading ??= this.readAll().finally(() => (this.reading = undefined));
    return this.reading;
  }

  close(): void {
    this.remote.close();
  }

  private async readAll(): Promise<MountSpacesReading> {
    const mounts = this.listMounts();
    const problems: string[] = [];
    const spaces = new Map<Mount, DiskSpace>();
    const remote = this.askRemote(mounts.filter(isRemote), spaces, problems);
    for (const one of mounts) {
      if (isRemote(one)) continue;
      try {
        spaces.set(one, this.readLocal(this.files.toReachablePath(one.mount)));
      } catch (error) {
        problems.push(`${one.mount}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`);
      }
    }
    await remote;
    return {
      spaces: mounts.flatMap((mount) => {
        const space = spaces.get(mount);
        return space && space.blocks > 0 ? [{ mount, space }] : [];
      }),
      problems,
    };
  }

  private listMounts(): Mount[] {
    const { text, prefix } = this.files.readMountInfo();
    // The table seldom changes, and taking it apart is the dearest step of a reading.
    if (text !== this.table.text) {
      const mounts = selectMounts(
        stripMountPrefix(parseMountInfo(text), prefix),
        this.options.includeMounts ?? [],
        (path) => this.files.isDirectory(path),
      );
      this.table = { text, mounts };
    }
    return this.table.mounts;
  }

  private async askRemote(
    mounts: readonly Mount[],
    spaces: Map<Mount, DiskSpace>,
    problems: string[],
  ): Promise<void> {
    if (mounts.length === 0) return;
    const unanswered = new Set(mounts);
    const answers = mounts
      .filter((one) => !this.asked.has(identifyCall(one)))
      .map((one) =>
        this.askOne(one).then(
          (space) => {
            unanswered.delete(one);
            spaces.set(one, space);
          },
          (error: Error) => {
            unanswered.delete(one);
            problems.push(`${one.mount}: ${error.message}`);
          },
        ),
      );
    await withinLimit(Promise.all(answers), this.limitMs());
    for (const { mount } of unanswered) problems.push(`${mount}: does not answer`);
  }

  private async askOne(one: Mount): Promise<DiskSpace> {
    const call = identifyCall(one);
    this.asked.add(call);
    try {
      return await this.remote.ask(this.files.toReachablePath(one.mount));
    } finally {
      this.asked.delete(call);
    }
  }

  private limitMs(): number {
    const intervalMs = (this.options.intervalSeconds?.() ?? Infinity) * 1_000;
    return Math.min(REMOTE_LIMIT_MS, intervalMs / 2);
  }
}

const identifyCall = ({ id, mount }: Mount): string => `${id} ${mount}`;

async function withinLimit(work: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
