import { SeededRandom } from '../../../test/fixtures/blocks/seeded-random.js';
import { CorruptBlockError } from '../errors.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { readColumn, writeColumn, type ColumnHints } from './column-codec.js';

const CONTEXT = { monitorId: 'm', tier: 0, start: 0 };

function encode(values: Float64Array, hints?: ColumnHints): Uint8Array {
  const writer = new ByteWriter();
  writeColumn(writer, values, hints);
  return writer.toBytes();
}

function decode(bytes: Uint8Array, count: number, sources: readonly Float64Array[] = []): Float64Array {
  return readColumn(new ByteReader(bytes, CONTEXT), count, (column) => sources[column]!);
}

/** Bits, because −0 is not 0 and NaN is not itself. */
const bitsOf = (values: Float64Array): string => new Uint8Array(values.slice().buffer).join();

function expectRoundTrip(values: Float64Array, hints?: ColumnHints): Uint8Array {
  const bytes = encode(values, hints);
  const sources = hints?.derivation?.values ?? [];
  expect(bitsOf(decode(bytes, values.length, sources))).toBe(bitsOf(values));
  return bytes;
}

const AWKWARD = [
  0, -0, 1, -1, 0.1, 0.2, 0.1 + 0.2, 1 / 3, Number.MIN_VALUE, -Number.MIN_VALUE, 2.2250738585072014e-308,
  Number.MAX_VALUE, -Number.MAX_VALUE, Number.EPSILON, 2 ** 31, 2 ** 32, 2 ** 50, 2 ** 51, 2 ** 52, 2 ** 53 - 1,
  2 ** 53, 2 ** 53 + 2, 2 ** 60, 2 ** 64, 1e15 + 0.3, 123456789.12345679, 99.99, 1e-7, 1e-9, 1e-10, 1e21, NaN,
  Infinity, -Infinity,
]; // prettier-ignore

const SHAPES: Readonly<Record<string, (random: SeededRandom, length: number) => Float64Array>> = {
  constant: (random, length) => new Float64Array(length).fill(random.pick(AWKWARD)),
  awkward: (random, length) => Float64Array.from({ length }, () => random.pick(AWKWARD)),
  'awkward steps': (random, length) => {
    const base = random.pick(AWKWARD);
    return Float64Array.from({ length }, () => base + random.below(5));
  },
  'any bits': (random, length) =>
    new Float64Array(Uint32Array.from({ length: 2 * length }, () => random.below(2 ** 32)).buffer),
  percent: (random, length) => Float64Array.from({ length }, () => random.below(10_001) / 100),
  'few doubles': (random, length) => Float64Array.from({ length }, () => Math.sqrt(1 + random.below(6))),
  'single floats': (random, length) => Float64Array.from({ length }, () => Math.fround(random.normal(50, 3))),
  pages: (random, length) => Float64Array.from({ length }, () => 4096 * random.below(2 ** 30)),
  'huge counter': (random, length) => {
    let value = 2 ** 63;
    return Float64Array.from({ length }, () => (value += 4096 * random.below(1_000)));
  },
  'counter that wraps': (random, length) => {
    let value = 2 ** 32 - 500;
    return Float64Array.from({ length }, () => (value = (value + random.below(100)) % 2 ** 32));
  },
  'wide swings': (random, length) =>
    Float64Array.from({ length }, () => Math.round((random.next() - 0.5) * 2 ** random.below(54))),
  ramp: (_, length) => Float64Array.from({ length }, (_, index) => 7 + 3 * index),
};

