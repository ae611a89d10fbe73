import { CorruptBlockError } from '../errors.js';
import type { BlockContext } from './block-context.js';

/**
 * Reads what `ByteWriter` wrote. Every method throws `CorruptBlockError` rather than read past the end.
 * The bytes are not copied: whoever hands them in leaves them alone.
 */
export class ByteReader {
  private readonly view: DataView;
  private readonly end: number;

  constructor(
    readonly bytes: Uint8Array,
    readonly context: BlockContext,
    private position = 0,
    end = bytes.length,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = end;
  }

  get offset(): number {
    return this.position;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  readByte(): number {
    this.need(1);
    return this.bytes[this.position++]!;
  }

  /** An integer from 0 to 2^53. */
  readVarint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.readByte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 0x80;
      if (scale > 2 ** 49) this.fail('a number is longer than any that is written');
    }
    return value <= 2 ** 53 ? value : this.fail('a number is larger than any that is written');
  }

  /** A varint that counts something: beyond `limit` the bytes are not ours. */
  readCount(limit: number, what: string): number {
    const count = this.readVarint();
    return count <= limit ? count : this.fail(`${count} ${what}, at most ${limit} can be`);
  }

  /** Any double that is an integer. */
  readInteger(): number {
    const code = this.readVarint();
    if (code === 0) return this.readFloat64();
    const zigzag = code - 1;
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  readUint32(): number {
    this.need(4);
    this.position += 4;
    return this.view.getUint32(this.position - 4, true);
  }

  readFloat64(): number {
    this.need(8);
    this.position += 8;
    return this.view.getFloat64(this.position - 8, true);
  }

  readText(): string {
    const length = this.readCount(this.remaining, 'characters');
    let text = '';
    for (let index = 0; index < length; index++) {
      text += String.fromCharCode(this.readCount(0xffff, 'as a character'));
    }
    return text;
  }

  /** The next `length` bytes as a reader of their own; this one goes on behind them. */
  readSection(length: number): ByteReader {
    this.need(length);
    const start = this.position;
    this.position += length;
    return new ByteReader(this.bytes, this.context, start, this.position);
  }

  fail(reason: string): never {
    const { monitorId, tier, start } = this.context;
    throw new CorruptBlockError(monitorId, tier, start, this.position, reason);
  }

  private need(length: number): void {
    if (this.remaining < length) this.fail(`${length} bytes wanted, ${this.remaining} left`);
  }
}
