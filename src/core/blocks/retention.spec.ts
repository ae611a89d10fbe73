import { applyRetention, DEFAULT_RETENTION, findRetentionFault, retentionMsOf } from './retention.js';
import { finestKeptBucketMs, TIERS } from './tiers.js';

const DAY = 86_400_000;

describe('retention', () => {
  it('is the hub’s, where a monitor has no shorter one', () => {
    expect(applyRetention({}, DEFAULT_RETENTION)).toEqual(DEFAULT_RETENTION);
    const own = applyRetention({ oneMinuteDays: 20, fourHourDays: 9_999 }, DEFAULT_RETENTION);
    expect(own).toEqual({ rawDays: 10, oneMinuteDays: 20, fifteenMinuteDays: 366, fourHourDays: 1_830 });
    expect(TIERS.map(({ tier }) => retentionMsOf(DEFAULT_RETENTION, tier))).toEqual(
      TIERS.map(({ retentionMs }) => retentionMs),
    );
  });

  it.each([
    [{ rawDays: 9 }, 'rawDays'],
    [{ oneMinuteDays: 13 }, 'oneMinuteDays'],
    [{ oneMinuteDays: 31 }, 'oneMinuteDays'],
    [{ fifteenMinuteDays: 60, fourHourDays: 59 }, 'fourHourDays'],
    [{ fourHourDays: 365 }, 'fourHourDays'],
  ])('refuses %j', (own, field) => {
    expect(findRetentionFault(own, DEFAULT_RETENTION)?.field).toBe(field);
  });

  it('takes what stands at its limits', () => {
    const least = { rawDays: 10, oneMinuteDays: 14, fifteenMinuteDays: 30, fourHourDays: 30 };
    expect(findRetentionFault(least, DEFAULT_RETENTION)).toBeUndefined();
    expect(findRetentionFault({ ...DEFAULT_RETENTION }, DEFAULT_RETENTION)).toBeUndefined();
  });

  it('decides how fine a chart of some time ago can be', () => {
    const own = applyRetention({ oneMinuteDays: 14, fifteenMinuteDays: 30 }, DEFAULT_RETENTION);
    const now = 1_795_353_600_000;
    const finest = (days: number): number => finestKeptBucketMs(now - days * DAY, now, own) / 60_000;
    expect([1, 9, 11, 15, 29, 31, 400].map(finest)).toEqual([0, 0, 1, 15, 15, 240, 240]);
  });
});
