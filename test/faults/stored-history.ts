import { Pool } from 'pg';
import { rollUp } from '../../src/core/blocks/roll-up.js';
import { type Rollup, sliceRollup } from '../../src/core/blocks/rollup.js';
import { type Tier, TIERS } from '../../src/core/blocks/tiers.js';
import type { DatabaseConnection } from '../../src/database/database-connection.js';
import { BlockContent } from '../../src/storage/block-content.js';
import { BlockTable } from '../../src/storage/block-table.js';
import { LayoutRegistry } from '../../src/storage/layout-registry.js';
import { ReportReader } from '../../src/storage/report-reader.js';

export interface PlainReport {
  readonly at: number;
  readonly bootId: string | null;
  readonly intervalMs: number;
  readonly keys: readonly string[];
  readonly values: readonly number[];
}

/** What stands in the tables of samples, read past the hub. */
export class StoredHistory {
  private readonly reader: ReportReader;
  private readonly blocks: BlockTable;
  private readonly content: BlockContent;

  constructor(private readonly pool: Pool) {
    const layouts = new LayoutRegistry(pool);
    this.blocks = new BlockTable(pool);
    this.content = new BlockContent(layouts);
    this.reader = new ReportReader(pool, layouts, this.content);
  }

  static connect(connection: DatabaseConnection): StoredHistory {
    return new StoredHistory(new Pool({ ...connection, max: 2 }));
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  /** Every report of a monitor as its readers see it. */
  async readReports(monitorId: string): Promise<PlainReport[]> {
    const reports = await this.reader.readRange(monitorId, 0, Number.MAX_SAFE_INTEGER);
    return reports.map(({ at, bootId, intervalMs, layout, values }) => ({
      at,
      bootId,
      intervalMs,
      keys: layout.seriesKeys,
      values: [...values],
    }));
  }

  /** Rows of all tables that count: more than there are reports means that one is there twice. */
  async countRows(monitorId: string): Promise<number> {
    const { rows } = await this.pool.query<{ count: number }>(
      `select ((select count(*) from report where monitor_id = $1
                  and at >= coalesce((select raw_until from seal_mark where monitor_id = $1), 0))
             + (select count(*) from late_report where monitor_id = $1)
             + (select coalesce(sum(row_count), 0) from block where monitor_id = $1 and tier = 0))::int as count`,
      [monitorId],
    );
    return rows[0]!.count;
  }

  /** How far each tier is sealed, raw first; null = not at all. */
  async readMarks(monitorId: string): Promise<(number | null)[]> {
    const { rows } = await this.pool.query<Record<string, string | null>>(
      'select raw_until, tier1_until, tier2_until, tier3_until from seal_mark where monitor_id = $1',
      [monitorId],
    );
    return Object.values(rows[0] ?? {}).map((until) => (until === null ? null : Number(until)));
  }

  /** A rollup tier as one rollup, up to an instant. */
  async readTier(monitorId: string, tier: Tier, until: number): Promise<Rollup> {
    const blocks = await this.blocks.readCovering(monitorId, tier, 0, until);
    const open = await this.content.openRollups(monitorId, blocks);
    return sliceRollup(
      rollUp(
        open.map(({ content }) => content.toRollup()),
        tier.bucketMs,
      ),
      0,
      until,
    );
  }

  /** What still waits to be merged or made anew. */
  async countWaiting(monitorId: string): Promise<number> {
    const { rows } = await this.pool.query<{ count: number }>(
      `select ((select count(*) from late_report join seal_mark using (monitor_id)
                where monitor_id = $1 and at < raw_until)
             + (select count(*) from rollup_due where monitor_id = $1))::int as count`,
      [monitorId],
    );
    return rows[0]!.count;
  }
}

/** The tables of two monitors that were sent the same reports, told apart by nothing but their history. */
export async function expectSameHistory(
  history: StoredHistory,
  monitorId: string,
  undisturbedId: string,
): Promise<void> {
  const reports = await history.readReports(undisturbedId);
  expect(await history.readReports(monitorId)).toEqual(reports);
  expect(await history.countRows(monitorId)).toBe(reports.length);
  expect(await history.countRows(undisturbedId)).toBe(reports.length);
  const marks = await history.readMarks(monitorId);
  const undisturbedMarks = await history.readMarks(undisturbedId);
  for (const tier of TIERS.slice(1)) {
    const until = Math.min(marks[tier.tier] ?? 0, undisturbedMarks[tier.tier] ?? 0);
    const rollup = await history.readTier(monitorId, tier, until);
    expect(rollup).toEqual(await history.readTier(undisturbedId, tier, until));
  }
}
