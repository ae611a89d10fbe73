import { parseMountInfo, selectMounts, stripMountPrefix } from './mount-table.js';

const everythingIsAFolder = (): boolean => true;

function select(
  lines: string[],
  includeMounts: string[] = [],
  isDirectory: (path: string) => boolean = everythingIsAFolder,
): string[] {
  return selectMounts(parseMountInfo(lines.join('\n')), includeMounts, isDirectory).map(({ mount }) => mount);
}

describe('selectMounts', () => {
  const root = '1 0 8:1 / / rw - ext4 /dev/sda1 rw';

  it('reports a bound file system once, by its whole and not by a folder of it', () => {
    expect(
      select([root, '2 1 8:2 /a /a rw - xfs /dev/sdb rw', '3 1 8:2 / /data rw - xfs /dev/sdb rw']),
    ).toEqual(['/', '/data']);
  });

  it('reports a folder of a file system where only that is mounted, but never a file', () => {
    const lines = [
      root,
      '2 1 8:2 /v /data rw - xfs /dev/sdb rw',
      '3 1 8:3 /h /etc/hosts rw - ext4 /dev/sdc rw',
    ];
    expect(select(lines, [], (path) => path !== '/etc/hosts')).toEqual(['/', '/data']);
  });

  it('reports tmpfs and other system mounts only when they are named', () => {
    const lines = [root, '2 1 0:9 / /tmp rw - tmpfs tmpfs rw', '3 1 0:8 / /dev/shm rw - tmpfs tmpfs rw'];
    expect(select(lines)).toEqual(['/']);
    expect(select(lines, ['/dev/shm', '/nowhere'])).toEqual(['/', '/dev/shm']);
  });

  it('always reports /, also as the overlay of a container or a live system', () => {
    expect(select(['1 0 0:80 / / rw - overlay overlay rw'])).toEqual(['/']);
  });

  it('does not take a folder for a system mount by the beginning of its name', () => {
    expect(
      select([root, '2 1 8:2 / /devices rw - ext4 /dev/sdb rw', '3 1 8:3 / /system rw - ext4 /dev/sdc rw']),
    ).toEqual(['/', '/devices', '/system']);
  });
});

it('decodes what the kernel escapes, and passes over lines that are none', () => {
  const [only, ...rest] = parseMountInfo(
    '36 28 8:17 / /mnt/a\\040b\\134c\\011d rw - ext4 /dev/sdb1 rw\nnonsense\n',
  );
  expect(only?.mount).toBe('/mnt/a b\\c\td');
  expect(rest).toEqual([]);
});

it('names mounts below a foreign root as the machine itself does', () => {
  const mounts = parseMountInfo(
    [
      '1 0 0:1 / / rw - overlay overlay rw',
      '2 1 8:1 / /rootfs ro - ext4 /dev/sda1 rw',
      '3 2 8:2 / /rootfs/boot ro - ext4 /dev/sda2 rw',
      '4 1 8:3 / /rootfsx ro - ext4 /dev/sda3 rw',
    ].join('\n'),
  );
  expect(stripMountPrefix(mounts, '/rootfs').map(({ mount, device }) => `${mount} ${device}`)).toEqual([
    '/ /dev/sda1',
    '/boot /dev/sda2',
  ]);
});
