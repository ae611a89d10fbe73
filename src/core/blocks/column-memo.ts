import type { ByteReader } from '../codec/byte-reader.js';
import type { BlockFrame } from './block-frame.js';

/** Columns follow from columns that follow from columns, but no chain that is written is longer. */
const MAX_CHAIN = 16;

/** The columns of a block that were decoded, each once. */
export class ColumnMemo {
  private readonly columns = new Map<number, Float64Array>();
  private readonly chain: number[] = [];
  /** Of all columns that were decoded. */
  decodedBytes = 0;

  constructor(private readonly frame: BlockFrame) {}

  /** @param decode may read other columns through this memo; one that needs itself is corrupt */
  read(column: number, decode: (reader: ByteReader) => Float64Array): Float64Array {
    const known = this.columns.get(column);
    if (known) return known;
    const reader = this.frame.column(column);
    if (this.chain.includes(column) || this.chain.length === MAX_CHAIN) {
      reader.fail(`column ${column} follows from itself`);
    }
    this.chain.push(column);
    try {
      const values = decode(reader);
      this.columns.set(column, values);
      this.decodedBytes += values.byteLength;
      return values;
    } finally {
      this.chain.pop();
    }
  }
}
