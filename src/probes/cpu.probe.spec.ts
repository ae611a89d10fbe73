import { openMachine } from '../../test/fixtures/machines/open-machine.js';
import { CpuProbe, parseCpuTimes, parseLoad, settleTicks } from './cpu.probe.js';

/** A /proc/stat of cores, each `user idle [iowait]`; the sum line is the sum. */
function writeStat(cores: Record<number, [number, number, number?]>): string {
  const line = (name: string, [user, idle, iowait = 0]: number[]): string =>
    `${name} ${user} 0 0 ${idle} ${iowait} 0 0 0 0 0`;
  const sum = Object.values(cores).reduce<number[]>(
    (total, core) => total.map((value, index) => value + (core[index] ?? 0)),
    [0, 0, 0],
  );
  const lines = Object.entries(cores).map(([core, ticks]) => line(`cpu${core}`, ticks as number[]));
  return [line('cpu ', sum), ...lines, 'intr 1'].join('\n');
}

function readAfter(...stats: string[]): ReturnType<CpuProbe['read']>['value'] {
  const machine = openMachine('small-vm');
  const probe = new CpuProbe(machine.files);
  let value: ReturnType<CpuProbe['read']>['value'];
  for (const stat of stats) {
    machine.write('proc/stat', stat);
    value = probe.read().value;
  }
  machine.remove();
  return value;
}

describe('CpuProbe', () => {
  it('does not count guests twice: they are inside user already', () => {
    const before = 'cpu  1000 0 0 1000 0 0 0 0 500 0\ncpu0 1000 0 0 1000 0 0 0 0 500 0\n';
    const now = 'cpu  1050 0 0 1050 0 0 0 0 550 0\ncpu0 1050 0 0 1050 0 0 0 0 550 0\n';
    expect(readAfter(before, now)?.usagePercent).toBe(50);
  });

  it('counts steal as busy and iowait as not', () => {
    const before = 'cpu  0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0\n';
    const now = 'cpu  0 0 0 50 30 0 0 20\ncpu0 0 0 0 50 30 0 0 20\n';
    expect(readAfter(before, now)).toMatchObject({ usagePercent: 20, iowaitPercent: 30, stealPercent: 20 });
  });

  it('leaves the percentages out when no tick passed', () => {
    const stat = writeStat({ 0: [10, 10] });
    expect(readAfter(stat, stat)).not.toHaveProperty('usagePercent');
  });

  it('sees a counter that slips back as standing still', () => {
    const value = readAfter(writeStat({ 0: [100, 100, 50] }), writeStat({ 0: [110, 190, 45] }));
    expect(value).toMatchObject({ usagePercent: 10, iowaitPercent: 0, perCorePercent: [10] });
  });

  it('does not count a slip again when the counter catches up', () => {
    const value = readAfter(
      writeStat({ 0: [100, 100, 50] }),
      writeStat({ 0: [110, 190, 45] }),
      writeStat({ 0: [120, 280, 50] }),
    );
    expect(value).toMatchObject({ usagePercent: 10, iowaitPercent: 0 });
  });

  it('takes the other cores when one was replugged and its counters began anew', () => {
    const value = readAfter(
      writeStat({ 0: [1000, 9000], 1: [1000, 9000] }),
      writeStat({ 0: [1050, 9050], 1: [5, 20] }),
    );
    expect(value).toMatchObject({ usagePercent: 50, cores: 2, perCorePercent: [50] });
  });

  it('keeps each core in its place when one goes and comes back', () => {
    const three = writeStat({ 0: [0, 0], 1: [0, 0], 2: [0, 0] });
    const without1 = writeStat({ 0: [100, 0], 2: [0, 100] });
    expect(readAfter(three, without1)).toMatchObject({ usagePercent: 50, cores: 2, perCorePercent: [100] });
    const back = writeStat({ 0: [100, 100], 1: [10, 10], 2: [100, 100] });
    const later = writeStat({ 0: [110, 190], 1: [60, 60], 2: [200, 100] });
    expect(readAfter(three, without1, back, later)?.perCorePercent).toEqual([10, 50, 100]);
  });
});

describe('settleTicks', () => {
  it('takes an idle counter that fell by 3 s for a fresh start, and not one that fell by less', () => {
    const ticks = { user: 10, system: 10, idle: 1_000, iowait: 0, steal: 0 };
    expect(settleTicks(ticks, { ...ticks, idle: 700 })).toBeUndefined();
    expect(settleTicks(ticks, { ...ticks, idle: 701 })).toEqual(ticks);
  });
});

it('reads cores beyond 9 and ignores what follows the cpu lines', () => {
  const { cores } = parseCpuTimes('cpu  1 1 1 1\ncpu0 1 1 1 1\ncpu12 2 2 2 2\nintr 5\ncpu99 1 1 1 1\n');
  expect([...cores.keys()]).toEqual([0, 12]);
});

it('refuses a load line that is none', () => {
  expect(() => parseLoad('n/a')).toThrow('loadavg cannot be read');
});
