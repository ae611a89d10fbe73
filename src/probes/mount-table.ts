/** One line of a mount table. */
export interface Mount {
  /** The kernel's id of this mounting: another one when something is mounted there anew. */
  id: string;
  /** Where it is mounted, decoded. */
  mount: string;
  /** What is mounted: `/dev/sda1`, `nas:/export`, `rpool/data`. */
  device: string;
  fsType: string;
  /** The folder of the file system that is mounted; other than `/` for a bind mount or a subvolume. */
  root: string;
  /** major:minor of the file system; major 0 means that there is no block device behind it. */
  deviceId: string;
}

/** node_exporter's and Netdata's defaults: the system's own mounts, which no user can fill or free. */
const SYSTEM_MOUNTS =
  /^\/(dev|proc|sys|snap|run\/(credentials|user|lock|containerd)|var\/lib\/docker\/.+|var\/lib\/containers\/storage\/.+|rpool[^/]*)($|\/)/;

const SYSTEM_TYPES =
  /^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|ramfs|rootfs|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tmpfs|tracefs|fuse\.(lxcfs|portal|snapfuse))$/;

/** Netdata's: mounted by a user's session or too slow to ask every few seconds. */
const SESSION_TYPES = /(gvfs|sshfs|s3fs|davfs2?|httpfs|ipfs|moosefs|gluster)/;

const NETWORK_TYPES =
  /^(nfs4?|cifs|smb3|smbfs|ceph|9p|afs|lustre|beegfs|orangefs|coda|ncpfs|gfs2|ocfs2|vboxsf|virtiofs)$/;

/** Parses /proc/PID/mountinfo, see proc_pid_mountinfo(5). Lines that cannot be read are passed over. */
export function parseMountInfo(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [left, right] = line.split(' - ', 2);
    if (!left || !right) continue;
    const [id, , deviceId, root, mount] = left.split(' ');
    const [fsType, device] = right.split(' ');
    if (!id || !deviceId || !root || !mount || !fsType) continue;
    mounts.push({
      id,
      deviceId,
      root: decodeOctal(root),
      mount: decodeOctal(mount),
      fsType,
      device: decodeOctal(device ?? ''),
    });
  }
  return mounts;
}

/** The kernel writes space, tab, newline and backslash as `\040`, `\011`, `\012`, `\134`. */
function decodeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** The mounts below `prefix`, named as the watched machine names them. */
export function stripMountPrefix(mounts: readonly Mount[], prefix: string): Mount[] {
  if (prefix === '') return [...mounts];
  return mounts
    .filter(({ mount }) => mount === prefix || mount.startsWith(`${prefix}/`))
    .map((one) => ({ ...one, mount: one.mount.slice(prefix.length) || '/' }));
}

/** Whether asking this file system for its size can hang: the answer comes over a network or from a process. */
export function isRemote({ fsType }: Mount): boolean {
  return NETWORK_TYPES.test(fsType) || fsType.startsWith('fuse') || SESSION_TYPES.test(fsType);
}

/**
 * The mounts that a person means by "my disks", ordered by mount point:
 * - of several mounts on one point only the last, which hides the others;
 * - no system mounts and types (see above), no mounted single files (`/etc/hosts` in a container);
 * - each file system once, whatever is bound where: `/` if it is among its mounts, else the whole file
 *   system before a folder of it, else the shortest path;
 * - `/` always, also as the overlay of a container: that is the disk that a user there can fill;
 * - a mount named in `includeMounts` always.
 */
export function selectMounts(
  mounts: readonly Mount[],
  includeMounts: readonly string[],
  isDirectory: (path: string) => boolean,
): Mount[] {
  const byPoint = new Map(mounts.map((one) => [one.mount, one]));
  const named: Mount[] = [];
  const bestByFileSystem = new Map<string, Mount>();
  for (const one of byPoint.values()) {
    if (includeMounts.includes(one.mount)) named.push(one);
    else if (isShown(one, isDirectory)) {
      const key = identifyFileSystem(one);
      const best = bestByFileSystem.get(key);
      if (!best || rankMount(one) < rankMount(best)) bestByFileSystem.set(key, one);
    }
  }
  return [...named, ...bestByFileSystem.values()].sort((a, b) => (a.mount < b.mount ? -1 : 1));
}

function isShown(one: Mount, isDirectory: (path: string) => boolean): boolean {
  if (one.mount === '/') return true;
  if (SYSTEM_MOUNTS.test(one.mount) || SYSTEM_TYPES.test(one.fsType) || SESSION_TYPES.test(one.fsType)) {
    return false;
  }
  // Only a bind mount can sit on a file, and only a local one is safe to ask.
  return one.root === '/' || isRemote(one) || isDirectory(one.mount);
}

function identifyFileSystem(one: Mount): string {
  if (!one.deviceId.startsWith('0:')) return one.deviceId;
  // Data sets of a pool share its free space; btrfs gives each subvolume a device number of its own.
  if (one.fsType === 'zfs') return `zfs ${one.device.split('/', 1)[0]}`;
  if (one.device.startsWith('/') || NETWORK_TYPES.test(one.fsType)) return `${one.fsType} ${one.device}`;
  return one.deviceId;
}

function rankMount({ mount, root }: Mount): number {
  if (mount === '/') return 0;
  return mount.length + (root === '/' ? 0 : 1e6);
}
