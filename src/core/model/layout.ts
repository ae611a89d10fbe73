import type { MetricKind } from './metric-catalog.js';
import { findMetric } from './metric-catalog.js';
import { metricNameOf } from './series-key.js';

/** Kind and unit of a metric that the catalog does not know. */
export interface CustomDefinition {
  readonly kind: MetricKind;
  readonly unit: string | null;
}

/**
 * The shape of a report: its series keys, sorted, each once. All monitors that send the same shape
 * share one layout, so a report is only its numbers.
 */
export class Layout {
  private readonly indexByKey: ReadonlyMap<string, number>;
  /** isCounter[i] = 1 where seriesKeys[i] is a counter. */
  readonly isCounter: Uint8Array;

  constructor(
    /** Database id; layouts are compared by it. */
    readonly id: number,
    readonly seriesKeys: readonly string[],
    /** Definitions of the custom metrics in this layout, by metric name. */
    readonly definitions: Readonly<Record<string, CustomDefinition>> = {},
  ) {
    this.indexByKey = new Map(seriesKeys.map((key, index) => [key, index]));
    this.isCounter = Uint8Array.from(seriesKeys, (key) => (this.kindOf(key) === 'counter' ? 1 : 0));
  }

  /** Position of a series in this layout's values, or −1. */
  indexOf(seriesKey: string): number {
    return this.indexByKey.get(seriesKey) ?? -1;
  }

  kindOf(seriesKey: string): MetricKind {
    const name = metricNameOf(seriesKey);
    return findMetric(name)?.kind ?? this.definitions[name]?.kind ?? 'gauge';
  }

  unitOf(seriesKey: string): string | null {
    const name = metricNameOf(seriesKey);
    return findMetric(name)?.unit ?? this.definitions[name]?.unit ?? null;
  }
}
