/** The CRC-32 of zlib, gzip and PNG (polynomial 0xedb88320): any flipped byte, and any burst up to 32 bits, is seen. */
const TABLES = makeTables();

/** Table t gives what a byte does to the remainder when t more bytes follow it: four bytes a step. */
function makeTables(): readonly Uint32Array[] {
  const tables = [0, 1, 2, 3].map(() => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) {
      remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
    }
    tables[0]![byte] = remainder;
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let table = 1; table < 4; table++) {
      const before = tables[table - 1]![byte]!;
      tables[table]![byte] = (before >>> 8) ^ tables[0]![before & 0xff]!;
    }
  }
  return tables;
}

/** @returns the checksum of the first `end` bytes, 0 to 2^32 − 1 */
export function crc32(bytes: Uint8Array, end = bytes.length): number {
  const [t0, t1, t2, t3] = TABLES as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  let remainder = ~0;
  let at = 0;
  for (; at + 4 <= end; at += 4) {
    remainder ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    remainder =
      t3[remainder & 0xff]! ^
      t2[(remainder >>> 8) & 0xff]! ^
      t1[(remainder >>> 16) & 0xff]! ^
      t0[remainder >>> 24]!;
  }
  for (; at < end; at++) remainder = (remainder >>> 8) ^ t0[(remainder ^ bytes[at]!) & 0xff]!;
  return ~remainder >>> 0;
}
