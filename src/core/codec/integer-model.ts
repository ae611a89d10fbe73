import type { BitDecoder } from './bit-decoder.js';
import type { BitEncoder } from './bit-encoder.js';
import { makeBitModel, type BitModel } from './bit-model.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import { Predictor, WINDOWS } from './predictor.js';

/** How a run of integers is coded: what its header holds. */
export interface IntegerPlan {
  /** 0 predicts the value by the mean of those before it, 1 its growth by the mean growth. */
  readonly order: 0 | 1;
  /** Position in `WINDOWS`: how many values that mean remembers. */
  readonly window: number;
  /** order 1: the second value, so the first growth; else 0. */
  readonly slope: number;
  /** Fewest bits of an error's magnitude, and how many bits tell the number of bits above it. */
  readonly minWidth: number;
  readonly widthBits: number;
}

/** Magnitudes of errors: integers of at most this many bits. */
export const MAX_WIDTH = 53;
/** What lies below the highest bit of a magnitude of this width fits a 32-bit integer with its sign. */
const NARROW_WIDTH = 31;
/** 2^(width − 1), what the highest bit of a magnitude stands for; bytes that no encoder wrote can ask for 53 + 63. */
const HIGHEST_BIT = Float64Array.from({ length: 117 }, (_, width) => 2 ** (width - 1));

/** Bits of a magnitude: 0 for 0, 1 for 1, 2 for 2 and 3, … */
export function bitWidth(magnitude: number): number {
  return magnitude < 2 ** 32 ? 32 - Math.clz32(magnitude) : 64 - Math.clz32(Math.floor(magnitude / 2 ** 32));
}

export function writePlan(writer: ByteWriter, plan: IntegerPlan): void {
  writer.writeByte((plan.widthBits << 4) | (plan.window << 1) | plan.order);
  writer.writeByte(plan.minWidth);
  if (plan.order === 1) writer.writeInteger(plan.slope);
}

export function readPlan(reader: ByteReader): IntegerPlan {
  const head = reader.readByte();
  const order = (head & 1) as 0 | 1;
  const window = (head >> 1) & 7;
  const widthBits = head >> 4;
  const minWidth = reader.readByte();
  const slope = order === 1 ? reader.readInteger() : 0;
  if (window >= WINDOWS.length || widthBits > 6 || minWidth > MAX_WIDTH) {
    reader.fail('this is no way in which integers are coded');
  }
  return { order, window, slope, minWidth, widthBits };
}

/**
 * Codes integers by how far they are from what was expected: how many bits the error has by an adaptive
 * tree, its sign and two upper bits by adaptive bits, the rest as it is. The first value is 0 and, like the
 * second where the plan has it as `slope`, is not coded. Encoder and decoder walk the same steps: `encode` and `decode` stand side by side below.
 */
export class IntegerModel {
  private readonly predictor: Predictor;
  private readonly minWidth: number;
  private readonly widthBits: number;
  private readonly widths: BitModel;
  private readonly signs = makeBitModel(2);
  private readonly uppers: BitModel;
  private wasExact = 1;

  /** @param contexts how many different `context` values `encode` will be given */
  constructor(plan: IntegerPlan, contexts = 1) {
    this.predictor = new Predictor(plan.order, WINDOWS[plan.window]!, plan.slope);
    this.minWidth = plan.minWidth;
    this.widthBits = plan.widthBits;
    this.widths = makeBitModel((2 * contexts) << plan.widthBits);
    this.uppers = makeBitModel((plan.minWidth + (1 << plan.widthBits)) * 4);
  }

  /** @param context what the caller knows that the error may depend on: 0 to contexts − 1 */
  encode(bits: BitEncoder, value: number, context = 0): void {
    const error = value - this.predictor.predict();
    const magnitude = Math.abs(error);
    const width = bitWidth(magnitude);
    this.encodeWidth(bits, width - this.minWidth, context);
    if (width > 0) bits.encode(this.signs, width === 1 ? 0 : 1, error < 0 ? 1 : 0);
    if (width > 1) this.encodeLower(bits, magnitude - HIGHEST_BIT[width]!, width);
    this.wasExact = width === 0 ? 1 : 0;
    this.predictor.see(value);
  }

  decode(bits: BitDecoder, context = 0): number {
    const tree = (2 * context + this.wasExact) << this.widthBits;
    const width = this.minWidth + bits.decodeTree(this.widths, tree, this.widthBits);
    const isNegative = width > 0 && bits.decode(this.signs, width === 1 ? 0 : 1) === 1;
    const magnitude = width > 1 ? this.decodeLower(bits, width) + HIGHEST_BIT[width]! : width;
    this.wasExact = width === 0 ? 1 : 0;
    const value = this.predictor.predict() + (isNegative ? -magnitude : magnitude);
    this.predictor.see(value);
    return value;
  }

  private encodeWidth(bits: BitEncoder, above: number, context: number): void {
    const tree = (2 * context + this.wasExact) << this.widthBits;
    let node = 1;
    for (let level = this.widthBits - 1; level >= 0; level--) {
      const bit = (above >> level) & 1;
      bits.encode(this.widths, tree + node, bit);
      node = 2 * node + bit;
    }
  }

  /** The bits below the highest, which is 1. */
  private encodeLower(bits: BitEncoder, lower: number, width: number): void {
    if (width <= NARROW_WIDTH) {
      this.encodeNarrow(bits, lower, width);
      return;
    }
    let left = width - 1;
    const context = width * 4;
    const first = Math.floor(lower / 2 ** --left) & 1;
    bits.encode(this.uppers, context, first);
    if (left > 0) bits.encode(this.uppers, context + 1 + first, Math.floor(lower / 2 ** --left) & 1);
    if (left > 32) bits.encodeRaw(Math.floor(lower / 2 ** 32), left - 32);
    if (left > 0) bits.encodeRaw(lower, Math.min(left, 32));
  }

  /** The same in the arithmetic of 32 bits: nearly all errors are that small, and powers are dear. */
  private encodeNarrow(bits: BitEncoder, lower: number, width: number): void {
    let left = width - 2;
    const context = width * 4;
    const first = (lower >>> left) & 1;
    bits.encode(this.uppers, context, first);
    if (left === 0) return;
    left--;
    bits.encode(this.uppers, context + 1 + first, (lower >>> left) & 1);
    if (left > 0) bits.encodeRaw(lower, left);
  }

  private decodeLower(bits: BitDecoder, width: number): number {
    if (width <= NARROW_WIDTH) return this.decodeNarrow(bits, width);
    let left = width - 1;
    const context = width * 4;
    const first = bits.decode(this.uppers, context);
    let lower = first * 2 ** --left;
    if (left > 0) lower += bits.decode(this.uppers, context + 1 + first) * 2 ** --left;
    if (left > 32) lower += bits.decodeRaw(left - 32) * 2 ** 32;
    if (left > 0) lower += bits.decodeRaw(Math.min(left, 32));
    return lower;
  }

  private decodeNarrow(bits: BitDecoder, width: number): number {
    let left = width - 2;
    const context = width * 4;
    const first = bits.decode(this.uppers, context);
    let lower = first << left;
    if (left === 0) return lower;
    left--;
    lower |= bits.decode(this.uppers, context + 1 + first) << left;
    return left > 0 ? lower | bits.decodeRaw(left) : lower;
  }
}
