import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { StoredSize } from './target.js';

const POLL_MS = 2_000;
/** Late reports are merged once a monitor has been quiet for a minute: so long may nothing happen at all. */
const QUIET_MS = 100_000;
const IMPATIENT_QUIET_MS = 10_000;
const DEADLINE_MS = 20 * 60_000;
/** Only names the socket's file. */
const SOCKET_PORT = 5432;

interface TableRow {
  readonly name: string;
  readonly heap: string;
  readonly indexes: string;
  readonly toast: string;
}

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

  /** Waits until sealing and merging have nothing left to do; in a hub without blocks that is at once. */
  async awaitSealed(isPatient: boolean): Promise<void> {
    if (!(await this.hasBlocks())) return;
    const startedAt = Date.now();
    const quietMs = isPatient ? QUIET_MS : IMPATIENT_QUIET_MS;
    let before = '';
    for (let changedAt = startedAt; Date.now() - changedAt < quietMs; await sleep(POLL_MS)) {
      if (Date.now() - startedAt > DEADLINE_MS) throw new Error('the hub did not finish sealing in time');
      const { rows } = await this.client.query<{ late: string; hot: string; blocks: string }>(
        `select (select count(*) from late_report) as late, (select count(*) from report where at < $1) as hot,
                (select count(*) from block) as blocks`,
        [Date.now() - 3 * 3_600_000],
      );
      const now = JSON.stringify(rows[0]);
      if (now !== before) changedAt = Date.now();
      before = now;
      if (rows[0]!.late === '0' && rows[0]!.hot === '0' && Date.now() - changedAt > 3 * POLL_MS) return;
    }
    console.log(`  ! the hub's sealing came to rest with work left: ${before}`);
  }

  /** Tables that keep samples, partitions added up; blocks by tier where a version has them. */
  async measure(): Promise<StoredSize[]> {
    await this.client.query('checkpoint').catch(() => undefined);
    const { rows } = await this.client.query<TableRow>(
      `select root.relname as name, sum(pg_relation_size(leaf.oid))::text as heap,
              sum(pg_indexes_size(leaf.oid))::text as indexes,
              sum(pg_total_relation_size(leaf.oid) - pg_relation_size(leaf.oid) - pg_indexes_size(leaf.oid))::text as toast
       from pg_class leaf
       join pg_class root on root.oid = coalesce(pg_partition_root(leaf.oid), leaf.oid)
       where leaf.relkind = 'r' and leaf.relnamespace = 'public'::regnamespace
         and root.relname ~ '^(report|late_report|block|rollup)'
       group by root.relname order by root.relname`,
    );
    const hasBlocks = await this.hasBlocks();
    const sizes: StoredSize[] = [];
    for (const { name, heap, indexes, toast } of rows) {
      const bytes = Number(heap) + Number(indexes) + Number(toast);
      const parts = `data ${toMib(heap)}, index ${toMib(indexes)}, toast and maps ${toMib(toast)} MiB`;
      if (name === 'block') sizes.push(...(await this.measureBlocks(bytes, parts)));
      else {
        // Beside blocks, what is in the hot tables waits to be sealed: it is named, the blocks are the answer.
        const label = hasBlocks
          ? `${name} (not sealed yet; ${parts})`
          : `${name}: hot rows, no blocks (${parts})`;
        sizes.push({ what: label, bytes, isCounted: !hasBlocks });
      }
    }
    return sizes;
  }

  /** The table's whole size, shared out to the tiers by the bytes of their blocks. */
  private async measureBlocks(totalBytes: number, parts: string): Promise<StoredSize[]> {
    const { rows } = await this.client.query<{ tier: number; blocks: string; bytes: string }>(
      `select tier, count(*)::text as blocks, sum(octet_length(bytes))::text as bytes from block group by tier order by tier`,
    );
    const payload = rows.reduce((sum, row) => sum + Number(row.bytes), 0);
    return rows.map(({ tier, blocks, bytes }) => ({
      what: `blocks of tier ${tier}: ${blocks}, their bytes alone ${toMib(bytes)} MiB (all tiers: ${parts})`,
      bytes: (totalBytes * Number(bytes)) / payload,
      isCounted: tier === 0,
    }));
  }
}

function toMib(bytes: string): string {
  return (Number(bytes) / 1024 ** 2).toFixed(1);
}
