import type { TargetKind } from '../targets/target.js';

export interface RunOptions {
  /** A smoke run: every path once, in minutes, its figures good for no comparison. */
  readonly isQuick: boolean;
  /** Only targets with these ids; all when empty. */
  readonly targets: readonly string[];
  /** What the parts before it in this run have measured. */
  readonly earlier: readonly PartResult[];
}

/** One line of a part's table: what was measured of whom. */
export interface ResultRow {
  readonly target: string;
  readonly case: string;
  readonly values: Readonly<Record<string, number | string | null>>;
}

export interface PartResult {
  readonly part: string;
  readonly notes: readonly string[];
  readonly facts: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly rows: readonly ResultRow[];
  /** The figures that the product is judged by. */
  readonly ratios: readonly ResultRow[];
}

export interface Part {
  readonly id: string;
  readonly title: string;
  run(options: RunOptions): Promise<PartResult>;
}

export function chooseTargets<Kind extends TargetKind>(
  kinds: readonly Kind[],
  { targets }: RunOptions,
): Kind[] {
  return kinds.filter((kind) => {
    if (targets.length > 0 && !targets.includes(kind.id)) return false;
    const missing = kind.findMissing();
    if (missing !== undefined) console.warn(`! ${kind.name} is left out, it is missing: ${missing}`);
    return missing === undefined;
  });
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** @param sorted ascending */
export function percentileOf(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export function roundTo(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
