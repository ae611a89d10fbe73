import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { writeLongHistory } from './hub-long-history.js';
import type { StoredSize } from './target.js';

const POLL_MS = 2_000;
const IMPATIENT_MS = 10_000;
const DEADLINE_MS = 10 * 60_000;
const HOUR_MS = 3_600_000;
/** The hub seals an hour when it has been over for so long. */
export const SEALED_AFTER_MS = 32 * 60_000;
/** Only names the socket's file. */
const SOCKET_PORT = 5432;

interface TableRow {
  readonly name: string;
  readonly heap: string;
  readonly indexes: string;
  readonly toast: string;
}

interface PendingRow {
  /** Reports in hours that are over and in no block. */
  readonly unsealed: string;
  /** Late reports of hours that are sealed. */
  readonly unmerged: string;
  /** Rollups to be made anew. */
  readonly stale: string;
  /** Monitors that lack a block of a rollup tier. */
  readonly unrolled: string;
}

/** $1: what is older is sealed; then the spans of blocks: raw ones at an interval of 10 s, tier 1, 2, 3. */
const PENDING_WORK = `
  with old_report as (
    select monitor_id, at from report where at < $1::bigint / $2 * $2
    union all select monitor_id, at from late_report where at < $1::bigint / $2 * $2
  ), first_block as (
    select monitor_id, tier, min(start) as start from block group by monitor_id, tier
  )
  select
    (select count(*) from old_report left join seal_mark using (monitor_id) where at >= coalesce(raw_until, 0)) as unsealed,
    (select count(*) from late_report join seal_mark using (monitor_id) where at < raw_until) as unmerged,
    (select count(*) from rollup_due) as stale,
    (select count(*) from seal_mark join first_block using (monitor_id)
     where (tier = 0 and raw_until / $3::bigint * $3 > greatest(tier1_until, start / $3 * $3))
        or (tier = 1 and tier1_until / $4::bigint * $4 > greatest(tier2_until, start / $4 * $4))
        or (tier = 2 and tier2_until / $5::bigint * $5 > greatest(tier3_until, start / $5 * $5))) as unrolled`;

/** Looks at the hub's own tables, beside the hub: what it keeps and what is still to be sealed. */
export class HubTables {
  private readonly client: Client;

  private constructor(client: Client) {
    this.client = client;
  }

  static async open(dataDir: string): Promise<HubTables> {
    const secretFile = path.join(dataDir, 'pg', 'watchkeeper-secret.json');
    const { app } = JSON.parse(readFileSync(secretFile, 'utf8')) as { app: string };
    const role = { user: 'watchkeeper', password: app, database: 'watchkeeper' };
    const client = new Client({ host: path.join(dataDir, 'pg-socket'), port: SOCKET_PORT, ...role });
    client.on('error', () => undefined);
    await client.connect();
    return new HubTables(client);
  }

  close(): Promise<void> {
    return this.client.end();
  }

  async hasBlocks(): Promise<boolean> {
    const { rows } = await this.client.query<{ found: boolean }>(
      `select to_regclass('block') is not null as found`,
    );
    return rows[0]!.found;
  }

  /** Waits until sealing, merging and rolling up have nothing left to do; in a hub without blocks that is at once. */
  async awaitSealed(isPatient: boolean): Promise<void> {
    if (!(await this.hasBlocks())) return;
    const deadline = Date.now() + (isPatient ? DEADLINE_MS : IMPATIENT_MS);
    for (;;) {
      const { rows } = await this.client.query<PendingRow>(PENDING_WORK, [
        Date.now() - SEALED_AFTER_MS,
        HOUR_MS,
        6 * HOUR_MS,
        48 * HOUR_MS,
        16 * 24 * HOUR_MS,
      ]);
      const pending = rows[0]!;
      if (Object.values(pending).every((count) => count === '0')) return;
      if (Date.now() > deadline) {
        if (isPatient) throw new Error(`the hub did not finish sealing in time: ${JSON.stringify(pending)}`);
        return;
      }
      await sleep(POLL_MS);
    }
  }

  /** Gives each of these monitors a past of so many days before what the hub has sealed itself. */
  async writeLongHistory(monitorIds: readonly string[], days: number): Promise<void> {
    for (const [machine, monitorId] of monitorIds.entries()) {
      await writeLongHistory(this.client, monitorId, machine, days);
    }
    // As autovacuum does in a table that grows: without it the planner knows nothing of the new partitions.
    await this.client.query('analyze block');
  }

  /** Reports in raw blocks. */
  async countSealed(): Promise<number> {
    if (!(await this.hasBlocks())) return 0;
    const { rows } = await this.client.query<{ count: string }>(
      'select coalesce(sum(row_count), 0) as count from block where tier = 0',
    );
    return Number(rows[0]!.count);
  }

  /** Reports of these monitors in blocks and tables; one that is being sealed may count twice. */
  async countKept(monitorIds: readonly string[]): Promise<number> {
    const { rows } = await this.client.query<{ count: string }>(
      `select (select count(*) from report where monitor_id = any($1::uuid[]))
            + (select count(*) from late_report where monitor_id = any($1::uuid[]))
            + (select coalesce(sum(row_count), 0) from block where tier = 0 and monitor_id = any($1::uuid[])) as count`,
      [monitorIds],
    );
    return Number(rows[0]!.count);
  }

  /** Reports that wait to be sent on. */
  async countWaiting(): Promise<number> {
    const { rows } = await this.client.query<{ count: string }>('select count(*) as count from outbox');
    return Number(rows[0]!.count);
  }

  /** Tables that keep samples, partitions added up; blocks by tier where a version has them. */
  async measure(): Promise<StoredSize[]> {
    const { rows } = await this.client.query<TableRow>(
      `select coalesce(substring(leaf.relname from '^block_[0-3]'), root.relname) as name,
              sum(pg_relation_size(leaf.oid))::text as heap,
              sum(pg_indexes_size(leaf.oid))::text as indexes,
              sum(pg_total_relation_size(leaf.oid) - pg_relation_size(leaf.oid) - pg_indexes_size(leaf.oid))::text as toast
       from pg_class leaf
       join pg_class root on root.oid = coalesce(pg_partition_root(leaf.oid), leaf.oid)
       where leaf.relkind = 'r' and leaf.relnamespace = 'public'::regnamespace
         and root.relname ~ '^(report|late_report|block|seal_mark|rollup_due)'
       group by 1 order by 1`,
    );
    const hasBlocks = await this.hasBlocks();
    return rows.map(({ name, heap, indexes, toast }) => {
      const bytes = Number(heap) + Number(indexes) + Number(toast);
      const parts = `data ${toMib(heap)}, index ${toMib(indexes)}, toast and maps ${toMib(toast)} MiB`;
      const tier = /^block_([0-3])$/.exec(name)?.[1];
      if (tier !== undefined)
        return { what: `blocks of tier ${tier} (${parts})`, bytes, isCounted: tier === '0' };
      // Beside blocks, what is in the hot tables is their free room, and the youngest hour.
      return { what: `${name} (${parts})`, bytes, isCounted: !hasBlocks };
    });
  }
}

function toMib(bytes: string): string {
  return (Number(bytes) / 1024 ** 2).toFixed(1);
}
