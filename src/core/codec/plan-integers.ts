import { bitWidth, MAX_WIDTH, type IntegerPlan } from './integer-model.js';
import { Predictor, WINDOWS } from './predictor.js';

type Way = readonly [order: 0 | 1, window: number];

/**
 * Ways worth trying, by order and position in WINDOWS: one of each sort, and what else to try when it is the
 * best of them. Measured on recordings, see bench/codec.ts.
 */
const SORTS: readonly { readonly scout: Way; readonly others: readonly Way[] }[] = [
  { scout: [0, 0], others: [[1, 6]] },
  {
    scout: [0, 4],
    others: [
      [0, 2],
      [0, 6],
    ],
  },
  {
    scout: [1, 3],
    others: [
      [1, 1],
      [1, 6],
    ],
  },
];

/** This many values tell which way is best. */
const TRIAL_LENGTH = 128;

export interface PricedPlan extends IntegerPlan {
  /** About what the run will cost, header included. */
  readonly bits: number;
}

/**
 * The cheapest way to code `values`, integers within ±2^50 of which the first is 0.
 * @param maxOrder 0 where growth tells nothing
 */
export function planIntegers(values: Float64Array, maxOrder: 0 | 1 = 1): PricedPlan {
  let best = tryWay(values, SORTS[0]!.scout);
  if (!isAlwaysRight(best)) {
    let sort = SORTS[0]!;
    for (const other of SORTS.slice(1)) {
      if (other.scout[0] > maxOrder) break;
      const plan = tryWay(values, other.scout);
      if (plan.bits < best.bits) [best, sort] = [plan, other];
    }
    for (const way of sort.others) {
      if (way[0] > maxOrder) break;
      const plan = tryWay(values, way);
      if (plan.bits < best.bits) best = plan;
    }
  }
  if (values.length <= TRIAL_LENGTH) return best;
  return { ...best, ...boundWidths(countWidths(values, values.length, [best.order, best.window])) };
}

/** Whether the plan's way predicts every value, so that nothing is left to code. */
export function isAlwaysRight({ minWidth, widthBits }: IntegerPlan): boolean {
  return minWidth === 0 && widthBits === 0;
}

function tryWay(values: Float64Array, way: Way): PricedPlan {
  const [order, window] = way;
  const widths = countWidths(values, Math.min(values.length, TRIAL_LENGTH), way);
  const bits = price(widths) * Math.max(1, values.length / TRIAL_LENGTH) + (order === 1 ? 32 : 16);
  return { order, window, slope: order === 1 ? (values[1] ?? 0) : 0, ...boundWidths(widths), bits };
}

/** One at a time is counted, and read before the next: an array of its own each time would cost as much as the counting. */
const counted = new Uint32Array(MAX_WIDTH + 1);

/** How many errors have each width among the first `length` values. Stands until the next call. */
function countWidths(values: Float64Array, length: number, [order, window]: Way): Uint32Array {
  counted.fill(0);
  if (order === 0 && WINDOWS[window] === 1) countGrowths(values, length);
  else countErrors(values, length, order, WINDOWS[window]!);
  return counted;
}

function countErrors(values: Float64Array, length: number, order: 0 | 1, memory: number): void {
  const predictor = new Predictor(order, memory, order === 1 ? (values[1] ?? 0) : 0);
  for (let index = 1 + order; index < length; index++) {
    const value = values[index]!;
    counted[bitWidth(Math.abs(value - predictor.predict()))]!++;
    predictor.see(value);
  }
}

/** What is left of `countErrors` where only the last value is remembered. */
function countGrowths(values: Float64Array, length: number): void {
  let last = 0;
  for (let index = 1; index < length; index++) {
    const value = values[index]!;
    counted[bitWidth(Math.abs(value - last))]!++;
    last = value;
  }
}

/** Entropy of the widths, plus the bits that follow each. */
function price(widths: Uint32Array): number {
  let total = 0;
  let bits = 0;
  for (let width = 0; width < widths.length; width++) {
    const count = widths[width]!;
    if (count === 0) continue;
    total += count;
    bits += count * (width - Math.log2(count));
  }
  return total === 0 ? 0 : bits + total * Math.log2(total);
}

function boundWidths(widths: Uint32Array): Pick<IntegerPlan, 'minWidth' | 'widthBits'> {
  let minWidth = 0;
  while (minWidth < MAX_WIDTH && widths[minWidth] === 0) minWidth++;
  let maxWidth = MAX_WIDTH;
  while (maxWidth > 0 && widths[maxWidth] === 0) maxWidth--;
  if (maxWidth < minWidth) return { minWidth: 0, widthBits: 0 };
  return { minWidth, widthBits: bitWidth(maxWidth - minWidth) };
}
