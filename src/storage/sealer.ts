import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import { nextWindow, type SealWindow, windowAround } from '../core/blocks/seal-window.js';
import { TIERS } from '../core/blocks/tiers.js';
import { reach } from '../common/step.js';
import type { StoredReport } from '../core/model/stored-report.js';
import { QUERY_POOL } from '../database/database-pools.js';
import { BlockContent } from './block-content.js';
import { BlockTable } from './block-table.js';
import { truncateLateReports } from './drop-partition.js';
import { MaintenanceLock } from './maintenance-lock.js';
import { ReportReader } from './report-reader.js';
import { RollupSealer } from './rollup-sealer.js';
import { StorageSpace } from './storage-space.js';
import { transact } from './transaction.js';

const RAW = TIERS[0];

/** Late reports are merged when there are this many, or when one has waited so much longer than for quiet: a machine whose clock is behind is late for ever. */
const MERGE_AT_REPORTS = 2_000;
const MERGE_WAIT_MS = 10 * 60_000;
/** Bytes of an empty table of late reports. */
const WORTH_GIVING_BACK = 2 ** 20;

interface Due {
  monitor_id: string;
  raw_until: string | null;
  newest_at: string;
  interval_ms: number;
}

/**
 * Turns reports that no longer change into blocks, and merges late ones into the block that holds their time.
 * Each window is one transaction: block, mark, and what became of late rows. Killed anywhere, it starts again there.
 */
