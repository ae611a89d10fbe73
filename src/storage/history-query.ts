import type { Pool } from 'pg';
import { type Tier, TIERS } from '../core/blocks/tiers.js';
import {
  GROUPED_ATS,
  GROUPED_VALUES,
  type ReportGroup,
  type ReportGroupRow,
  toReportGroup,
} from './report-groups.js';

/** A block that a chart needs. */
export interface BlockRef {
  readonly monitorId: string;
  readonly tier: number;
  /** Epoch milliseconds, `until` exclusive. */
  readonly start: number;
  readonly until: number;
  readonly layoutId: number;
  /** Another one after each change of the block. */
  readonly version: string;
  readonly reportCount: number;
  /** Bytes of its content. */
  readonly size: number;
  /** null until they are read. */
  readonly bytes: Buffer | null;
}

/** A group of one stretch of time, known by a key. Reports join it, none ever leaves or changes: as many are the same. */
export interface HotChunk extends ReportGroup {
  readonly key: string;
}

export interface HistoryRows {
  readonly blocks: BlockRef[];
  /** Those that were known already are the same objects. */
  readonly chunks: HotChunk[];
  readonly late: ReportGroup[];
}

export interface HistoryQuestion {
  readonly monitorId: string;
  /** Epoch milliseconds, both included. */
  readonly fromAt: number;
  readonly toAt: number;
  readonly tier: Tier;
  /** Whether the blocks come with their content; without it they cost next to nothing. */
  readonly hasBytes: boolean;
  /** Chunks that need not be sent again as long as they are whole. */
  readonly known: ReadonlyMap<string, HotChunk>;
}

/** What a chunk spans. Seals end at full hours, so that no chunk is ever half sealed. */
export const CHUNK_MS = 600_000;

interface HistoryRow extends ReportGroupRow {
  /** −1 for a hot group. */
  tier: number;
  start: string;
  until: string;
  version: string | null;
  row_count: number;
  size: number;
  bytes: Buffer | null;
}

/** A row that is written anew lies elsewhere, or is another transaction's; partitions tell apart what else is alike. */
const VERSION = `block.tableoid::text || ' ' || block.ctid::text || ' ' || block.xmin::text`;

const GROUPED = `min(at) as first_at, max(at) as last_at, ${GROUPED_ATS} as ats, ${GROUPED_VALUES} as hot_values`;

/** What each tier's statement says; by the tier that a chart is drawn from. Prepared once a connection. */
const STATEMENTS = TIERS.map(({ tier }) => ({ name: `read-history-${tier}`, text: writeStatement(tier) }));

/**
 * Everything that a chart of this tier needs, in one statement, so that a seal in between is seen whole or not
 * at all: the tier's blocks, what is newer from the finer tiers, and the reports that are in no block.
 * Hot reports come in whole chunks, so that the first and last may lie outside the range.
 */
export async function readHistoryRows(
  pool: Pool,
  { monitorId, fromAt, toAt, tier, hasBytes, known }: HistoryQuestion,
): Promise<HistoryRows> {
  const counts = Array.from(known.values(), ({ ats }) => ats.length);
  const { rows } = await pool.query<HistoryRow>({
    ...STATEMENTS[tier.tier]!,
    values: [monitorId, fromAt, toAt, hasBytes, [...known.keys()], counts],
  });
  const blocks = rows.filter((row) => row.tier >= 0).map((row) => toBlockRef(monitorId, row));
  const hot = rows.filter((row) => row.tier < 0);
  return {
    blocks: blocks.sort((a, b) => a.start - b.start),
    chunks: hot.flatMap((row) => {
      if (row.version === null) return [];
      // Where nothing was sent, it was known.
      return row.ats === null ? [known.get(row.version)!] : [{ ...toReportGroup(row), key: row.version }];
    }),
    late: hot.filter((row) => row.version === null).map(toReportGroup),
  };
}

/** The content of these blocks, by version; a block that has changed since is missing. */
export async function readBlockBytes(
  pool: Pool,
  monitorId: string,
  refs: readonly BlockRef[],
): Promise<ReadonlyMap<string, Buffer>> {
  const { rows } = await pool.query<{ version: string; bytes: Buffer }>({
    name: 'read-block-bytes',
    text: `select ${VERSION} as version, bytes
           from unnest($2::smallint[], $3::bigint[]) as wanted (tier, start)
           join block on block.monitor_id = $1 and block.tier = wanted.tier and block.start = wanted.start`,
    values: [monitorId, refs.map(({ tier }) => tier), refs.map(({ start }) => start)],
  });
  return new Map(rows.map(({ version, bytes }) => [version, bytes]));
}

/**
 * Tiers are constants and instants parameters or a mark read before, so that partitions are left out already
 * when the statement is planned or begun.
 */
function writeStatement(tier: number): string {
  const branches = TIERS.slice(0, tier + 1).map(({ tier: finer, blockMs }) => {
    // Where the coarser tier ends, the finer one goes on.
    const fromAt =
      finer === tier ? '$2::bigint' : `greatest($2::bigint, (select tier${finer + 1}_until from mark))`;
    return `select ${finer} as tier, start, until, layout_id, ${VERSION} as version, row_count,
                   null::text as boot_id, 0 as interval_ms, null::text as ats, octet_length(bytes) as size,
                   case when $4::boolean then bytes end as bytes, null::text as hot_values
            from block
            where monitor_id = $1 and tier = ${finer} and start <= $3
              and start > ${fromAt} - ${blockMs} and until > ${fromAt}`;
  });
  const lateFrom = tier === 0 ? '$2::bigint' : 'greatest($2::bigint, (select tier1_until from mark))';
  return `with mark as materialized (
            select raw_until, tier1_until, tier2_until, tier3_until from seal_mark where monitor_id = $1
          )
          ${branches.join(' union all ')}
          union all
          select -1, first_at, last_at, layout_id, key, 0, boot_id, interval_ms,
                 case when known.count is distinct from chunk.count then encode(ats, 'base64') end, 0, null,
                 case when known.count is distinct from chunk.count then encode(hot_values, 'base64') end
          from (
            select concat_ws(' ', at / ${CHUNK_MS}, layout_id, interval_ms, boot_id) as key, count(*) as count,
                   layout_id, boot_id, interval_ms, ${GROUPED}
            from report
            where monitor_id = $1 and at < ($3::bigint / ${CHUNK_MS} + 1) * ${CHUNK_MS}
              and at >= greatest($2::bigint / ${CHUNK_MS} * ${CHUNK_MS}, (select raw_until from mark))
            group by at / ${CHUNK_MS}, layout_id, boot_id, interval_ms
          ) as chunk left join unnest($5::text[], $6::bigint[]) as known (key, count) using (key)
          union all
          select -1, first_at, last_at, layout_id, null, 0, boot_id, interval_ms,
                 encode(ats, 'base64'), 0, null, encode(hot_values, 'base64')
          from (
            select layout_id, boot_id, interval_ms, ${GROUPED}
            from late_report where monitor_id = $1 and at <= $3 and at >= ${lateFrom}
            group by layout_id, boot_id, interval_ms
          ) as late`;
}

function toBlockRef(monitorId: string, row: HistoryRow): BlockRef {
  return {
    monitorId,
    tier: row.tier,
    start: Number(row.start),
    until: Number(row.until),
    layoutId: row.layout_id,
    version: row.version!,
    reportCount: row.row_count,
    size: row.size,
    bytes: row.bytes,
  };
}
