import { Inject, Injectable } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import { reach } from '../common/step.js';
import { describeReports, rollUp } from '../core/blocks/roll-up.js';
import { type Rollup, sliceRollup } from '../core/blocks/rollup.js';
import type { SealWindow } from '../core/blocks/seal-window.js';
import { rollupWindow, type Tier, TIERS } from '../core/blocks/tiers.js';
import type { Layout } from '../core/model/layout.js';
import { QUERY_POOL } from '../database/database-pools.js';
import { BlockContent } from './block-content.js';
import { BlockTable } from './block-table.js';
import { MaintenanceLock } from './maintenance-lock.js';
import { transact } from './transaction.js';

interface Marks {
  raw_until: string;
  tier1_until: string | null;
  tier2_until: string | null;
  tier3_until: string | null;
}

const ROLLUP_TIERS = TIERS.slice(1) as readonly Tier[];
const untilColumn = (tier: number): string => (tier === 0 ? 'raw_until' : `tier${tier}_until`);

/** Makes the blocks of the rollup tiers, each from the tier before it, when all of a block's time is sealed there. */
@Injectable()
export class RollupSealer {
  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly blocks: BlockTable,
    private readonly content: BlockContent,
    private readonly lock: MaintenanceLock,
  ) {}

  /** Seals what has become due in a monitor's rollup tiers. */
  async sealMonitor(monitorId: string): Promise<void> {
    const { rows } = await this.pool.query<Marks>({
      name: 'read-seal-marks',
      text: 'select raw_until, tier1_until, tier2_until, tier3_until from seal_mark where monitor_id = $1',
      values: [monitorId],
    });
    if (!rows[0]) return;
    let finerUntil = Number(rows[0].raw_until);
    for (const tier of ROLLUP_TIERS) {
      const until = rows[0][untilColumn(tier.tier) as keyof Marks];
      const sealedUntil = await this.sealTier(
        monitorId,
        tier,
        until === null ? null : Number(until),
        finerUntil,
      );
      if (sealedUntil === null) return;
      finerUntil = sealedUntil;
    }
  }

  /** In the transaction that changes raw blocks of this time: their rollups are to be made anew. */
  async noteChanged(client: PoolClient, monitorId: string, changed: SealWindow): Promise<void> {
    await this.noteDue(client, monitorId, ROLLUP_TIERS[0]!, changed);
  }

  /** Makes anew what late reports have changed, finer tiers first. */
  async remakeDue(): Promise<void> {
    for (const tier of ROLLUP_TIERS) {
      const { rows } = await this.pool.query<{ monitor_id: string; start: string }>(
        'select monitor_id, start from rollup_due where tier = $1',
        [tier.tier],
      );
      for (const row of rows) await this.remake(row.monitor_id, tier, rollupWindow(tier, Number(row.start)));
    }
  }

  /** Returns until when the tier is sealed now, or null where nothing is. */
  private async sealTier(
    monitorId: string,
    tier: Tier,
    until: number | null,
    finerUntil: number,
  ): Promise<number | null> {
    const first = until ?? (await this.blocks.readFirstStart(monitorId, tier.tier - 1));
    if (first === null) return null;
    let sealedUntil = until;
    for (
      let window = rollupWindow(tier, first);
      window.until <= finerUntil;
      window = rollupWindow(tier, window.until)
    ) {
      const due = window;
      await this.blocks.ensurePartition(tier, due.start);
      reach('rollup.partition-made');
      await this.lock.run(() =>
        transact(this.pool, async (client) => {
          await this.make(client, monitorId, tier, due);
          reach('rollup.block-written');
          await client.query(`update seal_mark set ${untilColumn(tier.tier)} = $2 where monitor_id = $1`, [
            monitorId,
            due.until,
          ]);
          reach('rollup.mark-written');
        }),
      );
      reach('rollup.done');
      sealedUntil = due.until;
    }
    return sealedUntil;
  }

  private async remake(monitorId: string, tier: Tier, window: SealWindow): Promise<void> {
    await this.blocks.ensurePartition(tier, window.start);
    await this.lock.run(() =>
      transact(this.pool, async (client) => {
        await this.make(client, monitorId, tier, window);
        reach('remake.block-written');
        await client.query('delete from rollup_due where monitor_id = $1 and tier = $2 and start = $3', [
          monitorId,
          tier.tier,
          window.start,
        ]);
        reach('remake.due-deleted');
        const coarser = TIERS[tier.tier + 1];
        if (coarser) await this.noteDue(client, monitorId, coarser, window);
      }),
    );
    reach('remake.done');
  }

  /** Only what is sealed already has to be made anew; the rest will be made from what is there by then. */
  private async noteDue(
    client: PoolClient,
    monitorId: string,
    tier: Tier,
    changed: SealWindow,
  ): Promise<void> {
    for (
      let window = rollupWindow(tier, changed.start);
      window.start < changed.until;
      window = rollupWindow(tier, window.until)
    ) {
      await client.query(
        `insert into rollup_due (monitor_id, tier, start)
         select monitor_id, $2, $3 from seal_mark
         where monitor_id = $1 and ${untilColumn(tier.tier)} > $3
         on conflict do nothing`,
        [monitorId, tier.tier, window.start],
      );
    }
  }

  private async make(client: PoolClient, monitorId: string, tier: Tier, window: SealWindow): Promise<void> {
    const { parts, layouts } = await this.readFiner(client, monitorId, tier, window);
    const rollup = sliceRollup(rollUp(parts, tier.bucketMs), window.start, window.until);
    if (rollup.starts.length === 0) return;
    const content = await this.content.encodeRollup(rollup, layouts);
    await this.blocks.write(client, monitorId, tier.tier, window, content);
  }

  private async readFiner(
    client: PoolClient,
    monitorId: string,
    { tier }: Tier,
    window: SealWindow,
  ): Promise<{ parts: Rollup[]; layouts: Layout[] }> {
    const finer = TIERS[tier - 1]!;
    const blocks = await this.blocks.readCovering(monitorId, finer, window.start, window.until - 1, client);
    if (tier === 1) {
      const open = await this.content.openRaw(monitorId, blocks);
      return {
        parts: open.map(({ content, layout }) => describeReports(content, (key) => layout.kindOf(key))),
        layouts: open.map(({ layout }) => layout),
      };
    }
    const open = await this.content.openRollups(monitorId, blocks);
    return {
      parts: open.map(({ content }) => content.toRollup()),
      layouts: open.map(({ layout }) => layout),
    };
  }
}
