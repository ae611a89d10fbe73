/**
 * Values as what they mostly are: integers, or integers over a power of ten. value = (base + unit × step) ÷
 * 10^decimals, and every value comes back bit for bit: `scaleToIntegers` computes each one back and compares.
 */
export interface ScaledIntegers {
  /** 0 to MAX_DECIMALS. */
  readonly decimals: number;
  /** What the first value is, times 10^decimals. */
  readonly base: number;
  /** The greatest common divisor of all differences; 1 where there are none. */
  readonly unit: number;
  /** steps[i] counts units above base: integers within ±MAX_STEP, the first 0. */
  readonly steps: Float64Array;
}

export const MAX_DECIMALS = 9;
/** Differences of differences of such integers are exact still. */
export const MAX_STEP = 2 ** 50;
const POWERS = Float64Array.from({ length: MAX_DECIMALS + 1 }, (_, power) => 10 ** power);

export function powerOfTen(decimals: number): number {
  return POWERS[decimals]!;
}

/** @returns undefined where a value is no such integer: −0, NaN, too fine, or too far from the first */
export function scaleToIntegers(values: Float64Array): ScaledIntegers | undefined {
  const decimals = countDecimals(values);
  if (decimals === undefined) return undefined;
  // Whole numbers were found to be so just now.
  if (decimals === 0) return makeScaled(0, values.slice());
  const power = POWERS[decimals]!;
  const integers = new Float64Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const integer = Math.round(values[index]! * power);
    if (integer / power !== values[index]) return undefined;
    integers[index] = integer;
  }
  return makeScaled(decimals, integers);
}

/**
 * @param integers values times 10^decimals; becomes `steps`
 * @returns undefined where one is not finite or too far from the first
 */
export function makeScaled(decimals: number, integers: Float64Array): ScaledIntegers | undefined {
  // + 0 turns −0, which rounding makes of small negative numbers, into 0.
  const base = integers[0]! + 0;
  for (let index = 0; index < integers.length; index++) {
    const step = integers[index]! - base;
    if (!(step <= MAX_STEP && step >= -MAX_STEP) || base + step !== integers[index]) return undefined;
    integers[index] = step;
  }
  const unit = divideByCommonUnit(integers);
  return { decimals, base, unit, steps: integers };
}

/** The fewest decimals that make every value an integer; undefined beyond MAX_DECIMALS, or where one is −0. */
export function countDecimals(values: Float64Array): number | undefined {
  let decimals = 0;
  let power = 1;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    // Without the division, which most columns never need.
    if (decimals === 0 && Math.round(value) === value && value !== 0) continue;
    while (Math.round(value * power) / power !== value) {
      if (++decimals > MAX_DECIMALS) return undefined;
      power = POWERS[decimals]!;
    }
    if (value === 0 && 1 / value < 0) return undefined;
  }
  return decimals;
}

function divideByCommonUnit(steps: Float64Array): number {
  let unit = 0;
  for (let index = 1; index < steps.length && unit !== 1; index++) {
    const growth = Math.abs(steps[index]! - steps[index - 1]!);
    if (growth !== 0) unit = commonDivisor(growth, unit);
  }
  if (unit <= 1) return 1;
  for (let index = 1; index < steps.length; index++) steps[index] = steps[index]! / unit;
  return unit;
}

function commonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
