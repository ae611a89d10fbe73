import { planRollups, planSeal, touchedWindows } from './seal.js';
import { rawWindowMs, rollupTiersOf, TIERS } from './tiers.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const START = 20_000 * DAY;

function everyTenSeconds(from: number, to: number): number[] {
  return Array.from({ length: (to - from) / (10 * SECOND) }, (_, index) => from + index * 10 * SECOND);
}

describe('raw windows', () => {
  it.each([
    [1, 1],
    [10, 1],
    [15, 1],
    [16, 2],
    [60, 4],
    [300, 24],
    [3_600, 24],
  ])('a monitor that reports every %d s has blocks of %d h', (seconds, hours) => {
    expect(rawWindowMs(seconds * SECOND)).toBe(hours * HOUR);
  });

  it('has no rollup finer than the interval', () => {
    expect(rollupTiersOf(10 * SECOND).map(({ tier }) => tier)).toEqual([1, 2, 3]);
    expect(rollupTiersOf(HOUR).map(({ tier }) => tier)).toEqual([3]);
  });
});

describe('planSeal', () => {
  const hotAts = everyTenSeconds(START, START + 3 * HOUR);
  const intervalMs = 10 * SECOND;

  it('seals each window that is settled, and no other', () => {
    const plan = planSeal({ sealedUntil: undefined, hotAts, intervalMs, settledUntil: START + 2.5 * HOUR });
    expect(plan.windows).toEqual([
      { start: START, end: START + HOUR },
      { start: START + HOUR, end: START + 2 * HOUR },
    ]);
    expect(plan.sealedUntil).toBe(START + 2 * HOUR);
  });

  it('goes on from the mark', () => {
    const plan = planSeal({ sealedUntil: START + HOUR, hotAts, intervalMs, settledUntil: START + 2 * HOUR });
    expect(plan.windows).toEqual([{ start: START + HOUR, end: START + 2 * HOUR }]);
  });

  it('passes over windows without reports', () => {
    const plan = planSeal({
      sealedUntil: START,
      hotAts: everyTenSeconds(START + 5 * HOUR, START + 6 * HOUR),
      intervalMs,
      settledUntil: START + 9.9 * HOUR,
    });
    expect(plan.windows).toEqual([{ start: START + 5 * HOUR, end: START + 6 * HOUR }]);
    expect(plan.sealedUntil).toBe(START + 9 * HOUR);
  });

  it('marks nothing for a monitor that never reported, and never goes back', () => {
    const settledUntil = START + HOUR;
    expect(
      planSeal({ sealedUntil: undefined, hotAts: [], intervalMs, settledUntil }).sealedUntil,
    ).toBeUndefined();
    expect(planSeal({ sealedUntil: START + DAY, hotAts: [], intervalMs, settledUntil }).sealedUntil).toBe(
      START + DAY,
    );
  });

  it('begins at the mark when a longer interval makes windows wider', () => {
    const plan = planSeal({
      sealedUntil: START + 5 * HOUR,
      hotAts: [START + 5.5 * HOUR, START + 7 * HOUR, START + 9 * HOUR],
      intervalMs: 60 * SECOND,
      settledUntil: START + 12 * HOUR,
    });
    expect(plan.windows).toEqual([
      { start: START + 5 * HOUR, end: START + 8 * HOUR },
      { start: START + 8 * HOUR, end: START + 12 * HOUR },
    ]);
  });
});

describe('planRollups', () => {
  it('rolls up what has become complete below', () => {
    const aligned = START - (START % (6 * HOUR));
    expect(planRollups(TIERS[1], aligned, aligned + 13 * HOUR)).toEqual([
      { start: aligned, end: aligned + 6 * HOUR },
      { start: aligned + 6 * HOUR, end: aligned + 12 * HOUR },
    ]);
    expect(planRollups(TIERS[1], aligned, aligned + 5 * HOUR)).toEqual([]);
  });

  it('makes anew only sealed windows that a change touches', () => {
    const change = { start: START + 5 * HOUR, end: START + 7 * HOUR };
    expect(touchedWindows(TIERS[1], change, START + DAY)).toEqual([
      { start: START, end: START + 6 * HOUR },
      { start: START + 6 * HOUR, end: START + 12 * HOUR },
    ]);
    expect(touchedWindows(TIERS[1], change, START + 6 * HOUR)).toEqual([
      { start: START, end: START + 6 * HOUR },
    ]);
    expect(touchedWindows(TIERS[2], change, START)).toEqual([]);
  });
});
