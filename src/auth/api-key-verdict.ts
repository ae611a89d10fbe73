import { hash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { AddressSet } from '../common/http/address-set.js';
import { DomainError } from '../core/errors.js';
import { EventBus } from '../events/event-bus.js';
import { isWellFormedApiKey, mayBeApiKey } from './api-key-format.js';
import { ApiKeyLookup, type LiveApiKey } from './api-key-lookup.js';
import { CLOCK, type Clock } from './clock.js';
import { LruMap } from './lru-map.js';

/** Whose report this is. */
export interface Verdict {
  readonly monitorId: string;
  readonly apiKeyId: string;
  /** From where alone the key works; not there when from everywhere. */
  readonly allowed?: AddressSet;
}

const MAX_GOOD = 20_000;
const MAX_BAD = 10_000;
/** In this process a revoked key is forgotten at once; this bounds what another process did to the table. */
const GOOD_BELIEVED_MS = 5 * 60_000;
const BAD_BELIEVED_MS = 10_000;

interface GoodKey extends LiveApiKey {
  readonly believedUntil: number;
}

/**
 * Judges report keys. Called for every report, hence: a known key costs one hash and one map, answered at
 * once; an unknown one waits for one look into the table, shared by all who ask at the same time; a text that
 * cannot be a key never gets that far.
 */
@Injectable()
export class ApiKeyVerdicts {
  // By the digest as a string: the keys themselves are kept nowhere.
  private readonly good = new LruMap<string, GoodKey>(MAX_GOOD);
  private readonly bad = new LruMap<string, number>(MAX_BAD);
  /** Counts changes of keys: an answer of the database that is older than one must not be remembered. */
  private changes = 0;

  constructor(
    private readonly lookup: ApiKeyLookup,
    @Inject(CLOCK) private readonly clock: Clock,
    events: EventBus,
  ) {
    // All keys of the monitor: a new key may have ended another.
    events.on('apiKey.changed', ({ monitorId }) => this.forget((key) => key.monitorId === monitorId));
    events.on('monitor.deleted', ({ monitorId }) => this.forget((key) => key.monitorId === monitorId));
  }

  /** The verdict on a key that was judged good a moment ago; undefined says nothing, ask `judge`. */
  recall(presented: string): Verdict | undefined {
    if (!mayBeApiKey(presented)) return undefined;
    const digest = hash('sha256', presented, 'base64');
    const known = this.good.get(digest);
    if (!known) return undefined;
    const now = this.clock();
    if (now < known.believedUntil && now < known.expiresAt) return known;
    this.good.delete(digest);
    return undefined;
  }

  /** Whether nothing but the table could tell about this text. False: `judge` answers without a look into it. */
  needsLookup(presented: string): boolean {
    if (!isWellFormedApiKey(presented)) return false;
    return this.clock() >= (this.bad.get(hash('sha256', presented, 'base64')) ?? 0);
  }

  /**
   * Whose key this is; undefined when it is missing, malformed, unknown, expired or revoked. Not a promise when
   * the key is known. Rejects with `storage_unavailable` when the table cannot be read.
   */
  judge(presented: string | undefined): Verdict | undefined | Promise<Verdict | undefined> {
    if (presented === undefined) return undefined;
    return this.recall(presented) ?? (this.needsLookup(presented) ? this.look(presented) : undefined);
  }

  private async look(presented: string): Promise<Verdict | undefined> {
    const digest = hash('sha256', presented, 'buffer');
    const key = digest.toString('base64');
    const changesBefore = this.changes;
    const found = await this.lookup.find(digest).catch(() => {
      throw new DomainError('storage_unavailable', 'The key cannot be checked right now.', undefined, 5);
    });
    const now = this.clock();
    if (!found || !timingSafeEqual(found.keyHash, digest) || now >= found.expiresAt) {
      this.bad.set(key, now + BAD_BELIEVED_MS);
      return undefined;
    }
    if (this.changes === changesBefore)
      this.good.set(key, { ...found, believedUntil: now + GOOD_BELIEVED_MS });
    return found;
  }

  private forget(matches: (key: GoodKey) => boolean): void {
    this.changes += 1;
    this.good.deleteWhere(matches);
  }
}
