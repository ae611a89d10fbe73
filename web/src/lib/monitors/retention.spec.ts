import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sumExpected, toRetentionInput, toTypedDays, type RetentionEstimate } from './retention.ts';

const most = { rawDays: 10, oneMinuteDays: 30, fifteenMinuteDays: 366, fourHourDays: 1830 };
const estimate = (...expected: (number | null)[]): RetentionEstimate => ({
  tiers: expected.map((expectedBytes, tier) => ({
    resolutionSeconds: [0, 60, 900, 14_400][tier]!,
    days: [10, 14, 366, 400][tier]!,
    bytes: 1,
    expectedBytes,
  })),
  least: most,
  most,
});

test('what is as the hub has it is left to the hub, an emptied field too', () => {
  const typed = toTypedDays(estimate(1, 2, 3, 4));
  assert.deepEqual(typed, { rawDays: 10, oneMinuteDays: 14, fifteenMinuteDays: 366, fourHourDays: 400 });
  assert.deepEqual(toRetentionInput({ ...typed, fourHourDays: null }, most), {
    rawDays: null,
    oneMinuteDays: 14,
    fifteenMinuteDays: null,
    fourHourDays: null,
  });
});

test('a sum says whether all of it is known', () => {
  assert.equal(sumExpected(estimate(null, null, null, null)), null);
  assert.deepEqual(sumExpected(estimate(5, null, null, null)), { bytes: 5, isWhole: false });
  assert.deepEqual(sumExpected(estimate(5, 6, 7, 8)), { bytes: 26, isWhole: true });
});
