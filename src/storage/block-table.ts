import { Inject, Injectable } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import { reach } from '../common/step.js';
import { DEFAULT_RETENTION, retentionMsOf } from '../core/blocks/retention.js';
import type { SealWindow } from '../core/blocks/seal-window.js';
import { type Tier, TIERS } from '../core/blocks/tiers.js';
import { QUERY_POOL } from '../database/database-pools.js';
import { dropPartition } from './drop-partition.js';

export interface StoredBlock extends SealWindow {
  readonly tier: number;
  readonly layoutId: number;
  readonly bytes: Buffer;
}

export interface BlockBytes {
  readonly layoutId: number;
  /** Reports or buckets in it. */
  readonly rowCount: number;
  /** Single values in it. */
  readonly sampleCount: number;
  readonly bytes: Uint8Array;
}

/** What was written into blocks of one tier since the start. */
export interface SealedCount {
  blocks: number;
  samples: number;
  bytes: number;
}

export interface BlockRow {
  tier: number;
  start: string;
  until: string;
  layout_id: number;
  bytes: Buffer;
}

/** Reads and writes sealed blocks of all tiers. */
@Injectable()
export class BlockTable {
  /** By tier; a transaction that was rolled back is counted too. */
  readonly sealed: readonly SealedCount[] = TIERS.map(() => ({ blocks: 0, samples: 0, bytes: 0 }));
  /** Names of partitions that are there; nobody else drops them. */
  private readonly ensured = new Set<string>();

  constructor(@Inject(QUERY_POOL) private readonly pool: Pool) {}

  /** The blocks of a monitor that hold any instant from `fromAt` to `toAt`, in time order. */
  async readCovering(
    monitorId: string,
    { tier, blockMs }: Tier,
    fromAt: number,
    toAt: number,
    client: Pool | PoolClient = this.pool,
  ): Promise<StoredBlock[]> {
    const { rows } = await client.query<BlockRow>({
      name: 'read-blocks',
      text: `select tier, start, until, layout_id, bytes from block
             where monitor_id = $1 and tier = $2 and start <= $4 and start > $3::bigint - $5 and until > $3
             order by start`,
      values: [monitorId, tier, fromAt, toAt, blockMs],
    });
    return rows.map(toStoredBlock);
  }

  /** Windows of the raw blocks around an instant: the ones before and after it. */
  async readNeighbours(monitorId: string, at: number, client: PoolClient): Promise<SealWindow[]> {
    const { rows } = await client.query<{ start: string; until: string }>(
      `(select start, until from block where monitor_id = $1 and tier = 0 and start <= $2
        order by start desc limit 1)
       union all
       (select start, until from block where monitor_id = $1 and tier = 0 and start > $2
        order by start limit 1)`,
      [monitorId, at],
    );
    return rows.map((row) => ({ start: Number(row.start), until: Number(row.until) }));
  }

  /** When the first block of a tier begins, or null. */
  async readFirstStart(monitorId: string, tier: number): Promise<number | null> {
    const { rows } = await this.pool.query<{ start: string }>(
      'select start from block where monitor_id = $1 and tier = $2 order by start limit 1',
      [monitorId, tier],
    );
    return rows[0] ? Number(rows[0].start) : null;
  }

  /** Writes a block in the caller's transaction, over the one that stood there. */
  async write(
    client: PoolClient,
    monitorId: string,
    tier: number,
    window: SealWindow,
    content: BlockBytes,
  ): Promise<void> {
    await client.query({
      name: 'write-block',
      text: `insert into block (monitor_id, tier, start, until, layout_id, row_count, bytes)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (monitor_id, tier, start) do update set
               until = excluded.until, layout_id = excluded.layout_id,
               row_count = excluded.row_count, bytes = excluded.bytes`,
      values: [
        monitorId,
        tier,
        window.start,
        window.until,
        content.layoutId,
        content.rowCount,
        Buffer.from(content.bytes),
      ],
    });
    const sealed = this.sealed[tier]!;
    sealed.blocks++;
    sealed.samples += content.sampleCount;
    sealed.bytes += content.bytes.length;
  }

  /** Makes the partition that holds blocks beginning at this instant. */
  async ensurePartition({ tier, partitionMs }: Tier, start: number): Promise<void> {
    const from = Math.floor(start / partitionMs) * partitionMs;
    const name = `block_${tier}_${from}`;
    if (this.ensured.has(name)) return;
    await this.pool.query('select make_block_partition($1, $2)', [tier, from]);
    this.ensured.add(name);
  }

  /** Drops the partitions that hold nothing within their tier's retention, the longest that any monitor may have. */
  async dropExpired(now: number, retention = DEFAULT_RETENTION): Promise<void> {
    const { rows } = await this.pool.query<{ name: string }>(
      `select child.relname as name from pg_inherits join pg_class child on child.oid = inhrelid
       where inhparent = 'block'::regclass`,
    );
    for (const { name } of rows) {
      const [, tierText, start] = /^block_(\d)_(\d+)$/.exec(name) ?? [];
      const tier = TIERS[Number(tierText)];
      // A block may reach beyond its partition.
      if (
        tier &&
        Number(start) + tier.partitionMs + tier.blockMs <= now - retentionMsOf(retention, tier.tier)
      ) {
        this.ensured.delete(name);
        await dropPartition(this.pool, 'drop_block_partition', tier.tier, Number(start));
        reach('retention.dropped');
      }
    }
  }

  async erase(monitorId: string): Promise<void> {
    await this.pool.query('delete from block where monitor_id = $1', [monitorId]);
  }
}

export function toStoredBlock(row: BlockRow): StoredBlock {
  return {
    tier: row.tier,
    start: Number(row.start),
    until: Number(row.until),
    layoutId: row.layout_id,
    bytes: row.bytes,
  };
}
