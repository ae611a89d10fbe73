import type { BlockContext } from '../codec/block-context.js';
import type { ByteReader } from '../codec/byte-reader.js';
import { readColumn } from '../codec/column-codec.js';
import { BLOCK_KIND, BlockFrame } from './block-frame.js';
import { ColumnMemo } from './column-memo.js';
import { ColumnRows, readPresence } from './presence.js';
import type { RowOrigin } from './report-runs.js';
import { RULES_BY_CODE, SERIES_CODE } from './rollup-block-encoder.js';
import { evaluateUsual, rowColumn, type StatSource } from './rollup-columns.js';
import {
  ROW_STATS,
  statsOf,
  type Rollup,
  type RowStat,
  type RowStats,
  type SeriesRollup,
  type Stat,
} from './rollup.js';

/**
 * Opens a block of a rollup tier. Only the instants are decoded; each statistic when it is asked for.
 * @param seriesKeys the keys of the rollup that was encoded
 * @throws CorruptBlockError unless every byte is as it was written
 */
export function openRollupBlock(
  bytes: Uint8Array,
  context: BlockContext,
  seriesKeys: readonly string[],
): RollupBlock {
  return new RollupBlock(new BlockFrame(bytes, context, BLOCK_KIND.rollup), seriesKeys);
}

/** Arrays that it hands out are not to be written to. */
export class RollupBlock {
  readonly bucketMs: number;
  /** When each bucket begins, epoch milliseconds, ascending. */
  readonly starts: Float64Array;
  /** Boots and intervals that `firstOrigin` and `lastOrigin` point at. */
  readonly origins: readonly RowOrigin[];
  private readonly codes: Uint8Array;
  private readonly firstColumns: Uint32Array;
  private readonly columnRows: ColumnRows;
  /** Columns without their absent values. */
  private readonly memo: ColumnMemo;

  constructor(
    frame: BlockFrame,
    readonly seriesKeys: readonly string[],
  ) {
    const { ats, head } = frame;
    this.starts = ats;
    this.memo = new ColumnMemo(frame);
    this.bucketMs = head.readVarint();
    this.origins = readOrigins(head);
    this.codes = Uint8Array.from(seriesKeys, () => head.readByte());
    this.firstColumns = new Uint32Array(seriesKeys.length);
    let column = ROW_STATS.length;
    this.codes.forEach((code, series) => {
      if (code >= RULES_BY_CODE.length) head.fail(`no series is of kind ${code}`);
      this.firstColumns[series] = column;
      column += statsOf(this.kindOf(series)).length;
    });
    if (frame.columnCount !== column) head.fail(`${frame.columnCount} columns, ${column} should be`);
    this.columnRows = new ColumnRows(
      readPresence(head, seriesKeys.length, ats.length),
      seriesKeys.length,
      ats.length,
    );
  }

  kindOf(series: number): SeriesRollup['kind'] {
    return this.codes[series] === SERIES_CODE.counter ? 'counter' : 'gauge';
  }

  /** One statistic of the reports themselves, a value a bucket. */
  readRow(stat: RowStat): Float64Array {
    return this.row(ROW_STATS.indexOf(stat));
  }

  /** One statistic of a series, a value a bucket, 0 where the series has no sample (`count` is 0). */
  readStat(series: number, stat: Stat): Float64Array {
    const values = this.stat(series, stat);
    const present = this.columnRows.of(series);
    if (!present) return values;
    const spread = new Float64Array(this.starts.length);
    present.forEach((row, index) => (spread[row] = values[index]!));
    return spread;
  }

  /** Everything, as it was encoded. */
  toRollup(): Rollup {
    const { bucketMs, starts, origins, seriesKeys } = this;
    const rows = Object.fromEntries(ROW_STATS.map((stat) => [stat, this.readRow(stat)])) as RowStats;
    const series = seriesKeys.map((_, position) => {
      const kind = this.kindOf(position);
      const stats = Object.fromEntries(statsOf(kind).map((stat) => [stat, this.readStat(position, stat)]));
      return { kind, stats } as unknown as SeriesRollup;
    });
    return { bucketMs, starts, rows, origins, seriesKeys, series };
  }

  private row(column: number): Float64Array {
    return this.memo.read(column, (reader) => {
      const values = readColumn(reader, this.starts.length, () => reader.fail('it follows from no column'));
      const isInstant = column === ROW_STATS.indexOf('firstAt') || column === ROW_STATS.indexOf('lastAt');
      return isInstant ? values.map((offset, row) => offset + this.starts[row]!) : values;
    });
  }

  private stat(series: number, stat: Stat): Float64Array {
    const order = statsOf(this.kindOf(series));
    const position = order.indexOf(stat);
    if (position < 0) throw new RangeError(`a ${this.kindOf(series)} has no ${stat}`);
    return this.memo.read(this.firstColumns[series]! + position, (reader) => {
      const count = this.columnRows.of(series)?.length ?? this.starts.length;
      if (count === 0) return new Float64Array(0);
      if (reader.remaining > 0)
        return readColumn(reader, count, (column) => this.source(series, column, reader));
      const usual = RULES_BY_CODE[this.codes[series]!]![stat]?.usual;
      if (!usual) return reader.fail(`no bytes for ${stat}`);
      return evaluateUsual(
        usual.weights,
        usual.sources.map((source) => this.usualSource(series, source)),
      );
    });
  }

  private usualSource(series: number, source: StatSource): Float64Array {
    const row = rowColumn(source);
    return row >= 0 ? this.pickRows(series, row) : this.stat(series, source as Stat);
  }

  /** A column by its number, as a formula names it. */
  private source(series: number, column: number, reader: ByteReader): Float64Array {
    if (column < ROW_STATS.length) return this.pickRows(series, column);
    const owner = this.firstColumns.findLastIndex((first) => first <= column);
    const stat = statsOf(this.kindOf(owner))[column - this.firstColumns[owner]!];
    if (stat === undefined || this.columnRows.of(owner) !== this.columnRows.of(series)) {
      reader.fail(`a statistic follows from column ${column}, which does not have its rows`);
    }
    return this.stat(owner, stat);
  }

  private pickRows(series: number, column: number): Float64Array {
    const all = this.row(column);
    const present = this.columnRows.of(series);
    return present ? Float64Array.from(present, (row) => all[row]!) : all;
  }
}

function readOrigins(head: ByteReader): RowOrigin[] {
  return Array.from({ length: head.readCount(head.remaining, 'origins') }, () => ({
    bootId: head.readByte() === 0 ? null : head.readText(),
    intervalMs: head.readVarint(),
  }));
}
