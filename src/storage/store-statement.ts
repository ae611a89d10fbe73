import type { QueryConfig } from 'pg';
import type { PendingReport } from './pending-report.js';

/**
 * One statement stores a batch of reports and moves each monitor's latest row, in one commit.
 *
 * The batch travels as a few arrays and one bytea that holds all values: Postgres cuts it up, and
 * nothing is converted to text and back.
 *
 * The picks are, for each monitor of the batch, its newest report and the one before it in this batch.
 * A latest row holds the two newest reports of its monitor, whatever the order in which reports came in.
 */
const INPUT = `
  with input as materialized (
    select ord, monitor_id, at, layout_id, nullif(boot_id, '') as boot_id, interval_ms, received_at,
           substring($8::bytea from first + 1 for size) as "values"
    from unnest($1::uuid[], $2::bigint[], $3::int[], $4::text[], $5::int[], $6::bigint[], $7::int[], $9::int[])
         with ordinality as row (monitor_id, at, layout_id, boot_id, interval_ms, received_at, first, size, ord)
  )`;

/** A Postgres that stands still, or is cut off without a word, never answers: then its connection is given up. */
const ANSWER_WITHIN_MS = 10_000;

const keepNewer = (column: string): string =>
  `${column} = case when excluded.at > known.at then excluded.${column} else known.${column} end`;

/** Given the `where` below: the one that came is between the two known, or brings a nearer one, or pushes the newest back. */
const keepPrevious = (column: string): string =>
  `previous_${column} = case when excluded.at < known.at then excluded."${column}"
        when excluded.at = known.at or excluded.previous_at > known.at then excluded.previous_${column}
        else known."${column}" end`;

const LATEST = `
  latest as (
    insert into monitor_latest as known
      (monitor_id, at, received_at, layout_id, boot_id, interval_ms, "values",
       previous_at, previous_layout_id, previous_boot_id, previous_values)
    select newest.monitor_id, newest.at, newest.received_at, newest.layout_id, newest.boot_id, newest.interval_ms,
           newest."values", before.at, before.layout_id, before.boot_id, before."values"
    from unnest($10::int[], $11::int[]) as pick (newest, before)
    join input as newest on newest.ord = pick.newest
    left join input as before on before.ord = pick.before
    order by newest.monitor_id
    on conflict (monitor_id) do update set
      ${['at', 'received_at', 'layout_id', 'boot_id', 'interval_ms', '"values"'].map(keepNewer).join(',\n      ')},
      ${['at', 'layout_id', 'boot_id', 'values'].map(keepPrevious).join(',\n      ')}
    where excluded.at > known.at
      or excluded.at < known.at and excluded.at > coalesce(known.previous_at, -1)
      or excluded.at = known.at and excluded.previous_at > coalesce(known.previous_at, -1)
    returning monitor_id, at
  )
  select stored.ord, coalesce(stored.at = latest.at, false) as is_latest
  from (select input.ord, input.monitor_id, input.at from input join written using (monitor_id, at)) as stored
  left join latest using (monitor_id)`;

const FRESH = `${INPUT},
  written as (
    insert into report (monitor_id, at, layout_id, boot_id, interval_ms, "values")
    select monitor_id, at, layout_id, boot_id, interval_ms, "values" from input order by monitor_id, at
    on conflict do nothing
    returning monitor_id, at
  ),${LATEST}`;

/** A late report may stand among the hot ones already: looked up there first. */
const LATE = `${INPUT},
  written as (
    insert into late_report (monitor_id, at, layout_id, boot_id, interval_ms, "values", received_at)
    select monitor_id, at, layout_id, boot_id, interval_ms, "values", received_at from input
    where not exists (select from report where report.monitor_id = input.monitor_id and report.at = input.at)
    order by monitor_id, at
    on conflict do nothing
    returning monitor_id, at
  ),${LATEST}`;

/** A row of the answer: reports that are not in it were there before. */
export interface StoredRow {
  /** Position in the batch, from 1. */
  ord: string;
  /** Whether this report is now its monitor's newest. */
  is_latest: boolean;
}

/** @param batch each (monitor, at) at most once */
export function storeStatement(
  batch: readonly PendingReport[],
  isLate: boolean,
): QueryConfig & { query_timeout: number } {
  const { first, size, values } = packValues(batch);
  const { newest, before } = pickNewest(batch);
  return {
    name: isLate ? 'store-late' : 'store-fresh',
    text: isLate ? LATE : FRESH,
    query_timeout: ANSWER_WITHIN_MS,
    values: [
      arrayOf(batch, (row) => row.monitorId),
      arrayOf(batch, (row) => row.report.at),
      arrayOf(batch, (row) => row.report.layout.id),
      // Text goes through the driver, which knows how to quote it. Postgres keeps no empty boot id.
      batch.map((row) => row.report.bootId ?? ''),
      arrayOf(batch, (row) => row.report.intervalMs),
      arrayOf(batch, (row) => row.receivedAt),
      `{${first.join(',')}}`,
      values,
      `{${size.join(',')}}`,
      `{${newest.join(',')}}`,
      `{${before.join(',')}}`,
    ],
  };
}

/** An array literal of values that need no quoting (numbers, uuids): a third of the driver's cost. */
function arrayOf(batch: readonly PendingReport[], read: (row: PendingReport) => string | number): string {
  let text = '{';
  for (let index = 0; index < batch.length; index++) {
    text += index === 0 ? read(batch[index]!) : `,${read(batch[index]!)}`;
  }
  return `${text}}`;
}

/** All values as little-endian float64, one report after the other. */
function packValues(batch: readonly PendingReport[]): { first: number[]; size: number[]; values: Buffer } {
  const first: number[] = [];
  const size: number[] = [];
  let bytes = 0;
  for (const { report } of batch) {
    first.push(bytes);
    size.push(report.values.byteLength);
    bytes += report.values.byteLength;
  }
  const values = Buffer.allocUnsafe(bytes);
  batch.forEach(({ report }, index) => {
    // Typed arrays are little-endian on every machine that Node runs on.
    values.set(
      new Uint8Array(report.values.buffer, report.values.byteOffset, report.values.byteLength),
      first[index]!,
    );
  });
  return { first, size, values };
}

function pickNewest(batch: readonly PendingReport[]): { newest: number[]; before: (number | 'null')[] } {
  const picks = new Map<string, { newest: number; before: number | undefined }>();
  batch.forEach(({ monitorId, report }, index) => {
    const pick = picks.get(monitorId);
    if (!pick) picks.set(monitorId, { newest: index, before: undefined });
    else if (report.at > batch[pick.newest]!.report.at) {
      pick.before = pick.newest;
      pick.newest = index;
    } else if (pick.before === undefined || report.at > batch[pick.before]!.report.at) pick.before = index;
  });
  const newest: number[] = [];
  const before: (number | 'null')[] = [];
  for (const pick of picks.values()) {
    newest.push(pick.newest + 1);
    before.push(pick.before === undefined ? 'null' : pick.before + 1);
  }
  return { newest, before };
}
