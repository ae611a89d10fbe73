import type { BlockContext } from '../codec/block-context.js';
import { ByteReader } from '../codec/byte-reader.js';
import { ByteWriter } from '../codec/byte-writer.js';
import { readColumn, writeColumn } from '../codec/column-codec.js';
import { crc32 } from '../codec/crc32.js';

/** The first byte of every block. A change of the format takes the next number; old ones stay readable. */
const VERSION = 1;

export const BLOCK_KIND = { raw: 0, rollup: 1 } as const;
export type BlockKind = (typeof BLOCK_KIND)[keyof typeof BLOCK_KIND];

/** A row is a report or a bucket. An hour has 3.6 million milliseconds, and no two reports share one. */
export const MAX_ROWS = 2 ** 22;
/** 10,000 active series, as many times as a rollup keeps statistics. */
const MAX_COLUMNS = 200_000;
const CHECKSUM_BYTES = 4;

/** What every block consists of; docs/block-format.md draws it. */
export interface BlockParts {
  readonly kind: BlockKind;
  /** Epoch milliseconds, ascending, at least one. */
  readonly ats: Float64Array;
  /** What usually lies between two rows. */
  readonly beatMs: number;
  /** What this kind of block has to say about its rows. */
  readonly head: Uint8Array;
  /** Columns one behind the other, and the length of each. */
  readonly columns: ByteWriter;
  readonly columnLengths: readonly number[];
}

/** @throws RangeError on more rows than a block may have */
export function writeFrame({ kind, ats, beatMs, head, columns, columnLengths }: BlockParts): Uint8Array {
  if (ats.length > MAX_ROWS) throw new RangeError(`a block of ${ats.length} rows`);
  const writer = new ByteWriter();
  writer.writeByte(VERSION);
  writer.writeByte(kind);
  writer.writeVarint(ats.length);
  writer.writeVarint(columnLengths.length);
  writer.writeVarint(ats[0]!);
  const instants = new ByteWriter();
  writeColumn(
    instants,
    ats.map((at) => at - ats[0]!),
    { grid: { span: beatMs, parts: 1 } },
  );
  writer.writeVarint(instants.size);
  writer.writeVarint(head.length);
  for (const length of columnLengths) writer.writeVarint(length);
  writer.writeBytes(instants.toBytes());
  writer.writeBytes(head);
  writer.writeBytes(columns.toBytes());
  writer.writeUint32(crc32(writer.toBytes()));
  return writer.toBytes();
}

/** A block taken apart into its sections; nothing is decoded but the instants. */
export class BlockFrame {
  readonly ats: Float64Array;
  readonly head: ByteReader;
  private readonly columnEnds: Uint32Array;
  private readonly columnsAt: number;

  /** @throws CorruptBlockError unless every byte is as it was written */
  constructor(
    private readonly bytes: Uint8Array,
    readonly context: BlockContext,
    kind: BlockKind,
  ) {
    const end = checkBytes(bytes, context, kind);
    const reader = new ByteReader(bytes, context, 2, end);
    const rows = reader.readCount(MAX_ROWS, 'rows');
    if (rows === 0) reader.fail('no rows');
    const columns = reader.readCount(MAX_COLUMNS, 'columns');
    const firstAt = reader.readVarint();
    const instantsLength = reader.readVarint();
    const headLength = reader.readVarint();
    this.columnEnds = new Uint32Array(columns);
    let length = 0;
    for (let column = 0; column < columns; column++) {
      length += reader.readVarint();
      this.columnEnds[column] = length;
    }
    this.ats = readInstants(reader.readSection(instantsLength), firstAt, rows);
    this.head = reader.readSection(headLength);
    this.columnsAt = reader.offset;
    if (reader.remaining !== length) reader.fail(`columns of ${length} bytes in ${reader.remaining}`);
  }

  get columnCount(): number {
    return this.columnEnds.length;
  }

  /** The bytes of one column; none where it has no values. */
  column(index: number): ByteReader {
    const start = index === 0 ? 0 : this.columnEnds[index - 1]!;
    return new ByteReader(
      this.bytes,
      this.context,
      this.columnsAt + start,
      this.columnsAt + this.columnEnds[index]!,
    );
  }

  /** Position of the row of exactly this instant, or −1. */
  indexOf(at: number): number {
    const { ats } = this;
    let [low, high] = [0, ats.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ats[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return ats[low] === at ? low : -1;
  }
}

/** @returns where the checksum begins */
function checkBytes(bytes: Uint8Array, context: BlockContext, kind: BlockKind): number {
  const end = bytes.length - CHECKSUM_BYTES;
  const reader = new ByteReader(bytes, context);
  if (end < 2) reader.fail(`only ${bytes.length} bytes`);
  const [version, foundKind] = [reader.readByte(), reader.readByte()];
  const checksum = new ByteReader(bytes, context, end).readUint32();
  if (crc32(bytes, end) !== checksum) reader.fail('the checksum does not fit');
  if (version !== VERSION) reader.fail(`version ${version} is not known`);
  if (foundKind !== kind) reader.fail(`a block of kind ${foundKind} where kind ${kind} should be`);
  return end;
}

function readInstants(reader: ByteReader, firstAt: number, rows: number): Float64Array {
  const ats = readColumn(reader, rows, () => reader.fail('instants follow from no column'));
  for (let index = 0; index < rows; index++) {
    ats[index] = ats[index]! + firstAt;
    if (index > 0 && !(ats[index]! > ats[index - 1]!)) reader.fail('instants do not ascend');
  }
  return ats;
}
