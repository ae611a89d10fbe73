const FIRST_CAPACITY = 1024;

/** Bytes that grow. Numbers are little-endian; varints are LEB128, seven bits a byte, lowest first. */
export class ByteWriter {
  private bytes = new Uint8Array(FIRST_CAPACITY);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  get size(): number {
    return this.length;
  }

  writeByte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** @param value an integer from 0 to 2^53 */
  writeVarint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  /** Any double that is an integer: as 1 + its zigzag, or 0 and the double where it is long. */
  writeInteger(value: number): void {
    if (Math.abs(value) < 2 ** 51) this.writeVarint(1 + (value < 0 ? -2 * value - 1 : 2 * value));
    else {
      this.writeByte(0);
      this.writeFloat64(value);
    }
  }

  writeUint32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** The eight bytes of a double as they are: −0 and subnormals stay what they are. */
  writeFloat64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** A text as its length in UTF-16 units, then each unit as a varint: exact for any string. */
  writeText(text: string): void {
    this.writeVarint(text.length);
    for (let index = 0; index < text.length; index++) this.writeVarint(text.charCodeAt(index));
  }

  writeBytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more));
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}
