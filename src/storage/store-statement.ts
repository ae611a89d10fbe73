import type { QueryConfig } from 'pg';
import type { PendingReport } from './pending-report.js';

/**
 * One statement stores a batch of reports, in one commit, and tells which of them were there before.
 *
 * The batch travels as a few arrays and one bytea that holds all values: Postgres cuts it up, and
 * nothing is converted to text and back.
 */
const INPUT = input('', '');
/** With the hubs that each report came through. */
const INPUT_VIA = input(', $11::text[]', ', via');

function input(array: string, column: string): string {
  return `
  with input as materialized (
    select ord, monitor_id, at, layout_id, nullif(boot_id, '') as boot_id, interval_ms, received_at${column},
           substring($8::bytea from first + 1 for size) as "values"
    from unnest($1::uuid[], $2::bigint[], $3::int[], $4::text[], $5::int[], $6::bigint[], $7::int[], $9::int[]${array})
         with ordinality as row (monitor_id, at, layout_id, boot_id, interval_ms, received_at, first, size${column}, ord)
  )`;
}

/** A Postgres that stands still, or is cut off without a word, never answers: then its connection is given up. */
export const ANSWER_WITHIN_MS = 10_000;

/** Nearly always all are stored: then nothing is compared, and nothing comes back. */
const REPEATED = `
  select ord::int from input
  where (select count(*) from written) < $10::int
    and not exists (select from written where written.monitor_id = input.monitor_id and written.at = input.at)`;

const WRITTEN_FRESH = `,
  written as (
    insert into report (monitor_id, at, layout_id, boot_id, interval_ms, "values")
    select monitor_id, at, layout_id, boot_id, interval_ms, "values" from input
    on conflict do nothing
    returning monitor_id, at
  )`;

/** A late report may stand among the hot ones already: looked up there first. */
const WRITTEN_LATE = `,
  written as (
    insert into late_report (monitor_id, at, layout_id, boot_id, interval_ms, "values", received_at)
    select monitor_id, at, layout_id, boot_id, interval_ms, "values", received_at from input
    where not exists (select from report where report.monitor_id = input.monitor_id and report.at = input.at)
    on conflict do nothing
    returning monitor_id, at
  )`;

/** What goes on to another server waits for it from this very commit on. */
const QUEUED = `,
  queued as (
    insert into outbox (monitor_id, at, layout_id, boot_id, interval_ms, "values", via)
    select monitor_id, at, layout_id, boot_id, interval_ms, "values", via from input join written using (monitor_id, at)
    on conflict do nothing
  )`;

const STATEMENTS = {
  'store-fresh': INPUT + WRITTEN_FRESH + REPEATED,
  'store-late': INPUT + WRITTEN_LATE + REPEATED,
  'store-fresh-forward': INPUT_VIA + WRITTEN_FRESH + QUEUED + REPEATED,
  'store-late-forward': INPUT_VIA + WRITTEN_LATE + QUEUED + REPEATED,
} as const;

/** A row of the answer: a report that was there before. */
export interface RepeatedRow {
  /** Position in the batch, from 1. */
  ord: number;
}

/**
 * @param batch each (monitor, at) at most once
 * @param isForwarded whether what is stored goes on to the endpoints of its monitors
 */
export function storeStatement(
  batch: readonly PendingReport[],
  isLate: boolean,
  isForwarded = false,
): QueryConfig<unknown[]> & { query_timeout: number } {
  const { first, size, values } = packValues(batch);
  const name = `store-${isLate ? 'late' : 'fresh'}${isForwarded ? '-forward' : ''}` as const;
  return {
    name,
    text: STATEMENTS[name],
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
      batch.length,
      ...(isForwarded ? [batch.map((row) => row.forwardVia ?? '')] : []),
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
