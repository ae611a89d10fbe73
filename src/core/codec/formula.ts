import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';

/**
 * How a column may follow from others of the same block. A block stores the formula and what it gets wrong,
 * usually nothing.
 */
export type Formula =
  /** Σ weight × source: available = total − used. */
  | { readonly kind: 'sum'; readonly weights: readonly number[] }
  /** The row before of its one source. */
  | { readonly kind: 'previous' }
  | { readonly kind: FormulaOfNumbers };

/** Formulas that look at one row: of two sources, a and b, or three. What has nothing to divide by is 0. */
const ROW_FORMULAS = {
  /** 100 × a ÷ b */
  percent: (a: number, b: number): number => (b === 0 ? 0 : (a / b) * 100),
  /** 100 × a ÷ (a + b): how full a disk is, as `df` shows it. */
  share: (a: number, b: number): number => (a + b === 0 ? 0 : (a / (a + b)) * 100),
  product: (a: number, b: number): number => a * b,
  /** a ÷ b: the mean of a sum and a count. */
  mean: (a: number, b: number): number => (b === 0 ? 0 : a / b),
  /** a ÷ (b − 1): the mean step of what b samples grew by. */
  meanGrowth: (a: number, b: number): number => (b === 1 ? 0 : a / (b - 1)),
  /** The percentage of two sums, as often as c counts. */
  percentSum: (a: number, b: number, c: number): number => (b === 0 ? 0 : (a / b) * 100 * c),
  shareSum: (a: number, b: number, c: number): number => (a + b === 0 ? 0 : (a / (a + b)) * 100 * c),
};
type FormulaOfNumbers = keyof typeof ROW_FORMULAS;

/** Numbers of the kinds in stored bytes: never changed, only added to. */
const FORMULA_KINDS = [
  'sum',
  'percent',
  'share',
  'product',
  'mean',
  'meanGrowth',
  'previous',
  'percentSum',
  'shareSum',
] as const satisfies readonly Formula['kind'][];

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
  const [a, b, c] = sources as [Float64Array, Float64Array, Float64Array?];
  if (formula.kind === 'sum') addWeighted(expected, formula.weights, sources);
  else if (formula.kind === 'previous') {
    for (let index = 1; index < length; index++) expected[index] = a[index - 1]!;
  } else {
    const evaluate = ROW_FORMULAS[formula.kind];
    for (let index = 0; index < length; index++) {
      expected[index] = evaluate(a[index]!, b[index]!, c ? c[index]! : 1);
    }
  }
  for (let index = 0; index < length; index++) expected[index] = Math.round(expected[index]! * scale);
  return expected;
}

/** Adds Σ weight × source to `target`, in the order of the sources. */
export function addWeighted(
  target: Float64Array,
  weights: readonly number[],
  sources: readonly Float64Array[],
): void {
  sources.forEach((source, position) => {
    const weight = weights[position]!;
    for (let index = 0; index < target.length; index++) target[index]! += weight * source[index]!;
  });
}

/** How many sources a formula takes. */
export function sourceCountOf(formula: Formula): number {
  if (formula.kind === 'sum') return formula.weights.length;
  return formula.kind === 'previous' ? 1 : ROW_FORMULAS[formula.kind].length;
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
