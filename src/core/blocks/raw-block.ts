import type { BlockContext } from '../codec/block-context.js';
import { readColumn } from '../codec/column-codec.js';
import type { Layout } from '../model/layout.js';
import type { StoredReport } from '../model/stored-report.js';
import { BLOCK_KIND, BlockFrame } from './block-frame.js';
import { ColumnMemo } from './column-memo.js';
import { ColumnRows, readPresence, type Presence } from './presence.js';
import { ReportRuns } from './report-runs.js';

/**
 * Opens a block for reading. Only the instants are decoded; each column when it is asked for.
 * @param seriesKeys the keys that the block was encoded with
 * @throws CorruptBlockError unless every byte is as it was written
 */
export function openRawBlock(
  bytes: Uint8Array,
  context: BlockContext,
  seriesKeys: readonly string[],
): RawBlock {
  return new RawBlock(new BlockFrame(bytes, context, BLOCK_KIND.raw), seriesKeys);
}

/** Reports of one monitor, in time order, as columns. Arrays that it hands out are not to be written to. */
export class RawBlock {
  /** Epoch milliseconds, ascending. */
  readonly ats: Float64Array;
  private readonly runs: ReportRuns;
  private readonly presence: Presence;
  private readonly columnRows: ColumnRows;
  /** Columns without their absent values. */
  private readonly memo: ColumnMemo;

  constructor(
    private readonly frame: BlockFrame,
    readonly seriesKeys: readonly string[],
  ) {
    const { ats, head, columnCount } = frame;
    if (columnCount !== seriesKeys.length) head.fail(`${columnCount} columns for ${seriesKeys.length} keys`);
    this.ats = ats;
    this.memo = new ColumnMemo(frame);
    this.runs = new ReportRuns(head, ats.length);
    this.presence = readPresence(head, columnCount, ats.length);
    this.columnRows = new ColumnRows(this.presence, columnCount, ats.length);
  }

  /** What its instants and the columns read so far take in memory. */
  get decodedBytes(): number {
    return this.ats.byteLength + this.memo.decodedBytes;
  }

  bootIdAt(index: number): string | null {
    return this.runs.of(index).bootId;
  }

  intervalMsAt(index: number): number {
    return this.runs.of(index).intervalMs;
  }

  /** Whether a report of exactly this instant is sealed here; decodes no column. */
  hasReportAt(at: number): boolean {
    return this.frame.indexOf(at) >= 0;
  }

  /** The values of a series at `ats`, NaN where a report does not have it. */
  readColumn(column: number): Float64Array {
    const values = this.decode(column);
    const rows = this.columnRows.of(column);
    if (!rows) return values;
    const spread = new Float64Array(this.ats.length).fill(NaN);
    rows.forEach((row, index) => (spread[row] = values[index]!));
    return spread;
  }

  /**
   * The reports, exactly as they were encoded.
   * @param layoutOf gives the layout of these keys, which are sorted
   */
  toReports(layoutOf: (seriesKeys: readonly string[]) => Layout): StoredReport[] {
    const { patterns, runs } = this.presence;
    const layouts = patterns.map((pattern) =>
      layoutOf(Array.from(pattern, (column) => this.seriesKeys[column]!)),
    );
    const filled = new Uint32Array(this.seriesKeys.length);
    const reports: StoredReport[] = [];
    for (const { pattern, end } of runs) {
      const columns = patterns[pattern]!;
      const decoded = Array.from(columns, (column) => this.decode(column));
      const start = reports.length;
      for (let row = start; row < end; row++) {
        const values = new Float64Array(columns.length);
        for (let position = 0; position < columns.length; position++) {
          values[position] = decoded[position]![filled[columns[position]!]! + row - start]!;
        }
        reports.push({ at: this.ats[row]!, ...this.runs.of(row), layout: layouts[pattern]!, values });
      }
      for (const column of columns) filled[column]! += end - start;
    }
    return reports;
  }

  private decode(column: number): Float64Array {
    return this.memo.read(column, (reader) => {
      const rows = this.columnRows.of(column);
      const count = rows?.length ?? this.ats.length;
      return count === 0
        ? new Float64Array(0)
        : readColumn(reader, count, (source) => this.source(source, rows));
    });
  }

  private source(column: number, rows: Uint32Array | undefined): Float64Array {
    if (column >= this.seriesKeys.length || this.columnRows.of(column) !== rows) {
      this.frame.head.fail(`a column follows from column ${column}, which does not have its rows`);
    }
    return this.decode(column);
  }
}
