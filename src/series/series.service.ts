import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { finestKeptBucketMs, type Tier, tierForStep } from '../core/blocks/tiers.js';
import { GAP_INTERVALS } from '../core/model/limits.js';
import { makeSeriesFilter, type SeriesFilter } from '../core/model/present-report.js';
import type { StoredReport } from '../core/model/stored-report.js';
import { metricNameOf, parseSeriesKey } from '../core/model/series-key.js';
import { MonitorDirectory } from '../monitors/monitor-directory.js';
import { MonitorsService } from '../monitors/monitors.service.js';
import { HistoryReader } from '../storage/history-reader.js';
import { ReportReader } from '../storage/report-reader.js';
import { chartColumns } from './chart-columns.js';
import type { BuiltColumn } from './series-builder.js';
import { SeriesBuilder } from './series-builder.js';
import type { SeriesColumnModel, SeriesResultModel } from './series.model.js';
import type { TimeGrid } from './time-grid.js';
import { bucketGrid, exactGrid, pickStepMs } from './time-grid.js';

const MAX_POINTS = 11_000;
const MAX_SERIES = 500;
const MAX_MONITORS = 500;
/** As many reports as may lie within the time that a first rate looks back. */
const LOOK_BACK_REPORTS = 10;
const MAX_RANGE_MS = 5 * 366 * 24 * 3_600_000;

export interface SeriesRequest {
  readonly monitorIds: readonly string[];
  /** Names (all their series) or exact series keys. */
  readonly metrics: readonly string[];
  readonly from: Date;
  readonly to: Date;
  readonly maxPoints: number;
}

/** Answers what a chart asks: columns over a range, at the resolution that its pixels want. */
@Injectable()
export class SeriesService {
  constructor(
    private readonly monitors: MonitorsService,
    private readonly directory: MonitorDirectory,
    private readonly reader: ReportReader,
    private readonly history: HistoryReader,
  ) {}

  /** Monitors that the user may not see are left out, as if they had no samples. */
  async query(
    principal: UserPrincipal,
    request: SeriesRequest,
    now = Date.now(),
  ): Promise<SeriesResultModel> {
    const [fromAt, toAt] = checkRequest(request);
    const ids = this.monitors.visibleIds(principal, request.monitorIds);
    const isWanted = makeSeriesFilter(request.metrics);
    const countSeries = makeSeriesCounter();
    const exact =
      ids.length === 1 ? await this.readExact(ids[0]!, fromAt, toAt, request.maxPoints) : undefined;
    if (exact) {
      const builder = new SeriesBuilder(ids[0]!, isWanted, exact.grid, countSeries);
      for (const report of exact.reports) builder.add(report);
      return answer(builder.finish(), exact.grid, 0);
    }
    // A bucket narrower than the interval would be empty as often as not.
    const slowestMs = Math.max(0, ...ids.map((id) => this.intervalMsOf(id)));
    // What is past a tier's retention is still there in a coarser one.
    const keptMs = finestKeptBucketMs(fromAt, now);
    const stepMs = pickStepMs(fromAt, toAt, request.maxPoints, Math.max(slowestMs, keptMs));
    const grid = bucketGrid(fromAt, toAt, stepMs);
    const tier = tierForStep(stepMs);
    const columns: BuiltColumn[] = [];
    // One after the other: a page that asks for a whole fleet leaves connections for the others.
    for (const id of ids) {
      const built =
        tier.tier === 0
          ? await this.buildFromReports(id, isWanted, grid, toAt, countSeries)
          : await this.buildFromTier(id, isWanted, grid, toAt, tier, countSeries);
      columns.push(...built);
    }
    return answer(columns, grid, tier.tier);
  }

  private async buildFromReports(
    monitorId: string,
    isWanted: SeriesFilter,
    grid: TimeGrid,
    toAt: number,
    countSeries: () => void,
  ): Promise<BuiltColumn[]> {
    const builder = new SeriesBuilder(monitorId, isWanted, grid, countSeries);
    const readFrom = grid.timestamps[0]! - this.lookBackMs(monitorId);
    for await (const page of this.reader.readPages(monitorId, readFrom, toAt)) {
      for (const report of page) builder.add(report);
    }
    return builder.finish();
  }

