import { addWeighted, type Formula } from '../codec/formula.js';
import type { RowStat, Stat } from './rollup.js';
import { ROW_STATS } from './rollup.js';

/** A column that a statistic may follow from: another of the same series, or one of the reports themselves. */
export type StatSource = Stat | `row.${RowStat}`;

interface StatRule {
  /** Where every value is exactly this sum of others, the column takes no bytes at all. */
  readonly usual?: { readonly weights: readonly number[]; readonly sources: readonly StatSource[] };
  /** Else only what this gets wrong is kept. */
  readonly expected?: { readonly formula: Formula; readonly sources: readonly StatSource[] };
}

const same = (source: StatSource): StatRule['usual'] => ({ weights: [1], sources: [source] });
const difference = (from: StatSource, minus: StatSource): StatRule['usual'] => ({
  weights: [1, -1],
  sources: [from, minus],
});
const meanOfBucket: StatRule['expected'] = { formula: { kind: 'mean' }, sources: ['sum', 'count'] };
const meanGrowth: StatRule['expected'] = { formula: { kind: 'meanGrowth' }, sources: ['increase', 'count'] };

/**
 * How the statistics of one series hang together. Part of the format: `usual` and the sources stand for bytes
 * that are not written, so a change here is a new version. A chart of means decodes sum and count, a chart of
 * rates last and first, and no more.
 */
export const GAUGE_RULES: Readonly<Partial<Record<Stat, StatRule>>> = {
  count: { usual: same('row.count') },
  min: { expected: meanOfBucket },
  max: { usual: same('min'), expected: meanOfBucket },
  last: { usual: same('min'), expected: meanOfBucket },
  lastAt: { usual: same('row.lastAt') },
};

/** A gauge that stands still within each bucket: its sum follows from the rest. */
export const STILL_GAUGE_RULES: Readonly<Partial<Record<Stat, StatRule>>> = {
  ...GAUGE_RULES,
  sum: { expected: { formula: { kind: 'product' }, sources: ['count', 'min'] } },
  min: {},
};

export const COUNTER_RULES: Readonly<Partial<Record<Stat, StatRule>>> = {
  first: { usual: same('last'), expected: { formula: { kind: 'previous' }, sources: ['last'] } },
  increase: {
    usual: difference('last', 'first'),
    expected: { formula: { kind: 'sum', weights: [1, -1] }, sources: ['last', 'first'] },
  },
  coveredMs: {
    usual: difference('lastAt', 'firstAt'),
    expected: { formula: { kind: 'sum', weights: [1, -1] }, sources: ['lastAt', 'firstAt'] },
  },
  count: { usual: same('row.count') },
  firstAt: { usual: same('row.firstAt') },
  lastAt: { usual: same('row.lastAt') },
  firstOrigin: { usual: same('row.firstOrigin') },
  lastOrigin: { usual: same('row.lastOrigin') },
  minIncrease: { usual: same('increase'), expected: meanGrowth },
  minElapsedMs: { usual: same('minIncrease') },
  maxIncrease: { usual: same('minIncrease'), expected: meanGrowth },
  maxElapsedMs: { usual: same('minElapsedMs') },
};

/** Columns of the reports themselves come first in a block; then each series', in the order of its statistics. */
export function rowColumn(source: StatSource): number {
  return ROW_STATS.findIndex((stat) => source === `row.${stat}`);
}

export function evaluateUsual(weights: readonly number[], sources: readonly Float64Array[]): Float64Array {
  if (weights.length === 1) return sources[0]!;
  const values = new Float64Array(sources[0]!.length);
  addWeighted(values, weights, sources);
  return values;
}
