import { SeededRandom } from '../../../test/fixtures/blocks/seeded-random.js';
import { BitDecoder } from './bit-decoder.js';
import { BitEncoder } from './bit-encoder.js';
import { makeBitModel } from './bit-model.js';
import { ByteReader } from './byte-reader.js';

const CONTEXT = { monitorId: 'm', tier: 0, start: 0 };

/** One message of adaptive bits, with raw bits of any width between them. */
function codeBoth(seed: number, chanceOfOne: number, length: number): { bytes: Uint8Array; isSame: boolean } {
  const random = new SeededRandom(seed);
  const plan = Array.from({ length }, () => ({
    bit: random.next() < chanceOfOne ? 1 : 0,
    width: random.next() < 0.1 ? random.below(33) : 0,
    raw: random.pick([0, 0xffffffff, random.below(2 ** 32)]),
  }));
  const encoder = new BitEncoder();
  const encoderModel = makeBitModel(2);
  plan.forEach(({ bit, width, raw }, index) => {
    encoder.encode(encoderModel, index & 1, bit);
    encoder.encodeRaw(raw, width);
  });
  const bytes = encoder.finish().slice();
  const decoder = new BitDecoder(new ByteReader(bytes, CONTEXT));
  const decoderModel = makeBitModel(2);
  const isSame = plan.every(({ bit, width, raw }, index) => {
    const mask = 2 ** width - 1;
    return (
      decoder.decode(decoderModel, index & 1) === bit &&
      decoder.decodeRaw(width) === (width === 32 ? raw : (raw & mask) >>> 0)
    );
  });
  return { bytes, isSame };
}

describe('bit coder', () => {
  it('gives back any bits, likely and unlikely, with raw bits between them', () => {
    for (let seed = 0; seed < 100; seed++) {
      expect(codeBoth(seed, [0, 0.001, 0.1, 0.5, 0.93, 1][seed % 6]!, 1 + seed * 7).isSame).toBe(true);
    }
  });

  it('carries into bytes that are written already', () => {
    // Only ones keep low still; a late zero raises it by almost the whole range.
    for (let ones = 0; ones < 150; ones++) {
      const encoder = new BitEncoder();
      const model = makeBitModel(1);
      const bits = [...Array.from({ length: ones }, () => 0), 1, 0, 0, 1, 0];
      for (const bit of bits) encoder.encode(model, 0, bit);
      encoder.encodeRaw(0xffffffff, 32);
      const decoder = new BitDecoder(new ByteReader(encoder.finish(), CONTEXT));
      const again = makeBitModel(1);
      expect(bits.map(() => decoder.decode(again, 0))).toEqual(bits);
      expect(decoder.decodeRaw(32)).toBe(0xffffffff);
    }
  });

  it('spends on bits what they tell: next to nothing on what is nearly always so', () => {
    const encoder = new BitEncoder();
    const model = makeBitModel(1);
    for (let index = 0; index < 8_000; index++) encoder.encode(model, 0, index % 1_000 === 999 ? 1 : 0);
    expect(encoder.finish().length).toBeLessThan(30);
  });

  it('spends no byte on nothing', () => {
    expect(new BitEncoder().finish().length).toBe(0);
  });

  it('reads any bytes without failing', () => {
    const random = new SeededRandom(5);
    for (let round = 0; round < 100; round++) {
      const bytes = Uint8Array.from({ length: random.below(20) }, () => random.below(256));
      const decoder = new BitDecoder(new ByteReader(bytes, CONTEXT));
      const model = makeBitModel(4);
      for (let index = 0; index < 500; index++) {
        expect([0, 1]).toContain(decoder.decode(model, index & 3));
        expect(decoder.decodeRaw(index % 33)).toBeGreaterThanOrEqual(0);
      }
    }
  });
});
