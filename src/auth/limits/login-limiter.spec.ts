import { jest } from '@jest/globals';
import type { KnownNetworks } from './known-networks.js';
import { LoginLimiter } from './login-limiter.js';
import { MemoryRateStore } from './memory-rate-store.js';
import { type RateState, toRateKey } from './rate-store.js';

const outcome = async (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'admitted',
    (error: { code: string; retryAfterSeconds: number }) => `${error.code} ${error.retryAfterSeconds}`,
  );

describe('LoginLimiter', () => {
  let limiter: LoginLimiter;
  /** As the database keeps it: accounts.db-spec tells whether it does. */
  let kept: Map<string, RateState>;
  let known: Set<string>;

  beforeEach(async () => {
    jest.useFakeTimers({ now: 1_795_353_691_461 });
    [kept, known] = [new Map(), new Set()];
    limiter = await start();
  });
  afterEach(() => jest.useRealTimers());

  const start = async (): Promise<LoginLimiter> => {
    const store = new MemoryRateStore({
      load: async () => new Map(kept),
      note: (key, state) => (state ? kept.set(key, state) : kept.delete(key)),
      end: async () => undefined,
    });
    await store.onModuleInit();
    const networks = {
      has: async (...both: string[]) => known.has(String(both)),
      note: async (...both: string[]) => known.add(String(both)),
    };
    return new LoginLimiter(store, networks as unknown as KnownNetworks);
  };

  const fail = (email: string, ip: string): Promise<string> => outcome(limiter.begin(email, ip));
  const failTimes = async (times: number, email: string, ip: string): Promise<void> => {
    for (let n = 0; n < times; n += 1) expect(await fail(email, ip)).toBe('admitted');
  };

  it('admits the fifth failure of an account and refuses the sixth attempt, from wherever', async () => {
    for (let n = 1; n <= 5; n += 1) expect(await fail('kim@example.com', `203.0.113.${n}`)).toBe('admitted');
    expect(await fail('KIM@example.com', '203.0.113.6')).toBe('too_many_requests 1');
    expect(await fail('lee@example.com', '203.0.113.6')).toBe('admitted');
  });

  it('counts a network across accounts, an IPv6 visitor by its /64', async () => {
    for (let n = 1; n <= 5; n += 1)
      expect(await fail(`u${n}@example.com`, `2001:db8:0:7::${n}`)).toBe('admitted');
    expect(await fail('u6@example.com', '2001:db8:0:7:ffff::6')).toBe('too_many_requests 1');
    expect(await fail('u6@example.com', '2001:db8:0:8::6')).toBe('admitted');
  });

  it('lets no more than five of a hundred parallel guesses pass', async () => {
    const guesses = await Promise.all(
      Array.from({ length: 100 }, () => fail('kim@example.com', '203.0.113.1')),
    );
    expect(guesses.filter((guess) => guess === 'admitted')).toHaveLength(5);
  });

  it('doubles the pause with each failure up to a quarter of an hour, and a refused attempt adds nothing', async () => {
    await failTimes(5, 'kim@example.com', '203.0.113.1');
    for (const pause of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]) {
      expect(await fail('kim@example.com', '203.0.113.1')).toBe(`too_many_requests ${pause}`);
      jest.advanceTimersByTime(pause * 1000 - 1);
      expect(await fail('kim@example.com', '203.0.113.1')).toBe('too_many_requests 1');
      jest.advanceTimersByTime(1);
      expect(await fail('kim@example.com', '203.0.113.1')).toBe('admitted');
    }
  });

  it('forgets a quarter of an hour after the last failure', async () => {
    await failTimes(4, 'kim@example.com', '203.0.113.1');
    jest.advanceTimersByTime(15 * 60_000);
    await failTimes(5, 'kim@example.com', '203.0.113.1');
    expect(await fail('kim@example.com', '203.0.113.1')).toBe('too_many_requests 1');
  });

  it('opens the account at the right password, but buys no guesses at other accounts with it', async () => {
    await failTimes(4, 'kim@example.com', '203.0.113.1');
    await (await limiter.begin('own@example.com', '203.0.113.1')).succeed();
    expect(await fail('kim@example.com', '203.0.113.1')).toBe('admitted');
    expect(await fail('lee@example.com', '203.0.113.1')).toBe('too_many_requests 1');
  });

  it('holds nobody up, from a network they have signed in from, because a stranger guesses at their account', async () => {
    await (await limiter.begin('kim@example.com', '198.51.100.7')).succeed();
    for (let n = 1; n <= 5; n += 1) await fail('kim@example.com', `203.0.113.${n}`);
    expect(await fail('kim@example.com', '203.0.113.6')).toBe('too_many_requests 1');
    expect(await fail('kim@example.com', '198.51.100.7')).toBe('admitted');
  });

  it('counts on after a restart, pauses included', async () => {
    await failTimes(6 - 1, 'kim@example.com', '203.0.113.1');
    jest.advanceTimersByTime(1_000);
    await failTimes(1, 'kim@example.com', '203.0.113.1');
    limiter = await start();
    expect(await fail('kim@example.com', '203.0.113.1')).toBe('too_many_requests 2');
    jest.advanceTimersByTime(2_000);
    expect(await fail('kim@example.com', '203.0.113.1')).toBe('admitted');
    expect(await fail('kim@example.com', '203.0.113.1')).toBe('too_many_requests 4');
    jest.advanceTimersByTime(4_000);
    await (await limiter.begin('kim@example.com', '203.0.113.1')).succeed();
    expect([...kept.keys()]).toEqual([toRateKey('network', '203.0.113.1')]);
  });

  it('does not count what was withdrawn', async () => {
    for (let n = 0; n < 20; n += 1) await (await limiter.begin('kim@example.com', '203.0.113.1')).withdraw();
    await failTimes(5, 'kim@example.com', '203.0.113.1');
  });
});
