import { Inject, Injectable } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import type { SealWindow } from '../core/blocks/seal-window.js';
import { QUERY_POOL } from '../database/database-pools.js';

/** The raw tier: the reports themselves. */
export const RAW_TIER = 0;

/** No block spans more than this. */
export const LONGEST_BLOCK_MS = 24 * 3_600_000;
/** Partitions of blocks span this long; they are dropped when all of one is past retention. */
const PARTITION_MS = 2 * LONGEST_BLOCK_MS;

export interface StoredBlock extends SealWindow {
  readonly layoutId: number;
  readonly bytes: Buffer;
}

interface BlockRow {
  start: string;
  until: string;
  layout_id: number;
  bytes: Buffer;
}

/** Reads and writes sealed blocks of the raw tier. */
@Injectable()
export class BlockTable {
  constructor(@Inject(QUERY_POOL) private readonly pool: Pool) {}

  /** The blocks of a monitor that hold any of these instants, in time order. */
  async readCovering(monitorId: string, fromAt: number, toAt: number, client: Pool | PoolClient = this.pool) {
    const { rows } = await client.query<BlockRow>({
      name: 'read-blocks',
      text: `select start, until, layout_id, bytes from block
             where monitor_id = $1 and tier = ${RAW_TIER} and start <= $3 and start > $2::bigint - ${LONGEST_BLOCK_MS} and until > $2
             order by start`,
      values: [monitorId, fromAt, toAt],
    });
    return rows.map(toBlock);
  }

  /** Windows of the blocks around an instant: the ones before and after it. */
  async readNeighbours(monitorId: string, at: number, client: PoolClient): Promise<SealWindow[]> {
    const { rows } = await client.query<{ start: string; until: string }>(
      `(select start, until from block where monitor_id = $1 and tier = ${RAW_TIER} and start <= $2
        order by start desc limit 1)
       union all
       (select start, until from block where monitor_id = $1 and tier = ${RAW_TIER} and start > $2
        order by start limit 1)`,
      [monitorId, at],
    );
    return rows.map((row) => ({ start: Number(row.start), until: Number(row.until) }));
  }

  /** Writes a block in the caller's transaction, over the one that stood there. */
  async write(
    client: PoolClient,
    monitorId: string,
    window: SealWindow,
    content: { layoutId: number; rowCount: number; bytes: Uint8Array },
  ): Promise<void> {
    await client.query({
      name: 'write-block',
      text: `insert into block (monitor_id, tier, start, until, layout_id, row_count, bytes)
             values ($1, ${RAW_TIER}, $2, $3, $4, $5, $6)
             on conflict (monitor_id, tier, start) do update set
               until = excluded.until, layout_id = excluded.layout_id,
               row_count = excluded.row_count, bytes = excluded.bytes`,
      values: [
        monitorId,
        window.start,
        window.until,
        content.layoutId,
        content.rowCount,
        Buffer.from(content.bytes),
      ],
    });
  }

  /** Makes the partition that holds blocks beginning at this instant. */
  async ensurePartition(start: number): Promise<void> {
    const from = Math.floor(start / PARTITION_MS) * PARTITION_MS;
    await this.pool.query(
      `create table if not exists block_${RAW_TIER}_${from} partition of block
       for values from (${RAW_TIER}, ${from}) to (${RAW_TIER}, ${from + PARTITION_MS})`,
    );
  }

  /** Drops the partitions that hold nothing younger than this. */
  async dropExpired(before: number): Promise<void> {
    const { rows } = await this.pool.query<{ name: string; start: string }>(
      `select child.relname as name, substring(child.relname from '^block_${RAW_TIER}_(\\d+)$') as start
       from pg_inherits join pg_class child on child.oid = inhrelid
       where inhparent = 'block'::regclass`,
    );
    for (const { name, start } of rows) {
      // A block may reach a day beyond its partition.
      if (start !== null && Number(start) + PARTITION_MS + LONGEST_BLOCK_MS <= before) {
        await this.pool.query(`drop table ${name}`);
      }
    }
  }

  async erase(monitorId: string): Promise<void> {
    await this.pool.query('delete from block where monitor_id = $1', [monitorId]);
  }
}

function toBlock(row: BlockRow): StoredBlock {
  return { start: Number(row.start), until: Number(row.until), layoutId: row.layout_id, bytes: row.bytes };
}
