import { chanceOfOne, learnBit, type BitModel } from './bit-model.js';
import type { ByteReader } from './byte-reader.js';

const NARROW = 2 ** 23;
const WIDEST = 2 ** 31 - 1;

/** The mirror of `BitEncoder`. Past the end it reads zeros, so it neither fails nor hangs on any bytes. */
export class BitDecoder {
  /** Where the message lies above the encoder's low; less than range. */
  private code = 0;
  private range = WIDEST;

  private readonly bytes: Uint8Array;
  private position: number;
  private readonly end: number;

  /** Reads from where `reader` is to its end. */
  constructor(reader: ByteReader) {
    this.bytes = reader.bytes;
    this.position = reader.offset;
    this.end = reader.offset + reader.remaining;
    for (let byte = 0; byte < 4; byte++) this.code = (this.code << 8) | this.nextByte();
  }

  /** The next bit, by what `model[context]` expects; teaches it. */
  decode(model: BitModel, context: number): number {
    const slot = model[context]!;
    const share = Math.imul(this.range >>> 12, chanceOfOne(slot));
    // Without a branch, which would be guessed wrong as often as bits surprise: all ones where the bit is 1.
    const isOne = (this.code - share) >> 31;
    this.code = (this.code - (share & ~isOne)) | 0;
    this.range = (share & isOne) | ((this.range - share) & ~isOne);
    model[context] = learnBit(slot, isOne & 1);
    while (this.range < NARROW) this.widen();
    return isOne & 1;
  }

  /** The next `levels` bits as a number, by a tree of 2^levels contexts that begins at `tree`. */
  decodeTree(model: BitModel, tree: number, levels: number): number {
    let { code, range } = this;
    let node = 1;
    for (let level = 0; level < levels; level++) {
      const slot = model[tree + node]!;
      const share = Math.imul(range >>> 12, chanceOfOne(slot));
      const isOne = (code - share) >> 31;
      code = (code - (share & ~isOne)) | 0;
      range = (share & isOne) | ((range - share) & ~isOne);
      model[tree + node] = learnBit(slot, isOne & 1);
      node = 2 * node - isOne;
      while (range < NARROW) {
        range <<= 8;
        code = (code << 8) | this.nextByte();
      }
    }
    this.code = code;
    this.range = range;
    return node - (1 << levels);
  }

  /** @param width at most 32 @returns 0 to 2^width − 1 */
  decodeRaw(width: number): number {
    let value = 0;
    let left = width;
    while (left > 0) {
      const step = left < 12 ? left : 12;
      left -= step;
      this.range >>>= step;
      // Bytes that no encoder wrote can point past the last part.
      const part = Math.min((this.code / this.range) | 0, (1 << step) - 1);
      this.code -= Math.imul(part, this.range);
      value = (value << step) | part;
      while (this.range < NARROW) this.widen();
    }
    return value >>> 0;
  }

  private widen(): void {
    this.range <<= 8;
    this.code = (this.code << 8) | this.nextByte();
  }

  private nextByte(): number {
    return this.position < this.end ? this.bytes[this.position++]! : 0;
  }
}
