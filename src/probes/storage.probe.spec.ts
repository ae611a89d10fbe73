import { openMachine } from '../../test/fixtures/machines/open-machine.js';
import { MountSpaces } from './mount-spaces.js';
import type { DiskSpace } from './statfs-thread.js';
import { StorageProbe } from './storage.probe.js';

const SPACE: DiskSpace = {
  blockBytes: 4096,
  blocks: 100,
  blocksFree: 50,
  blocksAvailable: 40,
  files: 0,
  filesFree: 0,
};

describe('StorageProbe with a mount that hangs', () => {
  it('is on time without it, asks it once, and has it back when it answers', async () => {
    const machine = openMachine('storage-box');
    const calls: string[] = [];
    let isDead = true;
    let wake = (): void => {};
    const probe = new StorageProbe(
      new MountSpaces(machine.files, {
        intervalSeconds: () => 1,
        readLocal: () => SPACE,
        remote: {
          ask: (path) => {
            calls.push(path);
            return isDead && path.endsWith('/mnt/dead')
              ? new Promise((resolve) => (wake = () => resolve(SPACE)))
              : Promise.resolve(SPACE);
          },
          close: () => {},
        },
      }),
    );
    const readMounts = async () => {
      const startedAt = performance.now();
      const { value, problems } = await probe.read();
      const mounts = value!.map(({ mount }) => mount);
      return { mounts, problems, tookMs: performance.now() - startedAt };
    };
    const countCalls = () => calls.filter((path) => path.endsWith('/mnt/dead')).length;

    const first = await readMounts();
    expect(first.problems).toEqual(['/mnt/dead: does not answer']);
    expect(first.mounts).toEqual(expect.arrayContaining(['/', '/mnt/media', '/mnt/usb', '/srv/data']));
    expect(first.mounts).not.toContain('/mnt/dead');
    // Half the interval of 1 s.
    expect(first.tookMs).toBeLessThan(950);

    const second = await readMounts();
    expect(second.problems).toEqual(['/mnt/dead: does not answer']);
    expect(second.tookMs).toBeLessThan(300);
    expect(countCalls()).toBe(1);

    isDead = false;
    wake();
    await Promise.resolve();
    const third = await readMounts();
    machine.remove();
    expect(third.problems).toEqual([]);
    expect(third.mounts).toContain('/mnt/dead');
    expect(countCalls()).toBe(2);
  });
});

it('calculates percent as df does, and leaves out a file system without size', async () => {
  const machine = openMachine('small-vm');
  const probe = new StorageProbe(
    new MountSpaces(machine.files, {
      readLocal: (path) => (path.endsWith('efi') ? { ...SPACE, blocks: 0 } : SPACE),
    }),
  );
  const { value } = await probe.read();
  machine.remove();
  expect(value).toEqual([
    {
      mount: '/',
      device: '/dev/vda1',
      fsType: 'ext4',
      totalBytes: 409_600,
      usedBytes: 204_800,
      freeBytes: 163_840,
      usagePercent: 55.56,
    },
  ]);
});
