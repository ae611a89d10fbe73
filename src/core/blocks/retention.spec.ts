import { estimateBytes, expiresBefore, MIN_RAW_RETENTION_MS, retentionMsOf } from './retention.js';

const DAY = 86_400_000;

describe('retention', () => {
  it('keeps samples 10 days, minutes 30, quarters a year, 4 hours five years', () => {
    expect(([0, 1, 2, 3] as const).map((tier) => retentionMsOf(tier) / DAY)).toEqual([10, 30, 365, 1_825]);
  });

  it('keeps what a monitor says, but samples never shorter than late reports allow', () => {
    expect(retentionMsOf(1, { 1: 3 * DAY })).toBe(3 * DAY);
    expect(retentionMsOf(0, { 0: DAY })).toBe(MIN_RAW_RETENTION_MS);
    expect(MIN_RAW_RETENTION_MS).toBe(10 * DAY);
    expect(expiresBefore(0, 100 * DAY, { 0: 20 * DAY })).toBe(80 * DAY);
  });

  it('tells how much a longer retention costs', () => {
    const usual = estimateBytes(50, 10_000);
    expect(usual).toBeGreaterThan(5e6);
    expect(usual).toBeLessThan(50e6);
    expect(estimateBytes(50, 10_000, { 0: 20 * DAY }) - usual).toBe(50 * 86_400 * 0.6);
    expect(estimateBytes(50, 3_600_000)).toBeLessThan(usual / 4);
  });
});
