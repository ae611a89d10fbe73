import type { AuditLog } from '../audit/audit-log.js';
import { ApiKeyDoor } from './api-key-door.js';
import type { ApiKeyUsage } from './api-key-usage.js';
import type { ApiKeyVerdicts, Verdict } from './api-key-verdict.js';
import type { BadKeyLimiter } from './limits/bad-key-limiter.js';
import type { KeyRateLimiter } from './key-rate-limiter.js';

const HOME = '10.0.0.7';
const bound = {
  monitorId: 'm',
  apiKeyId: 'k',
  allowed: { has: (ip: string) => ip === HOME },
} as unknown as Verdict;

/** A door that remembers the key of every request, with so many requests left. */
function openDoor(known: Verdict, waitSeconds = 0): { door: ApiKeyDoor; refusals: unknown[] } {
  const refusals: unknown[] = [];
  const door = new ApiKeyDoor(
    { recall: () => known, judge: () => known } as unknown as ApiKeyVerdicts,
    { isBlocked: async () => undefined, noteBadKey: async () => undefined } as unknown as BadKeyLimiter,
    { take: () => waitSeconds } as unknown as KeyRateLimiter,
    { note: () => undefined } as unknown as ApiKeyUsage,
    { noteRefusal: (refusal: unknown) => refusals.push(refusal) } as unknown as AuditLog,
  );
  return { door, refusals };
}

describe('a key that is kept to addresses', () => {
  const headers = { 'x-api-key': `wk_${'a'.repeat(49)}` };

  it('passes from there on both ways', () => {
    const { door } = openDoor(bound);
    expect(door.admit(headers, HOME)).toBe(bound);
    expect(door.admitKnown(headers, HOME)).toBe(bound);
  });

  it('is no key from elsewhere, on neither way, also when it was just remembered', async () => {
    const { door, refusals } = openDoor(bound);
    expect(door.admitKnown(headers, '10.0.0.8')).toBeUndefined();
    await expect(door.admit(headers, '10.0.0.8')).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(refusals).toHaveLength(1);
  });

  it('has its share of requests on both ways', () => {
    const { door } = openDoor(bound, 1.5);
    for (const way of ['admit', 'admitKnown'] as const)
      expect(() => door[way](headers, HOME)).toThrow(
        expect.objectContaining({ code: 'too_many_requests', retryAfterSeconds: 1.5 }),
      );
  });
});
