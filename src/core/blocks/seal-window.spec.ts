import { blockSpanMs, nextWindow, windowAround } from './seal-window.js';
import { finestKeptBucketMs, rollupWindow, TIERS, tierForStep } from './tiers.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MIDNIGHT = Date.UTC(2026, 10, 22);

describe('the span of a raw block', () => {
  it.each([
    [1_000, 1],
    [10_000, 1],
    [15_000, 1],
    [16_000, 2],
    [60_000, 4],
    [300_000, 24],
    [3_600_000, 24],
  ])('at one report each %d ms is %d h', (intervalMs, hours) => {
    expect(blockSpanMs(intervalMs)).toBe(hours * HOUR);
  });
});

describe('the next window to seal', () => {
  it('is the aligned one that holds the first report', () => {
    expect(nextWindow(MIDNIGHT + 90 * MINUTE, null, 10_000)).toEqual({
      start: MIDNIGHT + HOUR,
      until: MIDNIGHT + 2 * HOUR,
    });
  });

  it('begins where sealing has got to when the interval was changed in between', () => {
    const sealed = MIDNIGHT + 5 * HOUR;
    expect(nextWindow(sealed + 1, sealed, 3_600_000)).toEqual({ start: sealed, until: MIDNIGHT + DAY });
  });
});

describe('the window of a late report that no block holds', () => {
  const at = MIDNIGHT + 30 * MINUTE;
  const hour = { start: MIDNIGHT, until: MIDNIGHT + HOUR };

  it('is the hour around it', () => {
    expect(windowAround(at, [])).toEqual(hour);
    expect(windowAround(at, [{ start: MIDNIGHT - DAY, until: MIDNIGHT }])).toEqual(hour);
  });

  it('is cut by the blocks beside it', () => {
    const before = { start: MIDNIGHT - HOUR, until: at - MINUTE };
    const after = { start: at + MINUTE, until: MIDNIGHT + 4 * HOUR };
    expect(windowAround(at, [before, after])).toEqual({ start: at - MINUTE, until: at + MINUTE });
  });
});

describe('tiers', () => {
  it('are each made of whole buckets and blocks of the one before', () => {
    for (const tier of [2, 3] as const) {
      expect(TIERS[tier].bucketMs % TIERS[tier - 1]!.bucketMs).toBe(0);
      expect(TIERS[tier].blockMs % TIERS[tier - 1]!.blockMs).toBe(0);
      expect(TIERS[tier].blockMs % TIERS[tier].bucketMs).toBe(0);
      expect(TIERS[tier].retentionMs).toBeGreaterThan(TIERS[tier - 1]!.retentionMs);
    }
  });

  it('answer the steps that their buckets make up exactly', () => {
    const steps = [10_000, 30_000, MINUTE, 20 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, 6 * HOUR, DAY];
    expect(steps.map((step) => tierForStep(step).tier)).toEqual([0, 0, 1, 1, 2, 2, 3, 2, 3]);
  });

  it('keep a coarser one of what a finer one has let go', () => {
    const ages = [DAY, 20 * DAY, 100 * DAY, 500 * DAY, 5_000 * DAY];
    expect(ages.map((age) => finestKeptBucketMs(MIDNIGHT - age, MIDNIGHT))).toEqual([
      0,
      MINUTE,
      15 * MINUTE,
      4 * HOUR,
      4 * HOUR,
    ]);
  });

  it('lie in windows since the epoch', () => {
    const window = rollupWindow(TIERS[1], MIDNIGHT + 7 * HOUR);
    expect(window).toEqual({ start: MIDNIGHT + 6 * HOUR, until: MIDNIGHT + 12 * HOUR });
  });
});
