const BLOCK_BYTES = 65_536;
const HASH_BITS = 14;
const MIN_MATCH = 4;

/**
 * Snappy's block format, as remote write wants it: the length as a varint, then literals and copies.
 * Greedy with one hash table a 64 KiB block, like the reference.
 */
export function compressSnappy(input: Uint8Array): Buffer {
  const output = Buffer.allocUnsafe(32 + input.length + Math.floor(input.length / 6));
  const table = new Int32Array(1 << HASH_BITS);
  let written = writeVarint(output, 0, input.length);
  for (let start = 0; start < input.length; start += BLOCK_BYTES) {
    table.fill(-1);
    written = compressBlock(
      input,
      start,
      Math.min(input.length, start + BLOCK_BYTES),
      output,
      written,
      table,
    );
  }
  return output.subarray(0, written);
}

function compressBlock(
  input: Uint8Array,
  start: number,
  end: number,
  output: Buffer,
  written: number,
  table: Int32Array,
): number {
  let literalFrom = start;
  let position = start;
  while (position + MIN_MATCH <= end) {
    const word = readWord(input, position);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const candidate = table[slot]!;
    table[slot] = position;
    if (candidate < 0 || readWord(input, candidate) !== word) {
      // What does not compress is passed over faster and faster.
      position += 1 + ((position - literalFrom) >> 5);
      continue;
    }
    let length = MIN_MATCH;
    while (position + length < end && input[candidate + length] === input[position + length]) length++;
    written = writeLiteral(input, literalFrom, position, output, written);
    written = writeCopies(output, written, position - candidate, length);
    position += length;
    literalFrom = position;
  }
  return writeLiteral(input, literalFrom, end, output, written);
}

function readWord(input: Uint8Array, at: number): number {
  return input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24);
}

function writeLiteral(input: Uint8Array, from: number, to: number, output: Buffer, written: number): number {
  const length = to - from;
  if (length === 0) return written;
  const last = length - 1;
  if (last < 60) output[written++] = last << 2;
  else if (last < 256) {
    output[written++] = 60 << 2;
    output[written++] = last;
  } else {
    output[written++] = 61 << 2;
    output[written++] = last & 0xff;
    output[written++] = last >> 8;
  }
  output.set(input.subarray(from, to), written);
  return written + length;
}

function writeCopies(output: Buffer, written: number, offset: number, length: number): number {
  while (length > 0) {
    if (length <= 11 && length >= MIN_MATCH && offset < 2048) {
      output[written++] = 1 | ((length - 4) << 2) | ((offset >> 8) << 5);
      output[written++] = offset & 0xff;
      return written;
    }
    const part = Math.min(64, length);
    output[written++] = 2 | ((part - 1) << 2);
    output[written++] = offset & 0xff;
    output[written++] = offset >> 8;
    length -= part;
  }
  return written;
}

function writeVarint(output: Buffer, written: number, value: number): number {
  while (value >= 0x80) {
    output[written++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  output[written++] = value;
  return written;
}
