import { BitDecoder } from './bit-decoder.js';
import { BitEncoder } from './bit-encoder.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import { bitWidth, IntegerModel, readPlan, writePlan } from './integer-model.js';
import { planIntegers, type PricedPlan } from './plan-integers.js';
import { MAX_STEP, powerOfTen, type ScaledIntegers } from './scaled-integers.js';

/**
 * Values that lie on or near the multiples of span ÷ parts. A share of 1,000 clock ticks in percent lies near
 * a multiple of 100 ÷ 1,000 (near: the clock gave 999 or 1,001 that time); reports come every 10,000 ms.
 */
export interface Grid {
  readonly span: number;
  readonly parts: number;
}

export interface GridPlan {
  readonly decimals: number;
  readonly grid: Grid;
  readonly base: number;
  /** Which multiple each value is nearest to, less `base`, the first's. */
  readonly multiples: Float64Array;
  /** How far it is from that, with a 0 before the first. */
  readonly rests: Float64Array;
  readonly multiplePlan: PricedPlan;
  readonly restPlan: PricedPlan;
  readonly bits: number;
}

/** A rest depends on how large the multiple is: shares of a few ticks are hardly off. */
const REST_CONTEXTS = 4;

function restContext(multiple: number): number {
  return Math.min(REST_CONTEXTS - 1, Math.max(0, bitWidth(Math.abs(multiple)) - 3));
}

/** @returns undefined where the grid is as fine as the values themselves, or they are too far from 0 */
export function planGrid({ decimals, base, unit, steps }: ScaledIntegers, grid: Grid): GridPlan | undefined {
  const spacing = (grid.span * powerOfTen(decimals)) / grid.parts;
  if (!(spacing > 1.2) || unit !== 1 || Math.abs(base) > MAX_STEP) return undefined;
  const multiples = new Float64Array(steps.length);
  const rests = new Float64Array(steps.length + 1);
  const first = Math.round(base / spacing);
  for (let index = 0; index < steps.length; index++) {
    const value = base + steps[index]!;
    const multiple = Math.round(value / spacing);
    multiples[index] = multiple - first;
    rests[index + 1] = value - Math.round(multiple * spacing);
  }
  const multiplePlan = planIntegers(multiples);
  const restPlan = planIntegers(rests, 0);
  const bits = multiplePlan.bits + restPlan.bits + 24;
  return { decimals, grid, base: first, multiples, rests, multiplePlan, restPlan, bits };
}

export function writeGrid(writer: ByteWriter, plan: GridPlan): void {
  const { grid, base, multiples, rests, multiplePlan, restPlan } = plan;
  writer.writeVarint(grid.span);
  writer.writeVarint(grid.parts);
  writer.writeInteger(base);
  writePlan(writer, multiplePlan);
  writePlan(writer, restPlan);
  const bits = new BitEncoder();
  const multipleModel = new IntegerModel(multiplePlan);
  const restModel = new IntegerModel(restPlan, REST_CONTEXTS);
  for (let index = 0; index < multiples.length; index++) {
    if (index > multiplePlan.order) multipleModel.encode(bits, multiples[index]!);
    restModel.encode(bits, rests[index + 1]!, restContext(base + multiples[index]!));
  }
  writer.writeBytes(bits.finish());
}

/** @returns the values times 10^decimals */
export function readGrid(reader: ByteReader, decimals: number, count: number): Float64Array {
  const spacing = (reader.readVarint() * powerOfTen(decimals)) / reader.readVarint();
  const base = reader.readInteger();
  const multiplePlan = readPlan(reader);
  const multipleModel = new IntegerModel(multiplePlan);
  const restModel = new IntegerModel(readPlan(reader), REST_CONTEXTS);
  const bits = new BitDecoder(reader);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    let multiple = base;
    if (index > multiplePlan.order) multiple += multipleModel.decode(bits);
    else if (index === 1) multiple += multiplePlan.slope;
    values[index] = Math.round(multiple * spacing) + restModel.decode(bits, restContext(multiple));
  }
  return values;
}
