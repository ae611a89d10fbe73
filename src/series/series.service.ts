import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { GAP_INTERVALS } from '../core/model/limits.js';
import { makeSeriesFilter } from '../core/model/present-report.js';
import { metricNameOf, parseSeriesKey } from '../core/model/series-key.js';
import { MonitorDirectory } from '../monitors/monitor-directory.js';
import { MonitorsService } from '../monitors/monitors.service.js';
import { ReportReader } from '../storage/report-reader.js';
import type { BuiltColumn, MonitorReports } from './build-series.js';
import { buildColumns } from './build-series.js';
import type { SeriesColumnModel, SeriesResultModel } from './series.model.js';
import type { TimeGrid } from './time-grid.js';
import { bucketGrid, exactGrid, pickStepMs } from './time-grid.js';

const MAX_POINTS = 11_000;
const MAX_SERIES = 500;
const MAX_MONITORS = 500;
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
  ) {}

  /** Monitors that the user may not see are left out, as if they had no samples. */
  async query(principal: UserPrincipal, request: SeriesRequest): Promise<SeriesResultModel> {
    const [fromAt, toAt] = checkRequest(request);
    const histories = await Promise.all(
      this.monitors
        .visibleIds(principal, request.monitorIds)
        .map(async (monitorId): Promise<MonitorReports> => ({
          monitorId,
          reports: await this.reader.readRange(monitorId, fromAt - this.lookBackMs(monitorId), toAt),
        })),
    );
    const grid = makeGrid(histories, fromAt, toAt, request.maxPoints);
    const isWanted = makeSeriesFilter(request.metrics);
    const built = histories.flatMap((history) => buildColumns(history, isWanted, grid));
    if (built.length > MAX_SERIES) {
      throw new DomainError(
        'invalid_input',
        `These are ${built.length} series; one request answers at most ${MAX_SERIES}. Ask for fewer monitors or metrics.`,
        'metrics',
      );
    }
    return {
      timestamps: grid.timestamps,
      columns: built.map((column) => present(column, grid)),
      resolutionSeconds: grid.stepMs / 1000,
      tier: 0,
    };
  }

  /** A rate at the range's beginning needs the report before it. */
  private lookBackMs(monitorId: string): number {
    return GAP_INTERVALS * (this.directory.find(monitorId)?.intervalSeconds ?? 0) * 1000;
  }
}

function makeGrid(
  histories: readonly MonitorReports[],
  fromAt: number,
  toAt: number,
  maxPoints: number,
): TimeGrid {
  const only = histories.length === 1 ? histories[0]!.reports : undefined;
  if (only) {
    const grid = exactGrid(only, fromAt, toAt);
    if (grid.timestamps.length <= maxPoints) return grid;
  }
  // A bucket narrower than the interval would be empty as often as not.
  const slowestMs = Math.max(0, ...histories.map(({ reports }) => reports.at(-1)?.intervalMs ?? 0));
  return bucketGrid(fromAt, toAt, pickStepMs(toAt - fromAt, maxPoints, slowestMs));
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
    coverage: column.coverage(grid.stepMs),
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
