import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { openMachine } from '../../test/fixtures/machines/open-machine.js';
import { CgroupProbe } from './cgroup.probe.js';
import { ConnectionsProbe } from './connections.probe.js';
import { CounterWindow } from './counter-window.js';
import { DiskProbe } from './disk.probe.js';
import { MachineFiles } from './machine-files.js';
import { PressureProbe } from './pressure.probe.js';
import { parseProcessStat, ProcessesProbe } from './processes.probe.js';
import { TemperatureProbe } from './temperature.probe.js';

/** A tree of our own as /proc and /sys of this very machine, not of one behind a root. */
function openTree(texts: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'machine-tree-'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const [path, text] of Object.entries(texts)) write(path, text);
  const files = new MachineFiles({ procRoot: join(folder, 'proc'), sysRoot: join(folder, 'sys') });
  return { files, write, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

describe('a window of counters', () => {
  it('gives nothing but what they grew by, whatever they do', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 2 ** 64, noNaN: true }), { minLength: 2 }),
        (counters) => {
          let now = 0;
          const window = new CounterWindow(() => now);
          for (const [index, counter] of counters.entries()) {
            now += 10;
            const passed = window.advance('one', [counter]);
            window.turn();
            const before = counters[index - 1];
            if (before === undefined || counter < before) expect(passed).toBeUndefined();
            else expect(passed).toEqual({ elapsedMs: 10, deltas: [counter - before] });
          }
        },
      ),
    );
  });

  it('begins anew for a device that was away', () => {
    let now = 0;
    const window = new CounterWindow(() => (now += 1));
    window.advance('one', [1]);
    window.turn();
    window.turn();
    expect(window.advance('one', [5])).toBeUndefined();
  });
});

describe('DiskProbe', () => {
  const line = (name: string, busyMs: number): string =>
    `8 0 ${name} 10 0 80 4 10 0 80 4 0 ${busyMs} 8 0 0 0 0\n`;

  it('without /sys tells whole disks by their names', () => {
    const names = [
      'sda',
      'sda1',
      'nvme0n1',
      'nvme0n1p2',
      'mmcblk0',
      'mmcblk0p1',
      'dm-0',
      'md127',
      'loop3',
      'sr0',
    ];
    const tree = openTree({ 'proc/diskstats': names.map((name) => line(name, 0)).join('') });
    const { value } = new DiskProbe(tree.files).read();
    tree.remove();
    expect(value?.map(({ device }) => device)).toEqual(['sda', 'nvme0n1', 'mmcblk0']);
  });

  it('gives what there is where no disk has a device behind it', () => {
    const tree = openTree({
      'proc/diskstats': line('dm-0', 0) + line('loop0', 0),
      'sys/block/dm-0/size': '1',
    });
    const { value } = new DiskProbe(tree.files).read();
    tree.remove();
    expect(value?.map(({ device }) => device)).toEqual(['dm-0']);
  });

  it('says nothing of the time in which its counters fell', () => {
    const tree = openTree({ 'proc/diskstats': line('sda', 1_000) });
    let now = 0;
    const probe = new DiskProbe(tree.files, () => now);
    probe.prime();
    const readBusy = (busyMs: number) => {
      now += 1_000;
      tree.write('proc/diskstats', line('sda', busyMs));
      return probe.read().value![0]!.busyPercent;
    };
    expect([readBusy(1_500), readBusy(10), readBusy(110)]).toEqual([50, undefined, 10]);
    tree.remove();
  });
});

it('PressureProbe says nothing on a kernel without PSI', () => {
  const tree = openTree({ 'proc/stat': '' });
  const probe = new PressureProbe(tree.files);
  probe.prime();
  expect(probe.read()).toEqual({ problems: [] });
  tree.remove();
});

it('TemperatureProbe reads thermal zones where there are no chips, and sees a sensor go', () => {
  const tree = openTree({
    'sys/class/thermal/thermal_zone0/type': 'cpu-thermal\n',
    'sys/class/thermal/thermal_zone0/temp': '51234\n',
    'sys/class/thermal/thermal_zone1/type': 'gpu-thermal\n',
    'sys/class/thermal/thermal_zone1/temp': 'broken\n',
    'sys/class/thermal/cooling_device0/type': 'fan\n',
  });
  const probe = new TemperatureProbe(tree.files);
  expect(probe.read().value).toEqual([{ sensor: 'cpu-thermal', celsius: 51.2 }]);
  tree.remove();
  expect(probe.read()).toEqual({ problems: [] });
});

