import { SeededRandom } from '../../../test/fixtures/blocks/seeded-random.js';
import { crc32 } from './crc32.js';

/** Bit by bit, as the polynomial says. */
function crc32BitByBit(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++)
      remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  }
  return ~remainder >>> 0;
}

describe('crc32', () => {
  it('is the CRC-32 of zlib', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });

  it('gives four bytes a step what it gives bit by bit', () => {
    const random = new SeededRandom(1);
    for (let length = 0; length < 70; length++) {
      const bytes = Uint8Array.from({ length }, () => random.below(256));
      expect(crc32(bytes)).toBe(crc32BitByBit(bytes));
    }
  });
});
