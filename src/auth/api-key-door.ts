import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { DomainError } from '../core/errors.js';
import { readPresentedKey } from './api-key-format.js';
import { ApiKeyUsage } from './api-key-usage.js';
import { ApiKeyVerdicts, type Verdict } from './api-key-verdict.js';
import { BadKeyLimiter } from './limits/bad-key-limiter.js';
import { KeyRateLimiter } from './key-rate-limiter.js';

/** The door that report keys open: verdict, brake on guessing, and the note of the last use, in the right order. */
@Injectable()
export class ApiKeyDoor {
  constructor(
    private readonly verdicts: ApiKeyVerdicts,
    private readonly limiter: BadKeyLimiter,
    private readonly rate: KeyRateLimiter,
    private readonly usage: ApiKeyUsage,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Whose report this is; not a promise when the key is known, which is nearly always. Throws or rejects with one
   * and the same `unauthenticated` for a missing, malformed, unknown, expired or revoked key, or one shown from an address that it is not for, and with
   * `too_many_requests` for a network that showed too many bad ones, or a key that asks too often. A known key
   * passes from a bad network all the same, and one key's haste is no other's.
   */
  admit(headers: IncomingHttpHeaders, ip: string): Verdict | Promise<Verdict> {
    const presented = readPresentedKey(headers);
    if (presented === undefined) throw refuse();
    const known = this.verdicts.recall(presented);
    if (!known || !isAllowed(known, ip)) return this.admitUnknown(presented, ip);
    return this.pass(known, ip);
  }

  /** The same for a key that was judged good a moment ago; undefined says nothing, ask `admit`. */
  admitKnown(headers: IncomingHttpHeaders, ip: string): Verdict | undefined {
    const presented = readPresentedKey(headers);
    const known = presented === undefined ? undefined : this.verdicts.recall(presented);
    return known && isAllowed(known, ip) ? this.pass(known, ip) : undefined;
  }

  private async admitUnknown(presented: string, ip: string): Promise<Verdict> {
    const retryAfterSeconds = await this.limiter.isBlocked(ip);
    if (retryAfterSeconds !== undefined) {
      throw new DomainError('too_many_requests', 'Too many wrong API keys.', undefined, retryAfterSeconds);
    }
    const verdict = await this.verdicts.judge(presented);
    if (!verdict || !isAllowed(verdict, ip)) {
      this.audit.noteRefusal({ action: 'apiKey.refused', targetType: 'apiKey', address: ip });
      await this.limiter.noteBadKey(ip);
      throw refuse();
    }
    return this.pass(verdict, ip);
  }

  private pass(verdict: Verdict, ip: string): Verdict {
    this.usage.note(verdict.apiKeyId, ip);
    const retryAfterSeconds = this.rate.take(verdict.apiKeyId, performance.now());
    if (retryAfterSeconds > 0) {
      const message = 'This API key sends too many requests. Put several reports into one request.';
      throw new DomainError('too_many_requests', message, undefined, retryAfterSeconds);
    }
    return verdict;
  }
}

function isAllowed({ allowed }: Verdict, ip: string): boolean {
  return allowed === undefined || allowed.has(ip);
}

function refuse(): DomainError {
  return new DomainError('unauthenticated', 'The API key is missing or not valid.');
}
