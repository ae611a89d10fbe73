import { Injectable } from '@nestjs/common';
import type { Layout } from '../core/model/layout.js';
import type { ParsedReport } from '../core/model/parsed-report.js';
import { metricNameOf } from '../core/model/series-key.js';
import { ActiveSeries } from '../storage/active-series.js';
import { LayoutRegistry, type Shape } from '../storage/layout-registry.js';

export interface ShapedReport {
  readonly shape: Shape;
  /** Values of new series that the monitor may not have any more: no longer in the report. */
  readonly droppedValues: number;
}

/** Finds the layout of a report, and leaves out the series that are too many for its monitor. */
@Injectable()
export class ReportShaper {
  constructor(
    private readonly layouts: LayoutRegistry,
    private readonly activeSeries: ActiveSeries,
  ) {}

  /** Whether a report of this layout may be stored as it is. False says nothing: ask `learn`. */
  knows(monitorId: string, layout: Layout, now: number): boolean {
    return this.activeSeries.knows(monitorId, layout, now);
  }

  /** The shape of a report like one that the monitor has sent of late, which is nearly every one. */
  recall(monitorId: string, parsed: ParsedReport, now: number): Shape | undefined {
    const shape = this.layouts.recall(parsed.keys, parsed.definitions);
    return shape && this.activeSeries.knows(monitorId, shape.layout, now) ? shape : undefined;
  }

  /**
   * The same for any other report; changes it where series are left out.
   * @returns undefined when a series stands there twice
   * @throws DomainError `storage_unavailable`
   */
  async learn(monitorId: string, parsed: ParsedReport, now: number): Promise<ShapedReport | undefined> {
    if (new Set(parsed.keys).size !== parsed.keys.length) return undefined;
    const leftOut = await this.activeSeries.leaveOut(monitorId, parsed.keys, now);
    if (leftOut.size > 0) remove(parsed, leftOut);
    const shape = await this.layouts.resolve(parsed.keys, parsed.definitions);
    if (!shape) return undefined;
    this.activeSeries.note(monitorId, shape.layout, now);
    return { shape, droppedValues: leftOut.size };
  }
}

function remove(parsed: ParsedReport, leftOut: ReadonlySet<string>): void {
  const kept = [...parsed.keys.keys()].filter((index) => !leftOut.has(parsed.keys[index]!));
  parsed.values = kept.map((index) => parsed.values[index]!);
  parsed.keys = kept.map((index) => parsed.keys[index]!);
  if (!parsed.definitions) return;
  const names = new Set(parsed.keys.map(metricNameOf));
  const definitions = Object.entries(parsed.definitions).filter(([name]) => names.has(name));
  parsed.definitions = definitions.length > 0 ? Object.fromEntries(definitions) : null;
}
