import { ByteWriter } from '../codec/byte-writer.js';
import { writeColumn } from '../codec/column-codec.js';
import { BLOCK_KIND, writeFrame } from './block-frame.js';
import { ColumnRows, writePresence, type Presence } from './presence.js';
import { ROW_STATS, statsOf, type Rollup, type RowStats, type SeriesRollup, type Stat } from './rollup.js';
import {
  COUNTER_RULES,
  evaluateUsual,
  GAUGE_RULES,
  rowColumn,
  STILL_GAUGE_RULES,
  type StatSource,
} from './rollup-columns.js';

/** What a series is, as the block's head says. */
export const SERIES_CODE = { gauge: 0, counter: 1, stillGauge: 2 } as const;

/** A rollup of at least one bucket as bytes. Its series keys are not among them. */
export function encodeRollupBlock(rollup: Rollup): Uint8Array {
  const { starts, rows, series, bucketMs } = rollup;
  const presence = collectPresence(series, starts.length);
  const columnRows = new ColumnRows(presence, series.length, starts.length);
  const columns = new ByteWriter();
  const columnLengths: number[] = [];
  for (const stat of ROW_STATS) {
    const isInstant = stat === 'firstAt' || stat === 'lastAt';
    const values = isInstant ? rows[stat].map((at, row) => at - starts[row]!) : rows[stat];
    const before = columns.size;
    writeColumn(columns, values);
    columnLengths.push(columns.size - before);
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
    const code = codeOf(one);
    head.writeByte(code);
    const writer = new SeriesWriter(one, rows, columnRows.of(position), columnLengths.length);
    for (const stat of statsOf(one.kind))
      columnLengths.push(writer.write(columns, stat, RULES_BY_CODE[code]![stat]));
  });
  writePresence(head, presence, series.length);
  return writeFrame({
    kind: BLOCK_KIND.rollup,
    ats: starts,
    beatMs: bucketMs,
    head: head.toBytes(),
    columns,
    columnLengths,
  });
}

/** By `SERIES_CODE`. */
export const RULES_BY_CODE = [GAUGE_RULES, COUNTER_RULES, STILL_GAUGE_RULES] as const;

function codeOf({ kind, stats }: SeriesRollup): number {
  if (kind === 'counter') return SERIES_CODE.counter;
  const isStill = stats.min.every((min, row) => Object.is(min, stats.max[row]));
  return isStill ? SERIES_CODE.stillGauge : SERIES_CODE.gauge;
}

/** Buckets that have the same series share a pattern. */
function collectPresence(series: readonly SeriesRollup[], rowCount: number): Presence {
  const patterns: Uint32Array[] = [];
  const numberByText = new Map<string, number>();
  const runs: { pattern: number; end: number }[] = [];
  for (let row = 0; row < rowCount; row++) {
    const present: number[] = [];
    series.forEach(({ stats }, position) => {
      if (stats.count[row]! > 0) present.push(position);
    });
    const text = present.join();
    const pattern = numberByText.get(text) ?? patterns.push(Uint32Array.from(present)) - 1;
    numberByText.set(text, pattern);
    const last = runs.at(-1);
    if (last?.pattern === pattern) last.end = row + 1;
    else runs.push({ pattern, end: row + 1 });
  }
  return { patterns, runs };
}

/** Writes the columns of one series, of only the buckets that have it. */
class SeriesWriter {
  private readonly picked = new Map<StatSource, Float64Array>();
  private readonly order: readonly Stat[];

  constructor(
    private readonly series: SeriesRollup,
    private readonly rows: RowStats,
    private readonly present: Uint32Array | undefined,
    private readonly firstColumn: number,
  ) {
    this.order = statsOf(series.kind);
  }

  /** @returns how many bytes it took */
  write(writer: ByteWriter, stat: Stat, rule: (typeof GAUGE_RULES)[Stat] = {}): number {
    const values = this.pick(stat);
    if (values.length === 0) return 0;
    const { usual, expected } = rule;
    if (usual) {
      const due = evaluateUsual(
        usual.weights,
        usual.sources.map((source) => this.pick(source)),
      );
      if (values.every((value, index) => Object.is(value, due[index]))) return 0;
    }
    const start = writer.size;
    const derivation = expected && {
      formula: expected.formula,
      sources: expected.sources.map((source) => this.columnOf(source)),
      values: expected.sources.map((source) => this.pick(source)),
    };
    writeColumn(writer, values, { derivation });
    return writer.size - start;
  }

  private columnOf(source: StatSource): number {
    const row = rowColumn(source);
    return row >= 0 ? row : this.firstColumn + this.order.indexOf(source as Stat);
  }

  private pick(source: StatSource): Float64Array {
    const known = this.picked.get(source);
    if (known) return known;
    const row = rowColumn(source);
    const all =
      row >= 0 ? this.rows[ROW_STATS[row]!] : (this.series.stats as Record<string, Float64Array>)[source]!;
    const { present } = this;
    const values = present ? Float64Array.from(present, (at) => all[at]!) : all;
    this.picked.set(source, values);
    return values;
  }
}
