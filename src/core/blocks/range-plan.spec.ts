import { planRange, type RangeRequest, type TierExtent } from './range-plan.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 400 * DAY + 5 * HOUR + 17 * 60_000;

/** A monitor that has reported every 10 s for more than a year. */
const EXTENTS: readonly TierExtent[] = [
  { keptFrom: NOW - 10 * DAY, sealedUntil: NOW - (NOW % HOUR) - HOUR },
  { keptFrom: NOW - 30 * DAY, sealedUntil: 400 * DAY },
  { keptFrom: NOW - 365 * DAY, sealedUntil: 400 * DAY },
  { keptFrom: 0, sealedUntil: 400 * DAY },
];

function plan(request: Partial<RangeRequest>): string {
  const spans = planRange({ fromAt: NOW - DAY, toAt: NOW, maxPoints: 500, extents: EXTENTS, ...request });
  expect(spans[0]!.from).toBeLessThanOrEqual(request.fromAt ?? NOW - DAY);
  expect(spans.at(-1)!.to).toBe((request.toAt ?? NOW) + 1);
  spans.slice(1).forEach((span, index) => expect(span.from).toBe(spans[index]!.to));
  return spans.map(({ source, from, to }) => `${source}:${((to - from) / HOUR).toFixed(1)}h`).join(' ');
}

describe('planRange', () => {
  it.each<[string, Partial<RangeRequest>, string]>([
    ['an hour: samples, then hot reports', { fromAt: NOW - 2 * HOUR }, '0:0.7h hot:1.3h'],
    ['only what is hot', { fromAt: NOW - HOUR }, 'hot:1.0h'],
    ['a day: minutes, then samples, then hot', {}, '1:18.7h 0:4.0h hot:1.3h'],
    ['a day in 20 points: still quarters', { maxPoints: 20 }, '2:18.8h 0:4.0h hot:1.3h'],
    ['a day in 11,000 points: samples', { maxPoints: 11_000 }, '0:22.7h hot:1.3h'],
    ['a week: quarters', { fromAt: NOW - 7 * DAY }, '2:162.8h 0:4.0h hot:1.3h'],
    ['a year: 4 hours', { fromAt: NOW - 365 * DAY }, '3:8756.0h 0:4.0h hot:1.3h'],
    [
      '60 days finely: quarters before what minutes keep',
      { fromAt: NOW - 60 * DAY, maxPoints: 11_000 },
      '2:722.8h 1:712.0h 0:4.0h hot:1.3h',
    ],
    [
      'a past week, nothing hot',
      { fromAt: NOW - 20 * DAY, toAt: NOW - 13 * DAY, maxPoints: 11_000 },
      '1:168.0h',
    ],
  ])('%s', (_, request, expected) => {
    expect(plan(request)).toBe(expected);
  });

  it('begins with the bucket that holds the first instant', () => {
    const [first] = planRange({ fromAt: NOW - 3 * DAY - 1, toAt: NOW, maxPoints: 200, extents: EXTENTS });
    expect(first!.source).toBe(2);
    expect(first!.from % (15 * 60_000)).toBe(0);
  });

  it('does without tiers that the monitor does not have', () => {
    const extents = [EXTENTS[0], undefined, undefined, undefined];
    expect(plan({ extents, fromAt: NOW - 9 * DAY })).toBe('0:214.7h hot:1.3h');
  });

  it('reads what is hot while nothing is sealed', () => {
    expect(plan({ extents: [undefined, undefined, undefined, undefined] })).toBe('hot:24.0h');
  });
});
