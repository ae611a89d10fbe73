import { bitWidth, MAX_WIDTH, type IntegerPlan } from './integer-model.js';
import { Predictor, WINDOWS } from './predictor.js';

/** Ways worth trying, by [order, position in WINDOWS]; measured on recordings, see bench/codec.ts. */
const CANDIDATES = [
  [0, 0],
  [0, 2],
  [0, 4],
  [0, 6],
  [1, 1],
  [1, 3],
  [1, 6],
] as const;

/** This many values tell which way is best. */
const TRIAL_LENGTH = 512;

export interface PricedPlan extends IntegerPlan {
  /** About what the run will cost, header included. */
  readonly bits: number;
}

/**
 * The cheapest way to code `values`, integers within ±2^50 of which the first is 0.
 * @param maxOrder 0 where growth tells nothing
 */
export function planIntegers(values: Float64Array, maxOrder: 0 | 1 = 1): PricedPlan {
  const slope = values.length > 1 ? values[1]! : 0;
  let best: PricedPlan | undefined;
  for (const [order, window] of CANDIDATES) {
    if (order > maxOrder) break;
    const widths = new Uint32Array(MAX_WIDTH + 1);
    countWidths(widths, values, Math.min(values.length, TRIAL_LENGTH), order, window, slope);
    const bits = price(widths) * Math.max(1, values.length / TRIAL_LENGTH) + (order === 1 ? 32 : 16);
    if (best !== undefined && best.bits <= bits) continue;
    best = { order, window, slope: order * slope, ...boundWidths(widths), bits };
    // Nothing is cheaper than always right.
    if (best.widthBits === 0 && best.minWidth === 0) break;
  }
  if (values.length <= TRIAL_LENGTH) return best!;
  const widths = new Uint32Array(MAX_WIDTH + 1);
  countWidths(widths, values, values.length, best!.order, best!.window, slope);
  return { ...best!, ...boundWidths(widths) };
}

function countWidths(
  widths: Uint32Array,
  values: Float64Array,
  length: number,
  order: 0 | 1,
  window: number,
  slope: number,
): void {
  const predictor = new Predictor(order, WINDOWS[window]!, order * slope);
  for (let index = 1 + order; index < length; index++) {
    const value = values[index]!;
    widths[bitWidth(Math.abs(value - predictor.predict()))]!++;
    predictor.see(value);
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
