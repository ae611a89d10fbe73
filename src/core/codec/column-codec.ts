import { BitDecoder } from './bit-decoder.js';
import { BitEncoder } from './bit-encoder.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import { decodeDoubles, encodeDoubles } from './double-stream.js';
import { applyFormula, readFormula, sourceCountOf, writeFormula, type Formula } from './formula.js';
import { planGrid, readGrid, writeGrid, type Grid } from './grid-stream.js';
import { IntegerModel, readPlan, writePlan } from './integer-model.js';
import { planIntegers, type PricedPlan } from './plan-integers.js';
import {
  makeScaled,
  MAX_DECIMALS,
  powerOfTen,
  scaleToIntegers,
  type ScaledIntegers,
} from './scaled-integers.js';
import { buildTable, readTable, writeTable } from './table-stream.js';

/** The lower four bits of a column's first byte; the upper four are decimals. See docs/block-format.md. */
const KIND = { constant: 0, integers: 1, spaced: 2, grid: 3, oneDouble: 4, doubles: 5, table: 6, derived: 7 };

/** How a column may follow from others that the reader can read without it. */
export interface Derivation {
  readonly formula: Formula;
  /** Positions in the block of the columns that the formula takes, in its order. */
  readonly sources: readonly number[];
  /** Their values, one for each value of the column. */
  readonly values: readonly Float64Array[];
}

export interface ColumnHints {
  /** The values may be shares of a whole number of parts. */
  readonly grid?: Grid | undefined;
  readonly derivation?: Derivation | undefined;
}

/** Gives the values of another column of the block, one for each value of the column that asks. */
export type SourceReader = (column: number) => Float64Array;

/** A formula must save this much: it costs a reader the sources. */
const DERIVATION_PRICE_BITS = 64;
/** What a formula gets wrong costs a value less than this, or other ways are looked at too. */
const GOOD_BITS_PER_VALUE = 1;

/** Appends a column of at least one value. Whatever doubles they are, they come back bit for bit. */
export function writeColumn(writer: ByteWriter, values: Float64Array, hints: ColumnHints = {}): void {
  const scaled = scaleToIntegers(values);
  if (!scaled) writeDoubles(writer, values);
  else if (isZero(scaled.steps)) writeConstant(writer, scaled);
  else writeVarying(writer, scaled, hints);
}

function isZero(steps: Float64Array): boolean {
  for (let index = 0; index < steps.length; index++) if (steps[index] !== 0) return false;
  return true;
}

function writeConstant(writer: ByteWriter, { decimals, base }: ScaledIntegers): void {
  writer.writeByte((decimals << 4) | KIND.constant);
  writer.writeInteger(base);
}

function writeVarying(writer: ByteWriter, scaled: ScaledIntegers, { grid, derivation }: ColumnHints): void {
  const rest = derivation && subtractExpected(scaled, derivation);
  const restPlan = rest && planIntegers(rest.steps);
  const derivedBits = restPlan ? restPlan.bits + DERIVATION_PRICE_BITS : Infinity;
  const isGood = derivedBits < DERIVATION_PRICE_BITS + GOOD_BITS_PER_VALUE * scaled.steps.length;
  const plan = isGood ? undefined : planIntegers(scaled.steps);
  const gridPlan = isGood ? undefined : grid && planGrid(scaled, grid);
  const plainBits = Math.min(plan?.bits ?? Infinity, gridPlan?.bits ?? Infinity);
  if (rest && restPlan && derivedBits < plainBits) {
    writer.writeByte((scaled.decimals << 4) | KIND.derived);
    writeFormula(writer, derivation.formula);
    for (const source of derivation.sources) writer.writeVarint(source);
    if (isZero(rest.steps)) writeConstant(writer, rest);
    else writeIntegers(writer, rest, restPlan);
  } else if (gridPlan && gridPlan.bits === plainBits) {
    writer.writeByte((scaled.decimals << 4) | KIND.grid);
    writeGrid(writer, gridPlan);
  } else writeIntegers(writer, scaled, plan!);
}

