import type { Layout } from '../core/model/layout.js';
import type { StoredReport } from '../core/model/stored-report.js';

/** Reports of one layout, boot and interval, in time order: read as one row, they cost a tenth of as many rows. */
export interface ReportGroup {
  readonly layoutId: number;
  readonly bootId: string | null;
  readonly intervalMs: number;
  /** Epoch milliseconds. */
  readonly ats: Float64Array;
  /** Report after report, each in the order of the layout. */
  readonly values: Float64Array;
}

/** A group as a row. Base64: the driver reads it four times as quickly as the digits of a bytea. */
export interface ReportGroupRow {
  layout_id: number;
  boot_id: string | null;
  interval_ms: number;
  ats: string | null;
  hot_values: string | null;
}

/** The instants and the values of grouped reports, as bytea. */
export const GROUPED_ATS = `string_agg(float8send(at), ''::bytea order by at)`;
export const GROUPED_VALUES = `string_agg("values", ''::bytea order by at)`;

export function toReportGroup(row: ReportGroupRow): ReportGroup {
  return {
    layoutId: row.layout_id,
    bootId: row.boot_id,
    intervalMs: row.interval_ms,
    // Postgres sends doubles with the high byte first.
    ats: toDoubles(Buffer.from(row.ats!, 'base64').swap64()),
    values: toDoubles(Buffer.from(row.hot_values!, 'base64')),
  };
}

/** Their reports in time order, each instant once. @param layouts by id */
export function listReports(
  groups: readonly ReportGroup[],
  layouts: ReadonlyMap<number, Layout>,
): StoredReport[] {
  const reports = groups.flatMap(({ layoutId, bootId, intervalMs, ats, values }) => {
    const layout = layouts.get(layoutId)!;
    const width = values.length / ats.length;
    return Array.from(ats, (at, row): StoredReport => {
      return { at, bootId, intervalMs, layout, values: values.subarray(row * width, (row + 1) * width) };
    });
  });
  if (groups.length > 1) reports.sort((a, b) => a.at - b.at);
  return reports.filter((report, index) => report.at !== reports[index - 1]?.at);
}

/** Copied, because the driver's buffers are not aligned. */
function toDoubles(bytes: Buffer): Float64Array {
  const doubles = new Float64Array(bytes.byteLength / 8);
  new Uint8Array(doubles.buffer).set(bytes);
  return doubles;
}
