/**
 * What encoder and decoder both believe about the next bit, learnt from the bits before it: a chance in
 * 1/65536 that the bit is 1, and how many bits taught it. One slot a context, chance in the upper, count
 * in the lower eight bits.
 */
export type BitModel = Int32Array;

/** A young slot follows each bit far, an old one little: after n bits by 1/(n + 2.4), at least by 1/LIMIT. */
const LIMIT = 32;
const RATE = Int32Array.from({ length: LIMIT + 1 }, (_, count) => Math.round(16_384 / (count + 2.4)));

export function makeBitModel(contexts: number): BitModel {
  return new Int32Array(contexts).fill(32_768 << 8);
}

/** The chance in 1/4096, never certain: 1 to 4095. */
export function chanceOfOne(slot: number): number {
  return (slot >>> 12) | 1;
}

/** The slot after it saw `bit`. */
export function learnBit(slot: number, bit: number): number {
  const count = slot & 0xff;
  const chance = slot >>> 8;
  const moved = chance + (((bit * 65_535 - chance) * RATE[count]!) >> 14);
  return (moved << 8) | (count < LIMIT ? count + 1 : count);
}
