import type { BitDecoder } from './bit-decoder.js';
import { BitEncoder } from './bit-encoder.js';
import { makeBitModel } from './bit-model.js';

/** Bits of a double: also what "no bit differs" is counted as. */
const ALL = 64;
const LEAD_LEVELS = 7;
const TRAIL_LEVELS = 6;

/**
 * Doubles of any kind, by which bits differ from the one before (the idea of Gorilla, Pelkonen et al. 2015):
 * zeros before and behind the differing bits by adaptive trees, the bits between as they are. The first
 * is compared with 0.0.
 */
export function encodeDoubles(values: Float64Array): Uint8Array {
  const words = wordsOf(values);
  const bits = new BitEncoder();
  const leads = makeBitModel(2 << LEAD_LEVELS);
  const trails = makeBitModel(1 << TRAIL_LEVELS);
  let wasSame = 0;
  let [low, high] = [0, 0];
  for (let index = 0; index < words.length; index += 2) {
    const [lowDiff, highDiff] = [(words[index]! ^ low) >>> 0, (words[index + 1]! ^ high) >>> 0];
    [low, high] = [words[index]!, words[index + 1]!];
    const lead = highDiff !== 0 ? Math.clz32(highDiff) : 32 + Math.clz32(lowDiff);
    encodeTree(bits, leads, wasSame << LEAD_LEVELS, lead, LEAD_LEVELS);
    wasSame = lead === ALL ? 1 : 0;
    if (lead === ALL) continue;
    const trail = lowDiff !== 0 ? countTrailing(lowDiff) : 32 + countTrailing(highDiff);
    encodeTree(bits, trails, 0, trail, TRAIL_LEVELS);
    encodeBetween(bits, highDiff, lowDiff, lead, trail);
  }
  return bits.finish();
}

export function decodeDoubles(bits: BitDecoder, count: number): Float64Array {
  const words = new Uint32Array(2 * count);
  const leads = makeBitModel(2 << LEAD_LEVELS);
  const trails = makeBitModel(1 << TRAIL_LEVELS);
  let wasSame = 0;
  let [low, high] = [0, 0];
  for (let index = 0; index < words.length; index += 2) {
    const lead = bits.decodeTree(leads, wasSame << LEAD_LEVELS, LEAD_LEVELS);
    wasSame = lead === ALL ? 1 : 0;
    if (lead < ALL) {
      const trail = bits.decodeTree(trails, 0, TRAIL_LEVELS);
      const [highDiff, lowDiff] = decodeBetween(bits, lead, trail);
      low ^= lowDiff;
      high ^= highDiff;
    }
    words[index] = low;
    words[index + 1] = high;
  }
  return doublesOf(words);
}

/** The highest differing bit is 1 and not written. Bits of the upper word come first. */
function encodeBetween(bits: BitEncoder, high: number, low: number, lead: number, trail: number): void {
  const [from, to] = [ALL - lead - 1, trail];
  if (from > 32) {
    const bottom = Math.max(to, 32);
    bits.encodeRaw(high >>> (bottom - 32), from - bottom);
  }
  const top = Math.min(from, 32);
  if (top > to) bits.encodeRaw(low >>> to, top - to);
}

function decodeBetween(bits: BitDecoder, lead: number, trail: number): [high: number, low: number] {
  const [from, to] = [ALL - lead - 1, trail];
  let [high, low] = from >= 32 ? [2 ** (from - 32), 0] : [0, 2 ** from];
  if (from > 32) {
    const bottom = Math.max(to, 32);
    high += bits.decodeRaw(Math.max(0, from - bottom)) * 2 ** (bottom - 32);
  }
  const top = Math.min(from, 32);
  if (top > to) low += bits.decodeRaw(top - to) * 2 ** to;
  return [high, low];
}

function encodeTree(bits: BitEncoder, model: Int32Array, tree: number, value: number, levels: number): void {
  let node = 1;
  for (let level = levels - 1; level >= 0; level--) {
    const bit = (value >> level) & 1;
    bits.encode(model, tree + node, bit);
    node = 2 * node + bit;
  }
}

function countTrailing(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** The two words of each double, the lower first. */
function wordsOf(values: Float64Array): Uint32Array {
  const words = new Uint32Array(2 * values.length);
  const view = new DataView(new ArrayBuffer(8));
  for (let index = 0; index < values.length; index++) {
    view.setFloat64(0, values[index]!);
    words[2 * index] = view.getUint32(4);
    words[2 * index + 1] = view.getUint32(0);
  }
  return words;
}

function doublesOf(words: Uint32Array): Float64Array {
  const values = new Float64Array(words.length / 2);
  const view = new DataView(new ArrayBuffer(8));
  for (let index = 0; index < values.length; index++) {
    view.setUint32(4, words[2 * index]!);
    view.setUint32(0, words[2 * index + 1]!);
    values[index] = view.getFloat64(0);
  }
  return values;
}
