import { ByteWriter } from '../codec/byte-writer.js';
import { writeColumn, type Derivation } from '../codec/column-codec.js';
import type { Layout } from '../model/layout.js';
import type { StoredReport } from '../model/stored-report.js';
import { BLOCK_KIND, writeFrame } from './block-frame.js';
import { findGrids, findRelations, type ColumnRelation } from './derivations.js';
import { ColumnRows, writePresence, type Presence } from './presence.js';
import { writeRuns } from './report-runs.js';

/**
 * A sealed run of a monitor's reports as bytes. The same reports give the same bytes.
 * @param reports at least one, in time order, no instant twice; layouts may differ
 * @param seriesKeys every key of their layouts, sorted: the block's columns, which the bytes do not name
 * @throws RangeError on no reports, or more than 2^22
 */
export function encodeRawBlock(reports: readonly StoredReport[], seriesKeys: readonly string[]): Uint8Array {
  if (reports.length === 0) throw new RangeError('a block of no reports');
  const presence = collectPresence(reports, seriesKeys);
  const columnRows = new ColumnRows(presence, seriesKeys.length, reports.length);
  const values = collectColumns(reports, presence, columnRows, seriesKeys.length);
  const relations = findRelations(seriesKeys);
  const beatMs = reports[0]!.intervalMs;
  const grids = findGrids(seriesKeys, beatMs);
  const columns = new ByteWriter();
  const columnLengths = seriesKeys.map((_, column) => {
    const start = columns.size;
    const derivation = deriveFrom(relations.get(column), column, values, columnRows);
    if (values[column]!.length > 0)
      writeColumn(columns, values[column]!, { grid: grids[column], derivation });
    return columns.size - start;
  });
  const head = new ByteWriter();
  writeRuns(head, reports);
  writePresence(head, presence, seriesKeys.length);
  return writeFrame({
    kind: BLOCK_KIND.raw,
    ats: Float64Array.from(reports, ({ at }) => at),
    beatMs,
    head: head.toBytes(),
    columns,
    columnLengths,
  });
}

/** A column follows only from columns that have the very same rows. */
function deriveFrom(
  relation: ColumnRelation | undefined,
  column: number,
  values: readonly Float64Array[],
  columnRows: ColumnRows,
): Derivation | undefined {
  if (!relation) return undefined;
  const rows = columnRows.of(column);
  if (relation.sources.some((source) => columnRows.of(source) !== rows)) return undefined;
  return { ...relation, values: relation.sources.map((source) => values[source]!) };
}

function collectPresence(reports: readonly StoredReport[], seriesKeys: readonly string[]): Presence {
  const columnByKey = new Map(seriesKeys.map((key, column) => [key, column]));
  const patterns: Uint32Array[] = [];
  const numberByText = new Map<string, number>();
  const numberByLayout = new Map<Layout, number>();
  const runs: { pattern: number; end: number }[] = [];
  reports.forEach(({ layout }, row) => {
    let pattern = numberByLayout.get(layout);
    if (pattern === undefined) {
      const columns = Uint32Array.from(layout.seriesKeys, (key) => columnByKey.get(key)!);
      // Two layouts may differ in no key, only in what a custom metric is.
      const text = columns.join();
      pattern = numberByText.get(text) ?? patterns.push(columns) - 1;
      numberByText.set(text, pattern);
      numberByLayout.set(layout, pattern);
    }
    const last = runs.at(-1);
    if (last?.pattern === pattern) last.end = row + 1;
    else runs.push({ pattern, end: row + 1 });
  });
  return { patterns, runs };
}

/** The values of each column, of only the rows that have it. */
function collectColumns(
  reports: readonly StoredReport[],
  { patterns, runs }: Presence,
  columnRows: ColumnRows,
  columnCount: number,
): Float64Array[] {
  const columns = Array.from(
    { length: columnCount },
    (_, column) => new Float64Array(columnRows.of(column)?.length ?? reports.length),
  );
  const filled = new Uint32Array(columnCount);
  let start = 0;
  for (const { pattern, end } of runs) {
    patterns[pattern]!.forEach((column, position) => {
      const target = columns[column]!;
      let next = filled[column]!;
      for (let row = start; row < end; row++) target[next++] = reports[row]!.values[position]!;
      filled[column] = next;
    });
    start = end;
  }
  return columns;
}
