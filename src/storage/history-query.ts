import type { Pool } from 'pg';
import { type Tier, TIERS } from '../core/blocks/tiers.js';

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

/** Reports that are in no block, of one layout, boot and interval, in time order. An instant may stand there twice. */
export interface HotGroup {
  readonly layoutId: number;
  readonly bootId: string | null;
  readonly intervalMs: number;
  /** Epoch milliseconds. */
  readonly ats: Float64Array;
  /** Report after report, each in the order of the layout. */
  readonly values: Float64Array;
}

export interface HistoryRows {
  readonly blocks: BlockRef[];
  readonly hot: HotGroup[];
}

interface HistoryRow {
  /** −1 for a hot group. */
  tier: number;
  start: string;
  until: string;
  layout_id: number;
  version: string | null;
  row_count: number;
  boot_id: string | null;
  interval_ms: number;
  ats: string | null;
  size: number;
  bytes: Buffer | null;
  hot_values: string | null;
}

/** A row that is written anew lies elsewhere, or is another transaction's; partitions tell apart what else is alike. */
const VERSION = `block.tableoid::text || ' ' || block.ctid::text || ' ' || block.xmin::text`;

/** What each tier's statement says; by the tier that a chart is drawn from. Prepared once a connection. */
const STATEMENTS = TIERS.map(({ tier }) => ({ name: `read-history-${tier}`, text: writeStatement(tier) }));

/**
 * Everything that a chart of this tier needs, in one statement, so that a seal in between is seen whole or not
 * at all: the tier's blocks, what is newer from the finer tiers, and the reports that are in no block.
 * @param hasBytes whether the blocks come with their content; without it they cost next to nothing
 */
export async function readHistoryRows(
  pool: Pool,
  monitorId: string,
  [fromAt, toAt]: readonly [number, number],
  { tier }: Tier,
  hasBytes: boolean,
): Promise<HistoryRows> {
  const { rows } = await pool.query<HistoryRow>({
    ...STATEMENTS[tier]!,
    values: [monitorId, fromAt, toAt, hasBytes],
  });
  const blocks = rows.filter((row) => row.tier >= 0).map((row) => toBlockRef(monitorId, row));
  return {
    blocks: blocks.sort((a, b) => a.start - b.start),
    hot: rows.filter((row) => row.tier < 0).map(toHotGroup),
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
          select -1, min(at), max(at), layout_id, null, 0, boot_id, interval_ms,
                 encode(string_agg(float8send(at), ''::bytea order by at), 'base64'), 0, null,
                 encode(string_agg("values", ''::bytea order by at), 'base64')
          from (
            select at, layout_id, boot_id, interval_ms, "values" from report
            where monitor_id = $1 and at <= $3 and at >= greatest($2::bigint, (select raw_until from mark))
            union all
            select at, layout_id, boot_id, interval_ms, "values" from late_report
            where monitor_id = $1 and at <= $3 and at >= ${lateFrom}
          ) as hot
          group by layout_id, boot_id, interval_ms`;
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

function toHotGroup(row: HistoryRow): HotGroup {
  const ats = Buffer.from(row.ats!, 'base64');
  return {
    layoutId: row.layout_id,
    bootId: row.boot_id,
    intervalMs: row.interval_ms,
    // Postgres sends doubles with the high byte first.
    ats: toDoubles(ats.swap64()),
    values: toDoubles(Buffer.from(row.hot_values!, 'base64')),
  };
}

/** Copied, because the driver's buffers are not aligned. */
function toDoubles(bytes: Buffer): Float64Array {
  const doubles = new Float64Array(bytes.byteLength / 8);
  new Uint8Array(doubles.buffer).set(bytes);
  return doubles;
}