describe('column codec', () => {
  it.each(Object.keys(SHAPES))('gives back %s bit for bit', (shape) => {
    for (let seed = 0; seed < 30; seed++) {
      const random = new SeededRandom(seed);
      const values = SHAPES[shape]!(random, seed < 8 ? seed + 1 : 1 + random.below(700));
      expectRoundTrip(values);
      expectRoundTrip(values, { grid: { span: 100, parts: 1 + random.below(2_000) } });
    }
  });

  it('says the same of the same values', () => {
    const values = SHAPES['percent']!(new SeededRandom(3), 400);
    expect(encode(values)).toEqual(encode(values.slice()));
  });

  it('follows the change of a column that was still for longer than it tries', () => {
    expectRoundTrip(Float64Array.from({ length: 2_000 }, (_, index) => (index < 1_500 ? 5 : index * index)));
  });

  it('keeps a constant, a ramp and a beat in a few bytes', () => {
    expect(encode(new Float64Array(5_000).fill(16_386_523_136)).length).toBeLessThanOrEqual(7);
    expect(encode(SHAPES['ramp']!(new SeededRandom(0), 5_000)).length).toBeLessThanOrEqual(8);
  });

  it('keeps a share of whole ticks in about the ticks that it is', () => {
    const random = new SeededRandom(9);
    // The clock gives 999, 1,000 or 1,001 ticks in 10 s.
    const shares = Float64Array.from({ length: 360 }, () => {
      const ticks = 999 + random.below(3);
      return Math.round((random.below(64) / ticks) * 10_000) / 100;
    });
    const onGrid = expectRoundTrip(shares, { grid: { span: 100, parts: 1_000 } });
    expect(onGrid.length).toBeLessThan(0.8 * encode(shares).length);
  });

  describe('derived', () => {
    const random = new SeededRandom(4);
    const total = new Float64Array(300).fill(16_386_523_136);
    const used = Float64Array.from({ length: 300 }, () => 4096 * (1_000_000 + random.below(100_000)));
    const percent = used.map((value, index) => Math.round((value / total[index]!) * 10_000) / 100);
    const available = used.map((value, index) => total[index]! - value);

    it('costs next to nothing where the formula is right', () => {
      const difference = {
        formula: { kind: 'sum', weights: [1, -1] },
        sources: [0, 1],
        values: [total, used],
      } as const;
      expect(expectRoundTrip(available, { derivation: difference }).length).toBeLessThan(12);
      const share = { formula: { kind: 'percent' }, sources: [0, 1], values: [used, total] } as const;
      expect(expectRoundTrip(percent, { derivation: share }).length).toBeLessThan(12);
    });

    it('keeps every value where the formula is now and then wrong, or always', () => {
      const oddly = available.map((value, index) => (index % 37 === 0 ? value + 12_345 : value));
      const derivation = {
        formula: { kind: 'sum', weights: [1, -1] },
        sources: [0, 1],
        values: [total, used],
      } as const;
      expect(expectRoundTrip(oddly, { derivation }).length).toBeLessThan(120);
      expectRoundTrip(SHAPES['wide swings']!(random, 300), { derivation });
      expectRoundTrip(SHAPES['awkward']!(random, 300), { derivation });
    });

    it('keeps every value where the sources are no numbers to reckon with', () => {
      const values = [SHAPES['awkward']!(random, 300), SHAPES['awkward']!(random, 300)];
      for (const kind of ['percent', 'share', 'product', 'mean', 'meanGrowth'] as const) {
        expectRoundTrip(available, { derivation: { formula: { kind }, sources: [0, 1], values } });
      }
    });
  });

  it('takes other bytes for what they are, or for other values, and never fails otherwise', () => {
    for (let seed = 0; seed < 100; seed++) {
      const random = new SeededRandom(seed);
      const shape = random.pick(Object.values(SHAPES));
      const bytes = encode(shape(random, 50), { grid: { span: 100, parts: 1_000 } });
      for (let round = 0; round < 20; round++) {
        const other = bytes.slice(0, 1 + random.below(bytes.length));
        other[random.below(Math.min(other.length, 12))] = random.below(256);
        try {
          expect(readColumn(new ByteReader(other, CONTEXT), 50, () => new Float64Array(50)).length).toBe(50);
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptBlockError);
        }
      }
    }
  });
});
