import type uPlot from 'uplot';
import { formatClock, formatDay } from '../format/time.ts';
import { formatMark, isNamedUnit, type NamedUnit } from '../format/units.ts';
import type { ChartModel } from './chart-model.ts';

export interface PlotColors {
  readonly series: readonly string[];
  readonly grid: string;
  readonly text: string;
}

/** Canvas cannot read CSS variables by itself. */
export function readPlotColors(): PlotColors {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    series: [1, 2, 3, 4, 5].map((place) => read(`--series-${place}`)),
    grid: read('--chart-grid'),
    text: read('--ink-muted'),
  };
}

/** Steps of an axis in bytes are powers of two: its marks read 256 KiB, not 244 KiB. */
const BYTE_STEPS = Array.from({ length: 60 }, (_, power) => 2 ** power);
const LOWEST_TOP: Record<NamedUnit, number> = {
  percent: 100,
  bytes: 1024,
  bytesPerSecond: 1024,
  count: 4,
  celsius: 60,
  milliseconds: 1,
  seconds: 0.001,
};
/** Above nothing but zeros. */
const TOP_OF_ZEROS = 1;

function buildYRange({ unit, top, lines }: ChartModel): uPlot.Range.Function {
  const isMirrored = lines.some((line) => line.isMirrored);
  const leastTop = isNamedUnit(unit) ? LOWEST_TOP[unit] : 0;
  return (_plot, lowest, highest) => {
    if (top === 100 && unit === 'percent') return [0, 100];
    const high = top ?? Math.max((highest ?? 0) * 1.12, leastTop);
    const low = Math.min((lowest ?? 0) * 1.12, isMirrored ? -leastTop : 0);
    return low === high ? [0, TOP_OF_ZEROS] : [low, high];
  };
}

function fade(color: string, alpha: number): string {
  return `${color}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0')}`;
}

function buildAreaFill(color: string, isMirrored: boolean): uPlot.Series.Fill {
  return ({ ctx, bbox, valToPos }) => {
    const zero = valToPos(0, 'y', true);
    if (!Number.isFinite(zero)) return fade(color, 0.1);
    const far = isMirrored ? bbox.top + bbox.height : bbox.top;
    const gradient = ctx.createLinearGradient(0, far, 0, zero);
    gradient.addColorStop(0, fade(color, 0.3));
    gradient.addColorStop(1, fade(color, 0.03));
    return gradient;
  };
}

function buildSeries(model: ChartModel, colors: PlotColors, isBanded: boolean) {
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const { label, color, isMain, isMirrored } of model.lines) {
    const stroke = colors.series[color % colors.series.length]!;
    const line: uPlot.Series = { label, stroke, width: isMain ? 1.75 : 1.25, points: { size: 5, space: 12 } };
    if (isMain && !isBanded) line.fill = buildAreaFill(stroke, isMirrored);
    series.push(line);
    if (isMain && isBanded) {
      const place = series.length;
      const edge = { label, width: 0, points: { show: false } };
      series.push(edge, edge);
      const upperFirst: [number, number] = isMirrored ? [place + 1, place] : [place, place + 1];
      bands.push({ series: upperFirst, fill: fade(stroke, 0.22) });
    }
  }
  return { series, bands };
}

export function buildPlotOptions(
  model: ChartModel,
  colors: PlotColors,
  isBanded: boolean,
  size: { width: number; height: number },
): uPlot.Options {
  const { series, bands } = buildSeries(model, colors, isBanded);
  const font = '11px ui-sans-serif, system-ui, -apple-system, "Segoe UI", sans-serif';
  const axis: uPlot.Axis = { stroke: colors.text, font, ticks: { show: false }, border: { show: false } };
  const isMirrored = model.lines.some((line) => line.isMirrored);
  const isBytes = model.unit === 'bytes' || model.unit === 'bytesPerSecond';
  return {
    ...size,
    series,
    bands,
    padding: [10, 18, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'monitor' },
      drag: { x: false, y: false, setScale: false },
      y: false,
      points: { size: 7 },
    },
    scales: { x: { time: true }, y: { range: buildYRange(model) } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        gap: 8,
        space: 64,
        values: (_, at) => at.map(formatTimeMark),
      },
      {
        ...axis,
        grid: { stroke: colors.grid, width: 1 },
        size: isBytes ? 74 : model.unit === 'percent' ? 46 : 58,
        gap: 8,
        space: isBytes ? 34 : 30,
        ...(isBytes ? { incrs: BYTE_STEPS } : {}),
        values: (_, values) =>
          values.map((value) => formatMark(model.unit, isMirrored ? Math.abs(value) : value)),
      },
    ],
  };
}

function formatTimeMark(seconds: number): string {
  const at = new Date(seconds * 1000);
  const isMidnight = at.getHours() === 0 && at.getMinutes() === 0;
  return isMidnight ? formatDay(seconds * 1000) : formatClock(seconds * 1000);
}
