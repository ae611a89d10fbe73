import { readReportTime } from './report-time.js';

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);
const DAY = 86_400_000;

describe('readReportTime', () => {
  it.each([
    [NOW, NOW],
    [NOW - 8 * DAY, NOW - 8 * DAY],
    [NOW + 600_000, NOW + 600_000],
    ['2026-11-22T11:59:59Z', NOW - 1000],
    ['2026-11-22t11:59:59.25z', NOW - 750],
    ['2026-11-22 11:59:59.123456789Z', NOW - 877],
    ['2026-11-22T17:45:00+05:45', NOW],
    ['2026-11-22T08:30:00-03:30', NOW],
    ['2026-11-21T23:59:60Z', Date.UTC(2026, 10, 21, 23, 59, 59)],
    ['2026-11-22T05:29:60+05:30', Date.UTC(2026, 10, 21, 23, 59, 59)],
  ])('reads %s', (value, at) => {
    expect(readReportTime(value, NOW)).toBe(at);
  });

  it.each([
    NOW - 8 * DAY - 1,
    NOW + 600_001,
    0,
    Math.floor(NOW / 1000),
    NOW * 1000,
    8.64e15 + 1,
    '1970-01-01T00:00:00Z',
    '2200-01-01T00:00:00Z',
  ])('finds %s out of range', (value) => {
    expect(readReportTime(value, NOW)).toBe('timestamp_out_of_range');
  });

  it.each([
    '',
    'now',
    String(NOW),
    '2026-11-22',
    '2026-11-22T12:00:00',
    '2026-11-22T12:00Z',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-11-21T24:00:00Z',
    '2026-11-22T11:60:00Z',
    '2026-11-22T11:59:61Z',
    '2026-11-22T11:30:60Z',
    '2026-11-22T12:00:00+25:00',
    '2026-11-22T12:00:00,5Z',
    NOW + 0.5,
    NaN,
    2 ** 60,
    null,
    true,
    {},
    [NOW],
  ])('finds no time in %j', (value) => {
    expect(readReportTime(value, NOW)).toBe('bad_timestamp');
  });

  it('knows no time before 1970, even while the hub believes it is 1970', () => {
    expect(readReportTime(-1, 5_000)).toBe('timestamp_out_of_range');
    expect(readReportTime(0, 5_000)).toBe(0);
  });
});
