import type { ByteReader } from '../codec/byte-reader.js';
import type { ByteWriter } from '../codec/byte-writer.js';

/**
 * Which columns each row has. Rows of one shape share a pattern: the positions of its columns, ascending.
 * In memory as on disk; nearly every block has one pattern, which has all columns.
 */
export interface Presence {
  readonly patterns: readonly Uint32Array[];
  /** Runs of rows: which pattern, and the row behind the last. */
  readonly runs: readonly { readonly pattern: number; readonly end: number }[];
}

export function writePresence(writer: ByteWriter, { patterns, runs }: Presence, columns: number): void {
  const isComplete = patterns.length === 1 && patterns[0]!.length === columns;
  writer.writeVarint(isComplete ? 0 : patterns.length);
  if (isComplete) return;
  for (const pattern of patterns) writer.writeBytes(toBitmap(pattern, columns));
  writer.writeVarint(runs.length);
  let start = 0;
  for (const { pattern, end } of runs) {
    writer.writeVarint(pattern);
    writer.writeVarint(end - start);
    start = end;
  }
}

export function readPresence(reader: ByteReader, columns: number, rows: number): Presence {
  const count = reader.readCount(rows, 'patterns');
  if (count === 0) {
    const all = Uint32Array.from({ length: columns }, (_, column) => column);
    return { patterns: [all], runs: [{ pattern: 0, end: rows }] };
  }
  const patterns = Array.from({ length: count }, () => readBitmap(reader, columns));
  const runs: { pattern: number; end: number }[] = [];
  const runCount = reader.readCount(rows, 'runs of patterns');
  let end = 0;
  for (let run = 0; run < runCount; run++) {
    const pattern = reader.readCount(count - 1, 'as a pattern');
    end += reader.readVarint();
    runs.push({ pattern, end });
  }
  if (end !== rows) reader.fail(`patterns of ${end} rows, ${rows} are there`);
  return { patterns, runs };
}

/** Finds the rows of columns; columns of the same rows get the same array. */
export class ColumnRows {
  private readonly hasColumn: readonly Uint8Array[];
  private readonly rowsByMembership = new Map<string, Uint32Array | undefined>();

  constructor(
    private readonly presence: Presence,
    columns: number,
    private readonly rowCount: number,
  ) {
    this.hasColumn = presence.patterns.map((pattern) => {
      const has = new Uint8Array(columns);
      for (const column of pattern) has[column] = 1;
      return has;
    });
  }

  /** The rows that have the column, ascending; undefined where all have it. */
  of(column: number): Uint32Array | undefined {
    const membership = this.hasColumn.map((has) => has[column]).join('');
    if (!this.rowsByMembership.has(membership)) this.rowsByMembership.set(membership, this.list(column));
    return this.rowsByMembership.get(membership);
  }

  private list(column: number): Uint32Array | undefined {
    const rows: number[] = [];
    let row = 0;
    for (const { pattern, end } of this.presence.runs) {
      const isThere = this.hasColumn[pattern]![column] === 1;
      for (; row < end; row++) if (isThere) rows.push(row);
    }
    return rows.length === this.rowCount ? undefined : Uint32Array.from(rows);
  }
}

function toBitmap(pattern: Uint32Array, columns: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(columns / 8));
  for (const column of pattern) bitmap[column >> 3]! |= 1 << (column & 7);
  return bitmap;
}

function readBitmap(reader: ByteReader, columns: number): Uint32Array {
  const pattern: number[] = [];
  for (let first = 0; first < columns; first += 8) {
    const byte = reader.readByte();
    for (let bit = 0; bit < 8 && first + bit < columns; bit++)
      if ((byte >> bit) & 1) pattern.push(first + bit);
  }
  return Uint32Array.from(pattern);
}