describe('ProcessesProbe', () => {
  it('lists the busiest of the time since the last sampling, names together', () => {
    const machine = openMachine('small-vm');
    const probe = new ProcessesProbe(machine.files, () => machine.clock.ms);
    expect(probe.read().value!.top!.map(({ name }) => name)).toEqual(['postgres: a) (b', 'nginx', 'systemd']);
    const setTicks = (pid: number, name: string, ticks: number): void => {
      const fields = Array.from({ length: 30 }, () => '0');
      [fields[11], fields[12], fields[19], fields[21]] = [String(ticks), '0', '210', '8000'];
      machine.write(`proc/${pid}/stat`, `${pid} (${name}) ${fields.join(' ')}\n`);
    };
    setTicks(813, 'nginx', 50 + 5);
    machine.passTime();
    expect(probe.read().value!.top).toBeUndefined();
    machine.clock.ms += 30_000;
    const top = probe.read().value!.top!;
    machine.remove();
    expect(top[0]).toMatchObject({ name: 'nginx', count: 1, memoryBytes: 32_768_000 });
    expect(top.every(({ cpuPercent }) => cpuPercent !== undefined && cpuPercent >= 0)).toBe(true);
  });

  it('does not read what is no line of a process', () => {
    expect(parseProcessStat('')).toBeUndefined();
    expect(parseProcessStat('1 (x')).toBeUndefined();
    expect(parseProcessStat('1 (x) S 1 2 3')).toBeUndefined();
  });
});

it('ConnectionsProbe counts single states once a minute', () => {
  const machine = openMachine('small-vm');
  const probe = new ConnectionsProbe(machine.files, () => machine.clock.ms);
  expect(probe.read().value).toMatchObject({ established: 6, listening: 3, closeWait: 1 });
  machine.write('proc/1/net/tcp', 'head\n');
  machine.write('proc/1/net/tcp6', 'head\n');
  machine.clock.ms += 59_999;
  expect(probe.read().value).toMatchObject({ listening: 3 });
  machine.clock.ms += 1;
  expect(probe.read().value).toMatchObject({ established: 6, listening: 0, closeWait: 0 });
  machine.remove();
});

describe('CgroupProbe', () => {
  it('reads version 1', () => {
    const tree = openTree({
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '1073741824\n',
      'sys/fs/cgroup/memory/memory.usage_in_bytes': '600000000\n',
      'sys/fs/cgroup/memory/memory.stat': 'cache 1\ntotal_inactive_file 63129088\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      'sys/fs/cgroup/cpu/cpu.stat': 'nr_periods 10\nnr_throttled 0\nthrottled_time 0\n',
      'sys/fs/cgroup/cpuacct/cpuacct.usage': '1000000000\n',
    });
    let now = 0;
    const probe = new CgroupProbe(tree.files, () => now);
    probe.prime();
    now += 1_000;
    tree.write('sys/fs/cgroup/cpuacct/cpuacct.usage', '1250000000\n');
    tree.write('sys/fs/cgroup/cpu/cpu.stat', 'nr_periods 20\nnr_throttled 5\nthrottled_time 9\n');
    const { value } = probe.read();
    tree.remove();
    expect(value).toEqual({
      memoryLimitBytes: 1_073_741_824,
      memoryUsedBytes: 536_870_912,
      memoryUsagePercent: 50,
      cpuLimitCores: 0.5,
      cpuUsagePercent: 50,
      throttledPercent: 50,
    });
  });

  it.each([
    ['a machine of its own', {}],
    [
      'a container without limits',
      { 'sys/fs/cgroup/memory.max': 'max\n', 'sys/fs/cgroup/cpu.max': 'max 100000\n' },
    ],
    [
      'version 1 without limits',
      {
        'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
        'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      },
    ],
  ])('says nothing on %s', (_, texts) => {
    const tree = openTree({ 'proc/stat': '', ...(texts as Record<string, string>) });
    const probe = new CgroupProbe(tree.files);
    probe.prime();
    expect(probe.read()).toEqual({ problems: [] });
    tree.remove();
  });
});