/** What the formula gets wrong, as integers in the column's own scale. */
function subtractExpected(scaled: ScaledIntegers, derivation: Derivation): ScaledIntegers | undefined {
  const { decimals, base, unit, steps } = scaled;
  const scale = powerOfTen(decimals);
  const rest = applyFormula(derivation.formula, derivation.values, scale, steps.length);
  for (let index = 0; index < rest.length; index++) rest[index] = base + steps[index]! * unit - rest[index]!;
  return makeScaled(0, rest);
}

function writeIntegers(writer: ByteWriter, scaled: ScaledIntegers, plan: PricedPlan): void {
  const { decimals, base, unit, steps } = scaled;
  writer.writeByte((decimals << 4) | (unit === 1 ? KIND.integers : KIND.spaced));
  writer.writeInteger(base);
  if (unit !== 1) writer.writeInteger(unit);
  writePlan(writer, plan);
  const model = new IntegerModel(plan);
  const bits = new BitEncoder();
  for (let index = 1 + plan.order; index < steps.length; index++) model.encode(bits, steps[index]!);
  writer.writeBytes(bits.finish());
}

function writeDoubles(writer: ByteWriter, values: Float64Array): void {
  if (values.every((value) => Object.is(value, values[0])) && !Number.isNaN(values[0])) {
    writer.writeByte(KIND.oneDouble);
    writer.writeFloat64(values[0]!);
    return;
  }
  const table = buildTable(values);
  const differences = encodeDoubles(values);
  if (table && table.bits < 8 * differences.length) {
    writer.writeByte(KIND.table);
    writeTable(writer, table);
    return;
  }
  writer.writeByte(KIND.doubles);
  writer.writeBytes(differences);
}

/**
 * Reads what `writeColumn` wrote, to the reader's end.
 * @param count how many values it has, at least one
 * @throws CorruptBlockError where the bytes are none of ours
 */
export function readColumn(reader: ByteReader, count: number, readSource: SourceReader): Float64Array {
  const head = reader.readByte();
  const decimals = head >> 4;
  if (decimals > MAX_DECIMALS) reader.fail(`${decimals} decimals`);
  if ((head & 15) !== KIND.derived) return readPlain(reader, head & 15, decimals, count);
  const formula = readFormula(reader);
  const sources = Array.from({ length: sourceCountOf(formula) }, () => readSource(reader.readVarint()));
  const values = applyFormula(formula, sources, powerOfTen(decimals), count);
  const rest = readPlain(reader, reader.readByte(), 0, count);
  for (let index = 0; index < count; index++) values[index] = values[index]! + rest[index]!;
  return divide(values, decimals);
}

/** A column that follows from no other. */
function readPlain(reader: ByteReader, kind: number, decimals: number, count: number): Float64Array {
  switch (kind) {
    case KIND.constant:
      return new Float64Array(count).fill(reader.readInteger() / powerOfTen(decimals));
    case KIND.integers:
      return readIntegers(reader, decimals, reader.readInteger(), 1, count);
    case KIND.spaced:
      return readIntegers(reader, decimals, reader.readInteger(), reader.readInteger(), count);
    case KIND.grid:
      return divide(readGrid(reader, decimals, count), decimals);
    case KIND.oneDouble:
      return new Float64Array(count).fill(reader.readFloat64());
    case KIND.doubles:
      return decodeDoubles(new BitDecoder(reader), count);
    case KIND.table:
      return readTable(reader, count);
    default:
      return reader.fail(`no column is of kind ${kind}`);
  }
}

function readIntegers(
  reader: ByteReader,
  decimals: number,
  base: number,
  unit: number,
  count: number,
): Float64Array {
  const plan = readPlan(reader);
  const power = powerOfTen(decimals);
  const model = new IntegerModel(plan);
  const bits = new BitDecoder(reader);
  const values = new Float64Array(count);
  values[0] = base / power;
  if (plan.order === 1 && count > 1) values[1] = (base + plan.slope * unit) / power;
  for (let index = 1 + plan.order; index < count; index++) {
    values[index] = (base + model.decode(bits) * unit) / power;
  }
  return values;
}

function divide(values: Float64Array, decimals: number): Float64Array {
  const power = powerOfTen(decimals);
  if (power === 1) return values;
  for (let index = 0; index < values.length; index++) values[index] = values[index]! / power;
  return values;
}
