import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { AddressSet } from '../common/http/address-set.js';
import { INGEST_POOL } from '../database/database-pools.js';

export interface LiveApiKey {
  readonly apiKeyId: string;
  readonly monitorId: string;
  readonly keyHash: Buffer;
  /** Epoch ms; Infinity when it never expires. */
  readonly expiresAt: number;
  /** Where alone it works; not there when everywhere. */
  readonly allowed?: AddressSet;
}

interface Waiting {
  readonly digest: Buffer;
  readonly answer: Promise<LiveApiKey | undefined>;
  resolve(found: LiveApiKey | undefined): void;
  reject(error: unknown): void;
}

interface Row {
  id: string;
  monitor_id: string;
  key_hash: Buffer;
  expires_at: Date | null;
  allowed_addresses: string[] | null;
}

const MAX_PER_STATEMENT = 1_000;

/**
 * Reads keys from the table, one statement at a time: whoever asks meanwhile goes into the next one together.
 * Ten thousand agents that come back at once are ten statements, not ten thousand, and on one connection.
 */
@Injectable()
export class ApiKeyLookup {
  private readonly waiting = new Map<string, Waiting>();
  private isReading = false;

  constructor(@Inject(INGEST_POOL) private readonly pool: Pick<Pool, 'query'>) {}

  /** The key of this SHA-256 that is not revoked. */
  find(digest: Buffer): Promise<LiveApiKey | undefined> {
    const key = digest.toString('base64');
    const same = this.waiting.get(key);
    if (same) return same.answer;
    const { promise, resolve, reject } = Promise.withResolvers<LiveApiKey | undefined>();
    this.waiting.set(key, { digest, answer: promise, resolve, reject });
    if (!this.isReading) void this.readAll();
    return promise;
  }

  private async readAll(): Promise<void> {
    this.isReading = true;
    // Who asks within this turn of the event loop still joins the first statement.
    await Promise.resolve();
    while (this.waiting.size > 0) {
      const batch = [...this.waiting].slice(0, MAX_PER_STATEMENT);
      for (const [key] of batch) this.waiting.delete(key);
      await this.read(new Map(batch));
    }
    this.isReading = false;
  }

  private async read(batch: ReadonlyMap<string, Waiting>): Promise<void> {
    try {
      const { rows } = await this.pool.query<Row>(
        `select id, monitor_id, key_hash, expires_at, allowed_addresses from api_key
          where key_hash = any($1::bytea[]) and revoked_at is null`,
        [[...batch.values()].map(({ digest }) => digest)],
      );
      for (const row of rows) batch.get(row.key_hash.toString('base64'))?.resolve(toLiveApiKey(row));
      for (const asked of batch.values()) asked.resolve(undefined);
    } catch (error) {
      for (const asked of batch.values()) asked.reject(error);
    }
  }
}

function toLiveApiKey(row: Row): LiveApiKey {
  return {
    apiKeyId: row.id,
    monitorId: row.monitor_id,
    keyHash: row.key_hash,
    expiresAt: row.expires_at?.getTime() ?? Infinity,
    ...(row.allowed_addresses && { allowed: new AddressSet(row.allowed_addresses) }),
  };
}
