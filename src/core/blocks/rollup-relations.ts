import type { Formula } from '../codec/formula.js';
import { findRelations, type ColumnRelation } from './derivations.js';
import type { GaugeStat } from './rollup.js';

/** A statistic of another series. */
export interface StatOfSeries {
  readonly series: number;
  readonly stat: GaugeStat;
}

/** How a statistic of one gauge follows from statistics of others. */
export interface StatRelation {
  readonly formula: Formula;
  readonly sources: readonly StatOfSeries[];
}

/**
 * What follows from what between the series of a rollup. Sums and last values follow as the samples do.
 * Extremes do where the sources' extremes fall together: the least is free when the most is used. Where they
 * do not, the block keeps what the formula gets wrong, or does without it.
 */
export class RollupRelations {
  private readonly relations: ReadonlyMap<number, ColumnRelation>;

  constructor(seriesKeys: readonly string[]) {
    this.relations = findRelations(seriesKeys);
  }

  find(series: number, stat: GaugeStat): StatRelation | undefined {
    const relation = this.relations.get(series);
    if (!relation || stat === 'count' || stat === 'lastAt') return undefined;
    const { formula, sources } = relation;
    const isExtreme = stat === 'min' || stat === 'max';
    const opposite = stat === 'min' ? 'max' : 'min';
    if (formula.kind === 'sum') {
      // Extremes of more than two do not fall together.
      if (isExtreme && sources.length > 2) return undefined;
      const pick = (series: number, position: number): StatOfSeries => ({
        series,
        stat: isExtreme && formula.weights[position]! < 0 ? opposite : stat,
      });
      return { formula, sources: sources.map(pick) };
    }
    if (formula.kind !== 'percent' && formula.kind !== 'share') return undefined;
    const [part, other] = sources as [number, number];
    if (stat !== 'sum') {
      return {
        formula,
        sources: [
          { series: part, stat },
          { series: other, stat: isExtreme ? opposite : stat },
        ],
      };
    }
    return {
      formula: { kind: formula.kind === 'percent' ? 'percentSum' : 'shareSum' },
      sources: [
        { series: part, stat: 'sum' },
        { series: other, stat: 'sum' },
        { series: part, stat: 'count' },
      ],
    };
  }
}
