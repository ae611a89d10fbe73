import type { ChartLine, ChartModel } from '../charts/chart-model.ts';
import type { ChartUnit } from '../format/units.ts';
import type { SeriesWindow } from '../series/series-window.ts';
import { pickLine } from './pick-lines.ts';

/** A series that the sender defined. */
export interface CustomSeries {
  /** `queue.depth{queue="mail"}` */
  readonly key: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, unknown>>;
  readonly unit?: string | null | undefined;
  readonly kind: 'GAUGE' | 'COUNTER';
}

/** What one chart shows: a metric with its labels as lines, or the statistics of one thing. */
export interface CustomGroup {
  readonly title: string;
  readonly unit: ChartUnit;
  readonly isRate: boolean;
  /** The lines to draw, strongest first chosen, in an order that stays. */
  readonly series: readonly CustomSeries[];
  /** How many there are in all. */
  readonly count: number;
}

/** As many as there are colours. */
const MOST_LINES = 5;
/** `api.latency.p99` and its like are read beside each other. */
const STATISTIC = /^(.+)\.(min|max|mean|avg|median|p\d{1,3})$/;

/** Those that have every word of the text in their name, or in a label. */
export function searchSeries<One extends CustomSeries>(all: readonly One[], text: string): One[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter(({ key }) => {
    const spelled = key.toLowerCase();
    return words.every((word) => spelled.includes(word));
  });
}

/**
 * Sorts series into charts, by name. A chart takes no more lines than can be told apart: those with the
 * highest values of `latest` (by key; null = not known).
 */
export function groupSeries(
  all: readonly CustomSeries[],
  latest: ReadonlyMap<string, number | null>,
): CustomGroup[] {
  const byTitle = new Map<string, CustomSeries[]>();
  const ofName = countBy(all, ({ name }) => name);
  for (const one of all) {
    // A statistic with labels is a chart of its own: its lines are the labels.
    const thing = ofName.get(one.name) === 1 ? STATISTIC.exec(one.name)?.[1] : undefined;
    const id = thing === undefined ? one.name : JSON.stringify([thing, one.unit, one.kind, one.labels]);
    byTitle.set(id, [...(byTitle.get(id) ?? []), one]);
  }
  return [...byTitle.values()]
    .map((series) => toGroup(series, latest))
    .sort((a, b) => (a.title < b.title ? -1 : 1));
}

function countBy<One>(all: readonly One[], nameOf: (one: One) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(nameOf(one), (counts.get(nameOf(one)) ?? 0) + 1);
  return counts;
}

function toGroup(series: readonly CustomSeries[], latest: ReadonlyMap<string, number | null>): CustomGroup {
  const { name, unit, kind } = series[0]!;
  const isOneName = series.every((one) => one.name === name);
  const strength = (one: CustomSeries) => latest.get(one.key) ?? -Infinity;
  const strongest = [...series].sort((a, b) => strength(b) - strength(a) || (a.key < b.key ? -1 : 1));
  return {
    title: isOneName ? name : STATISTIC.exec(name)![1]!,
    unit: toChartUnit(unit ?? null, kind === 'COUNTER'),
    isRate: kind === 'COUNTER',
    series: strongest.slice(0, MOST_LINES).sort((a, b) => (a.key < b.key ? -1 : 1)),
    count: series.length,
  };
}

const NAMED: Readonly<Record<string, ChartUnit>> = {
  '%': 'percent',
  percent: 'percent',
  b: 'bytes',
  byte: 'bytes',
  bytes: 'bytes',
  celsius: 'celsius',
  '°c': 'celsius',
  ms: 'milliseconds',
  millisecond: 'milliseconds',
  milliseconds: 'milliseconds',
  s: 'seconds',
  second: 'seconds',
  seconds: 'seconds',
};

/** The axis for what a sender calls its unit; a counter is shown by its rate. */
export function toChartUnit(unit: string | null, isRate: boolean): ChartUnit {
  const text = unit?.trim() ?? '';
  const named = Object.hasOwn(NAMED, text.toLowerCase()) ? NAMED[text.toLowerCase()]! : undefined;
  // Parts of a unit are no other unit: 8 kB must not read as 8 B.
  if (!isRate) return named && (named !== 'bytes' || text !== 'b') ? named : `number:${text}`;
  return named === 'bytes' && text !== 'b' ? 'bytesPerSecond' : text ? `number:${text}/s` : 'number:/s';
}

export function buildCustomChart(group: CustomGroup, window: SeriesWindow): ChartModel {
  const isMain = group.series.length === 1;
  const lines = group.series.flatMap((one, color): ChartLine[] =>
    pickLine(window, one.key, { label: labelOf(one, group.series), color, isMain, isMirrored: false }),
  );
  return { id: `custom-${group.series[0]!.key}`, unit: group.unit, top: null, lines };
}

/** A label may be called `constructor`, and be there on another series only. */
const own = (labels: CustomSeries['labels'], name: string): unknown =>
  Object.hasOwn(labels, name) ? labels[name] : undefined;

/** What tells a line from the others of its chart. */
function labelOf(one: CustomSeries, all: readonly CustomSeries[]): string {
  if (all.some(({ name }) => name !== one.name)) return one.name.slice(one.name.lastIndexOf('.') + 1);
  const names = [...new Set(all.flatMap(({ labels }) => Object.keys(labels)))].sort();
  const telling = names.filter((name) =>
    all.some(({ labels }) => own(labels, name) !== own(one.labels, name)),
  );
  const told = (telling.length > 0 ? telling : names).filter((name) => own(one.labels, name) !== undefined);
  if (told.length === 0) return one.name;
  // Several series of different labels may share a value: only a single label goes without its name.
  if (names.length === 1) return String(one.labels[names[0]!]);
  return told.map((name) => `${name}=${String(one.labels[name])}`).join(', ');
}
