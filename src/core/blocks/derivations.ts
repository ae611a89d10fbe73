import type { Formula } from '../codec/formula.js';
import { MAX_SOURCES } from '../codec/formula.js';
import type { Grid } from '../codec/grid-stream.js';
import { metricNameOf } from '../model/series-key.js';

/** What follows from what, as data. A report's own arithmetic is not trusted: where it differs, it is kept. */
interface DerivationRule {
  /** This metric, of the same device as its sources. */
  readonly metric: string;
  readonly formula: Formula;
  readonly sources: readonly string[];
}

/** No rule may need its own metric, however indirectly. */
const RULES: readonly DerivationRule[] = [
  {
    metric: 'cpu.userPercent',
    formula: { kind: 'sum', weights: [1, -1, -1] },
    sources: ['cpu.usagePercent', 'cpu.systemPercent', 'cpu.stealPercent'],
  },
  {
    metric: 'memory.availableBytes',
    formula: { kind: 'sum', weights: [1, -1] },
    sources: ['memory.totalBytes', 'memory.usedBytes'],
  },
  {
    metric: 'memory.usagePercent',
    formula: { kind: 'percent' },
    sources: ['memory.usedBytes', 'memory.totalBytes'],
  },
  {
    metric: 'storage.freeBytes',
    formula: { kind: 'sum', weights: [1, -1] },
    sources: ['storage.totalBytes', 'storage.usedBytes'],
  },
  {
    metric: 'storage.usagePercent',
    formula: { kind: 'share' },
    sources: ['storage.usedBytes', 'storage.freeBytes'],
  },
];

/** The last of these parts is what the whole and the other parts leave: whole = mean of the parts. */
const MEAN_RULE = { whole: 'cpu.usagePercent', part: 'cpu.perCorePercent' };

/** Metrics that are shares of the clock ticks (1/100 s) of one core, or of all. */
const TICK_SHARES: Readonly<Record<string, 'one' | 'all'>> = {
  'cpu.usagePercent': 'all',
  'cpu.userPercent': 'all',
  'cpu.systemPercent': 'all',
  'cpu.iowaitPercent': 'all',
  'cpu.stealPercent': 'all',
  'cpu.perCorePercent': 'one',
};
const TICKS_PER_MS = 0.1;

export interface ColumnRelation {
  readonly formula: Formula;
  /** Columns by position. */
  readonly sources: readonly number[];
}

/** Which columns follow from which, by position of the derived one. */
export function findRelations(seriesKeys: readonly string[]): ReadonlyMap<number, ColumnRelation> {
  const columnByKey = new Map(seriesKeys.map((key, column) => [key, column]));
  const relations = new Map<number, ColumnRelation>();
  seriesKeys.forEach((key, column) => {
    const name = metricNameOf(key);
    const labels = key.slice(name.length);
    const rule = RULES.find(({ metric }) => metric === name);
    if (!rule) return;
    const sources = rule.sources.map((source) => columnByKey.get(source + labels));
    if (sources.includes(undefined)) return;
    relations.set(column, { formula: rule.formula, sources: sources as number[] });
  });
  relateLastPart(seriesKeys, columnByKey, relations);
  return relations;
}

function relateLastPart(
  seriesKeys: readonly string[],
  columnByKey: ReadonlyMap<string, number>,
  relations: Map<number, ColumnRelation>,
): void {
  const whole = columnByKey.get(MEAN_RULE.whole);
  const parts = listColumns(seriesKeys, MEAN_RULE.part);
  const last = parts.pop();
  if (whole === undefined || last === undefined || parts.length === 0 || parts.length >= MAX_SOURCES) return;
  const weights = [parts.length + 1, ...parts.map(() => -1)];
  relations.set(last, { formula: { kind: 'sum', weights }, sources: [whole, ...parts] });
}

function listColumns(seriesKeys: readonly string[], metric: string): number[] {
  const columns: number[] = [];
  seriesKeys.forEach((key, column) => {
    if (metricNameOf(key) === metric) columns.push(column);
  });
  return columns;
}

/** The grid that each column's values probably lie on, where there is one. */
export function findGrids(seriesKeys: readonly string[], intervalMs: number): (Grid | undefined)[] {
  const ticks = Math.max(1, Math.round(intervalMs * TICKS_PER_MS));
  const cores = Math.max(1, listColumns(seriesKeys, MEAN_RULE.part).length);
  return seriesKeys.map((key) => {
    const share = TICK_SHARES[metricNameOf(key)];
    return share && { span: 100, parts: share === 'one' ? ticks : ticks * cores };
  });
}