  private async buildFromTier(
    monitorId: string,
    isWanted: SeriesFilter,
    grid: TimeGrid,
    toAt: number,
    tier: Tier,
    countSeries: () => void,
  ): Promise<BuiltColumn[]> {
    const firstStart = grid.timestamps[0]!;
    const readFrom = firstStart - Math.max(this.lookBackMs(monitorId), tier.bucketMs);
    const parts = await this.history.read(monitorId, readFrom, toAt, tier, isWanted);
    const units = new Map<string, string | null>();
    for (const { rollup, layout } of parts) {
      for (const key of rollup.seriesKeys) {
        if (!units.has(key)) countSeries();
        units.set(key, layout.unitOf(key));
      }
    }
    const { seriesKeys, columns } = chartColumns(
      parts.map(({ rollup }) => rollup),
      grid.stepMs,
      firstStart,
      grid.timestamps.length,
    );
    return seriesKeys
      .map((seriesKey, index) => ({
        monitorId,
        seriesKey,
        unit: units.get(seriesKey) ?? null,
        column: columns[index]!,
      }))
      .filter(({ column }) => !column.isEmpty);
  }

  /** The reports at their own instants, or undefined where these are more than `maxPoints`. */
  private async readExact(
    monitorId: string,
    fromAt: number,
    toAt: number,
    maxPoints: number,
  ): Promise<{ grid: TimeGrid; reports: StoredReport[] } | undefined> {
    const limit = maxPoints + LOOK_BACK_REPORTS;
    const reports = await this.reader.readRange(monitorId, fromAt - this.lookBackMs(monitorId), toAt, limit);
    if (reports.length === limit) return undefined;
    const grid = exactGrid(reports, fromAt, toAt, this.intervalMsOf(monitorId));
    return grid.timestamps.length <= maxPoints ? { grid, reports } : undefined;
  }

  /** A rate at the range's beginning needs the report before it. */
  private lookBackMs(monitorId: string): number {
    return GAP_INTERVALS * this.intervalMsOf(monitorId);
  }

  private intervalMsOf(monitorId: string): number {
    return (this.directory.find(monitorId)?.intervalSeconds ?? 0) * 1000;
  }
}

/** Refuses as soon as there are too many: what they would hold is not even made. */
function makeSeriesCounter(): () => void {
  let count = 0;
  return () => {
    if (++count <= MAX_SERIES) return;
    const message = `One request answers at most ${MAX_SERIES} series. Ask for fewer monitors or metrics.`;
    throw new DomainError('invalid_input', message, 'metrics');
  };
}

function answer(columns: readonly BuiltColumn[], grid: TimeGrid, tier: number): SeriesResultModel {
  return {
    timestamps: grid.timestamps,
    columns: columns.map((column) => present(column, grid)),
    resolutionSeconds: grid.stepMs / 1000,
    tier,
  };
}

function present({ monitorId, seriesKey, unit, column }: BuiltColumn, grid: TimeGrid): SeriesColumnModel {
  return {
    monitorId,
    metric: metricNameOf(seriesKey),
    labels: { ...parseSeriesKey(seriesKey)?.labels },
    unit,
    mean: column.mean(),
    min: column.min,
    max: column.max,
    coverage: grid.isBucketed ? column.coverage(grid.stepMs) : column.presence(),
  };
}

/** @returns the range, epoch milliseconds */
function checkRequest({ monitorIds, metrics, from, to, maxPoints }: SeriesRequest): [number, number] {
  const fromAt = from.getTime();
  const toAt = to.getTime();
  if (fromAt >= toAt) throw new DomainError('invalid_input', '`from` must lie before `to`.', 'from');
  if (toAt - fromAt > MAX_RANGE_MS)
    throw new DomainError('invalid_input', 'A range spans at most 5 years.', 'from');
  if (maxPoints < 1 || maxPoints > MAX_POINTS) {
    throw new DomainError('invalid_input', `maxPoints must be from 1 to ${MAX_POINTS}.`, 'maxPoints');
  }
  if (monitorIds.length > MAX_MONITORS) {
    throw new DomainError('invalid_input', `A request names at most ${MAX_MONITORS} monitors.`, 'monitorIds');
  }
  if (metrics.length > MAX_SERIES) {
    throw new DomainError('invalid_input', `A request names at most ${MAX_SERIES} metrics.`, 'metrics');
  }
  return [fromAt, toAt];
}
