import { describeMemory, parseMemoryInfo } from './memory.probe.js';

const describeText = (text: string) => describeMemory(parseMemoryInfo(text));

describe('describeMemory', () => {
  it('takes what can be given back for available where the kernel does not say', () => {
    const reading = describeText(
      'MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 400 kB\nSReclaimable: 30 kB\nShmem: 20 kB\n',
    );
    expect(reading.availableBytes).toBe(560 * 1024);
    expect(reading).toMatchObject({ usedBytes: 440 * 1024, usagePercent: 44 });
    expect(reading).not.toHaveProperty('swapTotalBytes');
  });

  it('never goes below zero when the fields contradict each other', () => {
    const reading = describeText(
      'MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 2000 kB\nSwapTotal: 10 kB\nSwapFree: 20 kB\n',
    );
    expect(reading).toMatchObject({ usedBytes: 0, usagePercent: 0, swapUsedBytes: 0 });
    expect(
      describeText('MemTotal: 1000 kB\nMemFree: 100 kB\nCached: 10 kB\nShmem: 900 kB\n').availableBytes,
    ).toBe(100 * 1024);
  });

  it('says so when there is nothing to read', () => {
    expect(() => describeText('')).toThrow('MemTotal');
  });
});
