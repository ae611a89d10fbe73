import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';

/**
 * How a column may follow from others of the same block. A block stores the formula and what it gets wrong,
 * usually nothing.
 */
export type Formula =
  /** Σ weight × source: available = total − used. */
  | { readonly kind: 'sum'; readonly weights: readonly number[] }
  /** 100 × first ÷ second. */
  | { readonly kind: 'percent' }
  /** 100 × first ÷ (first + second): how full a disk is, as `df` shows it. */
  | { readonly kind: 'share' };

/** Numbers of the kinds in stored bytes: never changed, only added to. */
const FORMULA_KINDS = ['sum', 'percent', 'share'] as const;

/** Sources of a sum; more would cost a reader of the column more than they save. */
export const MAX_SOURCES = 64;

/**
 * What the formula gives, times `scale`, rounded to integers.
 * @param sources as many as the formula takes, all of the same length
 */
export function applyFormula(
  formula: Formula,
  sources: readonly Float64Array[],
  scale: number,
  length: number,
): Float64Array {
  const expected = new Float64Array(length);
  if (formula.kind === 'sum') {
    sources.forEach((source, position) => {
      const weight = formula.weights[position]!;
      for (let index = 0; index < length; index++) expected[index]! += weight * source[index]!;
    });
    for (let index = 0; index < length; index++) expected[index] = Math.round(expected[index]! * scale);
    return expected;
  }
  const [part, other] = sources as [Float64Array, Float64Array];
  const isShare = formula.kind === 'share';
  for (let index = 0; index < length; index++) {
    const whole = isShare ? part[index]! + other[index]! : other[index]!;
    // Nothing of nothing is 0 %.
    expected[index] = whole === 0 ? 0 : Math.round((part[index]! / whole) * 100 * scale);
  }
  return expected;
}

/** How many sources a formula takes. */
export function sourceCountOf(formula: Formula): number {
  return formula.kind === 'sum' ? formula.weights.length : 2;
}

export function writeFormula(writer: ByteWriter, formula: Formula): void {
  writer.writeByte(FORMULA_KINDS.indexOf(formula.kind));
  if (formula.kind !== 'sum') return;
  writer.writeVarint(formula.weights.length);
  for (const weight of formula.weights) writer.writeInteger(weight);
}

export function readFormula(reader: ByteReader): Formula {
  const kind = FORMULA_KINDS[reader.readByte()];
  if (kind === undefined) return reader.fail('this formula is not known');
  if (kind !== 'sum') return { kind };
  const count = reader.readCount(MAX_SOURCES, 'sources');
  return { kind, weights: Array.from({ length: count }, () => reader.readInteger()) };
}
