import { BitDecoder } from './bit-decoder.js';
import { BitEncoder } from './bit-encoder.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import { IntegerModel, readPlan, writePlan } from './integer-model.js';
import { planIntegers, type PricedPlan } from './plan-integers.js';

/** Few different doubles, and which of them stands where. */
export interface DoubleTable {
  /** Ascending, so that near values have near positions. */
  readonly entries: Float64Array;
  /** A 0, then the position of each value. */
  readonly positions: Float64Array;
  readonly plan: PricedPlan;
  /** About what it will cost. */
  readonly bits: number;
}

const MAX_ENTRIES = 256;

/** @returns undefined where too many differ, or two that are not the same compare as equal */
export function buildTable(values: Float64Array): DoubleTable | undefined {
  const positionByValue = new Map<number, number>();
  for (const value of values) {
    // To a map −0 is 0 and every NaN is the same.
    if (Object.is(value, -0) || Number.isNaN(value)) return undefined;
    positionByValue.set(value, 0);
    if (positionByValue.size > MAX_ENTRIES || 4 * positionByValue.size > values.length) return undefined;
  }
  const entries = Float64Array.from(positionByValue.keys()).sort();
  entries.forEach((value, position) => positionByValue.set(value, position));
  const positions = new Float64Array(values.length + 1);
  values.forEach((value, index) => (positions[index + 1] = positionByValue.get(value)!));
  const plan = planIntegers(positions);
  return { entries, positions, plan, bits: plan.bits + 64 * entries.length };
}

export function writeTable(writer: ByteWriter, { entries, positions, plan }: DoubleTable): void {
  writer.writeVarint(entries.length);
  for (const entry of entries) writer.writeFloat64(entry);
  writePlan(writer, plan);
  const model = new IntegerModel(plan);
  const bits = new BitEncoder();
  for (let index = 1 + plan.order; index < positions.length; index++) model.encode(bits, positions[index]!);
  writer.writeBytes(bits.finish());
}

export function readTable(reader: ByteReader, count: number): Float64Array {
  const entries = new Float64Array(reader.readCount(MAX_ENTRIES, 'different values'));
  for (let index = 0; index < entries.length; index++) entries[index] = reader.readFloat64();
  const plan = readPlan(reader);
  const model = new IntegerModel(plan);
  const bits = new BitDecoder(reader);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const position = index < plan.order ? plan.slope : model.decode(bits);
    values[index] = entries[position] ?? reader.fail('a position lies outside the table');
  }
  return values;
}
