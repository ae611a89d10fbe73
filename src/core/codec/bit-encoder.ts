import { chanceOfOne, learnBit, type BitModel } from './bit-model.js';

/** Below this the range is widened by a byte: 23 bits stay, so that no chance of 1/4096 is rounded to 0. */
const NARROW = 2 ** 23;
/** The range stays within 31 bits, which JavaScript engines keep as a plain machine integer. */
const WIDEST = 2 ** 31 - 1;

/**
 * Writes bits at the price of their surprise: an arithmetic coder (G. N. N. Martin 1979, in the byte-wise
 * form of LZMA). The message is a number within [low, low + range); each bit takes its share of the range.
 */
export class BitEncoder {
  private bytes = new Uint8Array(256);
  private length = 0;
  /** 32 bits, kept as a signed integer. */
  private low = 0;
  private range = WIDEST;

  /** Codes `bit` (0 or 1) by what `model[context]` expects, and teaches it. */
  encode(model: BitModel, context: number, bit: number): void {
    const slot = model[context]!;
    const share = Math.imul(this.range >>> 12, chanceOfOne(slot));
    if (bit !== 0) this.range = share;
    else {
      this.raiseLow(share);
      this.range -= share;
    }
    model[context] = learnBit(slot, bit);
    while (this.range < NARROW) this.widen();
  }

  /** Codes the lower `width` bits of `value` as they are. @param width at most 32 */
  encodeRaw(value: number, width: number): void {
    let left = width;
    while (left > 0) {
      const step = left < 12 ? left : 12;
      left -= step;
      const part = (value >>> left) & ((1 << step) - 1);
      this.range >>>= step;
      this.raiseLow(Math.imul(part, this.range));
      while (this.range < NARROW) this.widen();
    }
  }

  /** Ends the message. Zeros at its end are not written: the decoder reads zeros past the end. */
  finish(): Uint8Array {
    // Of all numbers in the range, the one with the most zeros at its end.
    for (let zeros = 31; zeros >= 0; zeros--) {
      const unit = 2 ** zeros;
      const step = Math.ceil((this.low >>> 0) / unit) * unit - (this.low >>> 0);
      if (step >= this.range) continue;
      this.raiseLow(step);
      break;
    }
    for (let byte = 0; byte < 4; byte++) this.widen();
    while (this.length > 0 && this.bytes[this.length - 1] === 0) this.length--;
    return this.bytes.subarray(0, this.length);
  }

  /** @param by less than 2^31 */
  private raiseLow(by: number): void {
    this.low = (this.low + by) | 0;
    if (this.low >>> 0 < by) this.carry();
  }

  private carry(): void {
    let at = this.length - 1;
    while (this.bytes[at] === 0xff) this.bytes[at--] = 0;
    this.bytes[at]!++;
  }

  private widen(): void {
    if (this.length === this.bytes.length) {
      const grown = new Uint8Array(2 * this.bytes.length);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes[this.length++] = this.low >>> 24;
    this.low <<= 8;
    this.range <<= 8;
  }
}
