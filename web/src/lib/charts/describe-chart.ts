import { m } from '../paraglide/messages.js';
import { formatClock } from '../format/time.ts';
import { nameInText } from '../format/names.ts';
import { formatByUnit } from '../format/units.ts';
import type { SeriesWindow } from '../series/series-window.ts';
import { summariseLine, type ChartModel } from './chart-model.ts';

/** One sentence that stands for the picture: "CPU, last 15 min: now 42 %, min 3 %, max 97 % at 14:05, rising". */
export function describeChart(title: string, range: string, window: SeriesWindow, model: ChartModel): string {
  const trends = { rising: m.chart_rising, falling: m.chart_falling, steady: m.chart_steady };
  const main = model.lines.filter((line) => line.isMain);
  const parts = (main.length > 0 ? main : model.lines).flatMap((line) => {
    const summary = summariseLine(window.timestamps, line.column);
    if (!summary) return [];
    const name = model.lines.some((other) => other.isMirrored)
      ? `${nameInText(line.label)} ${line.isMirrored ? m.network_sent() : m.network_received()}`
      : nameInText(line.label);
    return m.chart_summary({
      name,
      now: formatByUnit(model.unit, summary.now),
      min: formatByUnit(model.unit, summary.min),
      max: formatByUnit(model.unit, summary.max),
      at: formatClock(summary.maxAt),
      trend: trends[summary.trend](),
    });
  });
  return parts.length > 0 ? `${title}, ${range}: ${parts.join('; ')}` : m.chart_empty({ range });
}
