import { ByteWriter } from '../codec/byte-writer.js';
import { writeColumn, type Derivation } from '../codec/column-codec.js';
import { BLOCK_KIND, writeFrame } from './block-frame.js';
import { ColumnRows, writePresence, type Presence } from './presence.js';
import { ROW_STATS, statsOf, type GaugeStat, type Rollup, type SeriesRollup, type Stat } from './rollup.js';
import {
  COUNTER_RULES,
  evaluateUsual,
  GAUGE_RULES,
  rowColumn,
  STILL_GAUGE_RULES,
  type StatSource,
} from './rollup-columns.js';
import { RollupRelations } from './rollup-relations.js';

/** What a series is, as the block's head says. */
export const SERIES_CODE = { gauge: 0, counter: 1, stillGauge: 2 } as const;

/** A rollup of at least one bucket as bytes. Its series keys are not among them. */
export function encodeRollupBlock(rollup: Rollup): Uint8Array {
  const { starts, rows, series, bucketMs } = rollup;
  const presence = collectPresence(series, starts.length);
  const writer = new StatWriter(rollup, new ColumnRows(presence, series.length, starts.length));
  for (const stat of ROW_STATS) {
    const isInstant = stat === 'firstAt' || stat === 'lastAt';
    writer.writeRow(isInstant ? rows[stat].map((at, row) => at - starts[row]!) : rows[stat]);
  }
  const head = new ByteWriter();
  head.writeVarint(bucketMs);
  head.writeVarint(rollup.origins.length);
  for (const { bootId, intervalMs } of rollup.origins) {
    head.writeByte(bootId === null ? 0 : 1);
    if (bootId !== null) head.writeText(bootId);
    head.writeVarint(intervalMs);
  }
  series.forEach((one, position) => {
    head.writeByte(writer.codes[position]!);
    for (const stat of statsOf(one.kind)) writer.writeStat(position, stat);
  });
  writePresence(head, presence, series.length);
  return writeFrame({
    kind: BLOCK_KIND.rollup,
    ats: starts,
    beatMs: bucketMs,
    head: head.toBytes(),
    columns: writer.columns,
    columnLengths: writer.columnLengths,
  });
}

/** By `SERIES_CODE`. */
export const RULES_BY_CODE = [GAUGE_RULES, COUNTER_RULES, STILL_GAUGE_RULES] as const;

/** Bit for bit, but for the patterns of NaN. */
function isSame(values: Float64Array, others: Float64Array): boolean {
  for (let index = 0; index < values.length; index++) {
    if (!Object.is(values[index], others[index])) return false;
  }
  return true;
}

function codeOf({ kind, stats }: SeriesRollup): number {
  if (kind === 'counter') return SERIES_CODE.counter;
  const isStill = isSame(stats.min, stats.max);
  return isStill ? SERIES_CODE.stillGauge : SERIES_CODE.gauge;
}

/** Buckets that have the same series share a pattern. */
function collectPresence(series: readonly SeriesRollup[], rowCount: number): Presence {
  const patterns: Uint32Array[] = [];
  const numberByText = new Map<string, number>();
  const runs: { pattern: number; end: number }[] = [];
  const has = ({ stats }: SeriesRollup, row: number): boolean => stats.count[row]! > 0;
  for (let row = 0; row < rowCount; row++) {
    const last = runs.at(-1);
    if (last && series.every((one) => has(one, row) === has(one, row - 1))) {
      last.end = row + 1;
      continue;
    }
    const positions = series.map((one, position) => (has(one, row) ? position : -1));
    const present = Uint32Array.from(positions.filter((position) => position >= 0));
    const text = present.join();
    const pattern = numberByText.get(text) ?? patterns.push(present) - 1;
    numberByText.set(text, pattern);
    runs.push({ pattern, end: row + 1 });
  }
  return { patterns, runs };
}

/** Writes columns one behind the other, each of only the buckets that have its series. */
class StatWriter {
  readonly columns = new ByteWriter();
  readonly columnLengths: number[] = [];
  readonly codes: readonly number[];
  private readonly firstColumns: readonly number[];
  private readonly relations: RollupRelations;

  constructor(
    private readonly rollup: Rollup,
    private readonly columnRows: ColumnRows,
  ) {
    this.relations = new RollupRelations(rollup.seriesKeys);
    this.codes = rollup.series.map(codeOf);
    let column: number = ROW_STATS.length;
    this.firstColumns = rollup.series.map(
      ({ kind }) => (column += statsOf(kind).length) - statsOf(kind).length,
    );
  }

  writeRow(values: Float64Array): void {
    const start = this.columns.size;
    writeColumn(this.columns, values);
    this.columnLengths.push(this.columns.size - start);
  }

  writeStat(series: number, stat: Stat): void {
    const start = this.columns.size;
    const values = this.pick(series, stat);
    if (values.length > 0 && !this.isUsual(series, stat, values)) {
      writeColumn(this.columns, values, { derivation: this.derive(series, stat) });
    }
    this.columnLengths.push(this.columns.size - start);
  }

  private isUsual(series: number, stat: Stat, values: Float64Array): boolean {
    const usual = RULES_BY_CODE[this.codes[series]!]![stat]?.usual;
    if (!usual) return false;
    const sources = usual.sources.map((source) => this.pick(series, source));
    return isSame(values, evaluateUsual(usual.weights, sources));
  }

  /** From other series where the machine's own arithmetic says so, else from the series' other statistics. */
  private derive(series: number, stat: Stat): Derivation | undefined {
    return this.deriveFromOthers(series, stat) ?? this.deriveWithin(series, stat);
  }

  private deriveFromOthers(series: number, stat: Stat): Derivation | undefined {
    if (this.rollup.series[series]!.kind !== 'gauge') return undefined;
    const relation = this.relations.find(series, stat as GaugeStat);
    if (!relation) return undefined;
    const { formula, sources } = relation;
    const rows = this.columnRows.of(series);
    const fits = sources.every(
      (source) =>
        this.rollup.series[source.series]!.kind === 'gauge' && this.columnRows.of(source.series) === rows,
    );
    if (!fits) return undefined;
    return {
      formula,
      sources: sources.map((source) => this.columnOf(source.series, source.stat)),
      values: sources.map((source) => this.pick(source.series, source.stat)),
    };
  }

  private deriveWithin(series: number, stat: Stat): Derivation | undefined {
    const expected = RULES_BY_CODE[this.codes[series]!]![stat]?.expected;
    return (
      expected && {
        formula: expected.formula,
        sources: expected.sources.map((source) => this.columnOf(series, source)),
        values: expected.sources.map((source) => this.pick(series, source)),
      }
    );
  }

  private columnOf(series: number, source: StatSource): number {
    const row = rowColumn(source);
    if (row >= 0) return row;
    return this.firstColumns[series]! + statsOf(this.rollup.series[series]!.kind).indexOf(source as Stat);
  }

  private pick(series: number, source: StatSource): Float64Array {
    const row = rowColumn(source);
    const stats = this.rollup.series[series]!.stats as Readonly<Record<string, Float64Array>>;
    const all = row >= 0 ? this.rollup.rows[ROW_STATS[row]!] : stats[source]!;
    const present = this.columnRows.of(series);
    return present ? Float64Array.from(present, (at) => all[at]!) : all;
  }
}