@Injectable()
export class Sealer {
  private readonly logger = new Logger(Sealer.name);

  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly reader: ReportReader,
    private readonly blocks: BlockTable,
    private readonly content: BlockContent,
    private readonly rollups: RollupSealer,
    private readonly lock: MaintenanceLock,
    private readonly space: StorageSpace,
  ) {}

  /** Seals every window that ends at or before this instant; nothing may be on its way into them (WriteBarrier). */
  async sealUntil(limitAt: number): Promise<void> {
    const { rows } = await this.pool.query<Due>(
      `select latest.monitor_id, raw_until, latest.at as newest_at, latest.interval_ms
       from monitor_latest latest left join seal_mark using (monitor_id)
       where raw_until is null or raw_until <= $1`,
      [limitAt],
    );
    for (const due of rows) {
      if (!this.space.hasRoomForUpkeep) return;
      try {
        if (await this.sealMonitor(due, limitAt)) await this.rollups.sealMonitor(due.monitor_id);
      } catch (error) {
        // One monitor's trouble (deleted in between, a corrupt block) does not hold up the others.
        this.logger.error(`monitor ${due.monitor_id} was not sealed: ${(error as Error).message}`);
      }
    }
  }

  /** Merges the late reports of monitors that have been quiet since, or have many. */
  async mergeLate(quietSinceAt: number): Promise<void> {
    const { rows } = await this.pool.query<{ monitor_id: string; raw_until: string }>(
      `select monitor_id, raw_until from late_report join seal_mark using (monitor_id)
       where at < raw_until group by monitor_id, raw_until
       having max(received_at) <= $1 or count(*) >= $2 or min(received_at) <= $3`,
      [quietSinceAt, MERGE_AT_REPORTS, quietSinceAt - MERGE_WAIT_MS],
    );
    for (const { monitor_id: monitorId, raw_until: rawUntil } of rows) {
      if (!this.space.hasRoomForUpkeep) return;
      try {
        while (await this.mergeOldest(monitorId, Number(rawUntil)));
      } catch (error) {
        this.logger.error(`late reports of monitor ${monitorId} wait: ${(error as Error).message}`);
      }
    }
    await this.rollups.remakeDue();
    await this.giveBackRoom();
  }

  /**
   * An import leaves a large empty table behind, which only other late reports would fill again. Late reports come in
   * by turns with this, and whoever reads waits a quarter of a second at most; else it is tried again after the next
   * merge.
   */
  private async giveBackRoom(): Promise<void> {
    const { rows } = await this.pool.query<{ bytes: string }>(
      `select pg_total_relation_size('late_report') as bytes`,
    );
    if (Number(rows[0]!.bytes) < WORTH_GIVING_BACK) return;
    await this.lock.run(() => truncateLateReports(this.pool));
  }

  /** Returns whether anything was sealed. */
  private async sealMonitor(due: Due, limitAt: number): Promise<boolean> {
    const monitorId = due.monitor_id;
    const mark = due.raw_until === null ? null : Number(due.raw_until);
    let sealedUntil = mark;
    for (;;) {
      // Most of the time the next window is still open: no query for that.
      if (sealedUntil !== null && nextWindow(sealedUntil, sealedUntil, due.interval_ms).until > limitAt) {
        return sealedUntil !== mark;
      }
      const firstAt = await this.reader.readFirstUnsealedAt(monitorId, sealedUntil);
      if (firstAt === null) return sealedUntil !== mark;
      const window = nextWindow(firstAt, sealedUntil, due.interval_ms);
      if (window.until > limitAt) return sealedUntil !== mark;
      await this.blocks.ensurePartition(RAW, window.start);
      await this.lock.run(() => transact(this.pool, (client) => this.sealWindow(client, monitorId, window)));
      reach('seal.done');
      sealedUntil = window.until;
    }
  }

  private async sealWindow(client: PoolClient, monitorId: string, window: SealWindow): Promise<void> {
    const reports = await this.reader.readUnsealed(client, monitorId, window);
    await this.write(client, monitorId, window, reports);
    reach('seal.late-deleted');
    await client.query({
      name: 'write-seal-mark',
      text: `insert into seal_mark (monitor_id, raw_until) values ($1, $2)
             on conflict (monitor_id) do update set raw_until = greatest(seal_mark.raw_until, excluded.raw_until)`,
      values: [monitorId, window.until],
    });
    reach('seal.mark-written');
  }

  /** Merges the late reports that belong to the window of the oldest one. Returns whether there may be more. */
  private async mergeOldest(monitorId: string, rawUntil: number): Promise<boolean> {
    const { rows } = await this.pool.query<{ at: string | null }>(
      'select min(at) as at from late_report where monitor_id = $1 and at < $2',
      [monitorId, rawUntil],
    );
    if (!rows[0]?.at) return false;
    const at = Number(rows[0].at);
    await this.blocks.ensurePartition(RAW, windowAround(at, []).start);
    await this.lock.run(() => transact(this.pool, (client) => this.mergeWindow(client, monitorId, at)));
    reach('merge.done');
    return true;
  }

  private async mergeWindow(client: PoolClient, monitorId: string, at: number): Promise<void> {
    const covering = await this.blocks.readCovering(monitorId, RAW, at, at, client);
    const window = covering[0] ?? windowAround(at, await this.blocks.readNeighbours(monitorId, at, client));
    const sealed = (await this.content.openRaw(monitorId, covering)).flatMap((block) =>
      this.content.toReports(block),
    );
    const late = await this.reader.readLate(client, monitorId, window);
    const known = new Set(sealed.map((report) => report.at));
    const merged = [...sealed, ...late.filter((report) => !known.has(report.at))].sort((a, b) => a.at - b.at);
    await this.write(client, monitorId, window, merged);
    reach('merge.late-deleted');
    await this.rollups.noteChanged(client, monitorId, window);
  }

  private async write(
    client: PoolClient,
    monitorId: string,
    window: SealWindow,
    reports: readonly StoredReport[],
  ): Promise<void> {
    if (reports.length > 0) {
      await this.blocks.write(client, monitorId, RAW.tier, window, await this.content.encodeReports(reports));
    }
    reach('block.written');
    await client.query({
      name: 'delete-late',
      text: 'delete from late_report where monitor_id = $1 and at >= $2 and at < $3',
      values: [monitorId, window.start, window.until],
    });
  }
}
