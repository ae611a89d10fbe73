import { EventBus } from '../events/event-bus.js';
import { KeyRateLimiter } from './key-rate-limiter.js';

const KEY = 'a-key';
let events: EventBus;

beforeEach(() => {
  events = new EventBus();
});

const limit = (perSecond: number, burst: number): KeyRateLimiter =>
  new KeyRateLimiter({ keyRate: { perSecond, burst } }, events);

/** How many of so many requests at one instant pass. */
const countPassing = (limiter: KeyRateLimiter, now: number, requests: number, key = KEY): number =>
  Array.from({ length: requests }, () => limiter.take(key, now)).filter((wait) => wait === 0).length;

describe('KeyRateLimiter', () => {
  it('lets a burst through, then so many a second', () => {
    const limiter = limit(10, 60);
    expect(countPassing(limiter, 5_000, 100)).toBe(60);
    expect(countPassing(limiter, 5_000, 1)).toBe(0);
    expect(countPassing(limiter, 6_000, 100)).toBe(10);
    expect(countPassing(limiter, 7_500, 100)).toBe(15);
    expect(countPassing(limiter, 900_000, 100)).toBe(60);
  });

  it('says how long to wait, and keeps its word however often it was asked meanwhile', () => {
    const limiter = limit(0.5, 1);
    expect(limiter.take(KEY, 0)).toBe(0);
    expect(limiter.take(KEY, 500)).toBeCloseTo(1.5);
    for (let now = 500; now < 2_000; now += 10) expect(limiter.take(KEY, now)).toBeGreaterThan(0);
    expect(limiter.take(KEY, 2_000)).toBe(0);
  });

  it('counts each key by itself', () => {
    const limiter = limit(1, 2);
    expect([countPassing(limiter, 0, 5, 'a'), countPassing(limiter, 0, 5, 'b')]).toEqual([2, 2]);
  });

  it('forgets keys that are revoked, and those that have rested', () => {
    const limiter = limit(1, 1);
    expect(limiter.take(KEY, 0)).toBe(0);
    events.announce('apiKey.revoked', { apiKeyId: KEY, monitorId: 'm' });
    expect(limiter.take(KEY, 0)).toBe(0);
    for (let index = 0; index < 20_100; index++) limiter.take(`key-${index}`, 10_000);
    for (let index = 0; index < 20_100; index++) limiter.take(`other-${index}`, 20_000);
    expect(
      (limiter as unknown as { allowances: { fullAt: Map<string, number> } }).allowances.fullAt.size,
    ).toBeLessThan(20_101);
  });

  it('may be off', () => {
    const limiter = new KeyRateLimiter({}, events);
    expect(countPassing(limiter, 0, 10_000)).toBe(10_000);
  });
});
