import { counterIncrease, counterRate } from './counter-rate.js';

const reading = (at: number, value: number, bootId: string | null = 'a') => ({ at, bootId, value });
const increase = (before: number, now: number, elapsedMs = 10_000) =>
  counterIncrease(reading(0, before), reading(elapsedMs, now), 10_000);

describe('counterIncrease', () => {
  it.each([
    ['nothing happened', 5, 5, 0],
    ['it grew', 100, 350, 250],
    ['it wrapped at 2^32', 2 ** 32 - 100, 400, 500],
    ['it wrapped to zero', 2 ** 32 - 1, 0, 1],
    ['it stands near 2^53', 2 ** 53 - 1, 2 ** 53 + 2, 3],
    ['it stands near 2^64', 2 ** 64 - 4096, 2 ** 64, 4096],
  ])('says how much where %s', (_, before, now, expected) => {
    expect(increase(before, now)).toBe(expected);
  });

  it.each([
    ['it fell from far below 2^32', 0.9 * 2 ** 32, 10],
    ['it fell from 2^32 or above: no 32-bit counter', 2 ** 32, 10],
    ['it fell near 2^53', 2 ** 53, 2 ** 53 - 4],
    ['it fell near 2^64', 2 ** 64, 17],
    ['a wrap would mean more than 10 Gbit/s', 0.95 * 2 ** 32, 0.94 * 2 ** 32, 1_000],
  ])('does not know where %s', (_, before, now, elapsedMs = 10_000) => {
    expect(increase(before, now, elapsedMs)).toBeNaN();
  });

  it('does not know over a reboot, or where one side names no boot', () => {
    expect(counterIncrease(reading(0, 1, 'a'), reading(10_000, 2, 'b'), 10_000)).toBeNaN();
    expect(counterIncrease(reading(0, 1, null), reading(10_000, 2, 'b'), 10_000)).toBeNaN();
    expect(counterIncrease(reading(0, 1, null), reading(10_000, 2, null), 10_000)).toBe(1);
  });

  it('does not know over a gap, nor when time stood still or ran back', () => {
    expect(increase(1, 2, 25_000)).toBe(1);
    expect(increase(1, 2, 25_001)).toBeNaN();
    expect(increase(1, 2, 0)).toBeNaN();
    expect(increase(1, 2, -1)).toBeNaN();
  });

  it('is never negative and never more than what was counted or believable', () => {
    let seed = 20_261_122;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const corners = [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 64];
    const value = (): number =>
      random() < 0.5 ? corners[Math.floor(random() * corners.length)]! : random() * 2 ** (random() * 64);
    for (let round = 0; round < 20_000; round++) {
      const before = reading(0, value(), random() < 0.9 ? 'a' : 'b');
      const now = reading(Math.floor(random() * 40_000) - 5_000, value());
      const rate = counterRate(before, now, 10_000);
      if (Number.isNaN(rate)) continue;
      expect(rate).toBeGreaterThanOrEqual(0);
      if (now.value < before.value) expect(rate).toBeLessThanOrEqual(1.25e9);
      else expect(rate).toBe(((now.value - before.value) * 1000) / now.at);
    }
  });
});

describe('counterRate', () => {
  it('is per second, by the sender’s clock', () => {
    expect(counterRate(reading(1_000, 100), reading(6_000, 600), 5_000)).toBe(100);
    expect(counterRate(reading(1_000, 100), reading(1_000, 600), 5_000)).toBeNaN();
  });
});
