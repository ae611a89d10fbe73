import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { describeReports } from '../core/blocks/roll-up.js';
import type { RollupBlock } from '../core/blocks/rollup-block.js';
import { COUNTER_STATS, type Rollup, ROW_STATS, type RowStats, sliceRollup } from '../core/blocks/rollup.js';
import { orderRuns, runsOfReports, type SampleRun } from '../core/blocks/sample-run.js';
import { type Tier, TIERS } from '../core/blocks/tiers.js';
import type { Layout } from '../core/model/layout.js';
import type { SeriesFilter } from '../core/model/present-report.js';
import { QUERY_POOL } from '../database/database-pools.js';
import { BlockContent, type OpenBlock } from './block-content.js';
import { type BlockRow, toStoredBlock } from './block-table.js';
import { ReportReader } from './report-reader.js';

/** What charts read of a gauge; the other statistics cost decoding and say nothing there. */
const CHARTED_GAUGE_STATS = ['sum', 'count', 'min', 'max'] as const;

interface HistoryRow extends BlockRow {
  /** −1 for a report that is in no block. */
  tier: number;
  boot_id: string | null;
  interval_ms: number;
}

/** A part of a monitor's history, and the unit of each of its series. */
export interface HistoryPart {
  readonly rollup: Rollup;
  readonly layout: Layout;
}

/**
 * Reads a monitor's history for charts: from the coarsest tier that is fine enough, and what that tier
 * does not hold yet from the finer ones, down to the reports that are in no block.
 */
@Injectable()
export class HistoryReader {
  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly content: BlockContent,
    private readonly reports: ReportReader,
  ) {}

  /**
   * Parts in time order that do not overlap, with only the wanted series; they may reach beyond the range.
   * @param fromAt with the time before the range that its first rate needs
   */
  async read(
    monitorId: string,
    fromAt: number,
    toAt: number,
    tier: Tier,
    isWanted: SeriesFilter,
  ): Promise<HistoryPart[]> {
    const rows = await this.query(monitorId, fromAt, toAt, tier);
    const parts: HistoryPart[] = [];
    // Where a tier ends, the next finer one begins: blocks of both may hold that instant.
    let readUntil = -Infinity;
    for (const coarse of TIERS.slice(1, tier.tier + 1).reverse()) {
      const blocks = rows.filter((row) => row.tier === coarse.tier).map(toStoredBlock);
      for (const open of await this.content.openRollups(monitorId, blocks)) {
        parts.push({
          rollup: sliceRollup(pickSeries(open, isWanted), readUntil, Infinity),
          layout: open.layout,
        });
      }
      readUntil = Math.max(readUntil, ...blocks.map((block) => block.until));
    }
    for (const run of await this.readRuns(monitorId, rows)) {
      parts.push({
        rollup: sliceRollup(describeRun(run, isWanted), readUntil, Infinity),
        layout: run.layout,
      });
    }
    return parts.filter(({ rollup }) => rollup.starts.length > 0);
  }

  /** One statement, so that a seal in between is seen whole or not at all. */
  private async query(monitorId: string, fromAt: number, toAt: number, tier: Tier): Promise<HistoryRow[]> {
    const { rows } = await this.pool.query<HistoryRow>({
      name: 'read-history',
      text: `with mark as materialized (
               select raw_until,
                      greatest($2::bigint, case when $4 >= 1 then tier1_until end) as raw_from,
                      greatest($2::bigint, case when $4 >= 2 then tier2_until end) as tier1_from,
                      greatest($2::bigint, case when $4 >= 3 then tier3_until end) as tier2_from
               from seal_mark where monitor_id = $1
             )
             select tier, start, until, layout_id, null as boot_id, 0 as interval_ms, bytes
             from mark, block
             where monitor_id = $1 and tier <= $4 and start <= $3 and start > $2::bigint - $5
               and until > case tier when $4 then $2::bigint when 0 then raw_from when 1 then tier1_from else tier2_from end
             union all
             select -1, at, at, layout_id, boot_id, interval_ms, "values" from report
             where monitor_id = $1 and at between $2 and $3 and at >= coalesce((select raw_until from mark), 0)
             union all
             select -1, at, at, layout_id, boot_id, interval_ms, "values" from late_report
             where monitor_id = $1 and at between $2 and $3 and at >= coalesce((select raw_from from mark), 0)
             order by start`,
      values: [monitorId, fromAt, toAt, tier.tier, TIERS[3].blockMs],
    });
    return rows;
  }

  private async readRuns(monitorId: string, rows: readonly HistoryRow[]): Promise<SampleRun[]> {
    const raw = await this.content.openRaw(
      monitorId,
      rows.filter((row) => row.tier === 0).map(toStoredBlock),
    );
    const plain = await this.reports.decodeRows(
      rows.filter((row) => row.tier < 0).map((row) => ({ ...row, at: row.start, values: row.bytes })),
    );
    const sealed = raw.map(({ content, layout }): SampleRun => ({
      layout,
      ats: content.ats,
      bootIdAt: (index) => content.bootIdAt(index),
      intervalMsAt: (index) => content.intervalMsAt(index),
      readColumn: (series) => content.readColumn(series),
    }));
    return orderRuns([...sealed, ...runsOfReports(plain)]);
  }
}

function describeRun(run: SampleRun, isWanted: SeriesFilter): Rollup {
  const { layout } = run;
  const wanted = layout.seriesKeys.flatMap((key, series) => (isWanted(key) ? [series] : []));
  return describeReports(
    {
      ats: run.ats,
      seriesKeys: wanted.map((series) => layout.seriesKeys[series]!),
      readColumn: (position) => run.readColumn(wanted[position]!),
      bootIdAt: (index) => run.bootIdAt(index),
      intervalMsAt: (index) => run.intervalMsAt(index),
    },
    (key) => layout.kindOf(key),
  );
}

/** The wanted series of a block, decoded as far as a chart needs them. */
function pickSeries({ content, layout }: OpenBlock<RollupBlock>, isWanted: SeriesFilter): Rollup {
  const { bucketMs, starts, origins } = content;
  const rows = Object.fromEntries(ROW_STATS.map((stat) => [stat, content.readRow(stat)])) as RowStats;
  const nothing = new Float64Array(starts.length);
  const wanted = layout.seriesKeys.flatMap((key, series) => (isWanted(key) ? [series] : []));
  return {
    ...{ bucketMs, starts, origins, rows },
    seriesKeys: wanted.map((series) => layout.seriesKeys[series]!),
    series: wanted.map((series) => {
      const kind = content.kindOf(series);
      const names = kind === 'gauge' ? CHARTED_GAUGE_STATS : COUNTER_STATS;
      const stats = Object.fromEntries(names.map((stat) => [stat, content.readStat(series, stat)]));
      return (
        kind === 'gauge' ? { kind, stats: { ...stats, last: nothing, lastAt: nothing } } : { kind, stats }
      ) as Rollup['series'][number];
    }),
  };
}
