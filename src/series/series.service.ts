import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { finestKeptBucketMs, tierForStep } from '../core/blocks/tiers.js';
import { GAP_INTERVALS } from '../core/model/limits.js';
import { makeSeriesFilter, type SeriesFilter } from '../core/model/present-report.js';
import { metricNameOf, parseSeriesKey } from '../core/model/series-key.js';
import { MonitorDirectory } from '../monitors/monitor-directory.js';
import { MonitorsService } from '../monitors/monitors.service.js';
import { HistoryReader } from '../storage/history-reader.js';
import { ChartBuilder, type ChartSeries } from './chart-builder.js';
import { exactChart } from './exact-chart.js';
import type { SeriesColumnModel, SeriesResultModel } from './series.model.js';
import { bucketGrid, exactGrid, pickStepMs } from './time-grid.js';

export const MAX_POINTS = 11_000;
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

/** Which of a series' columns are wanted beside its mean. */
export interface SeriesFields {
  /** `min` and `max`: they cost decoding. */
  readonly hasExtremes: boolean;
}

const ALL_FIELDS: SeriesFields = { hasExtremes: true };

interface ExactRequest {
  readonly fromAt: number;
  readonly toAt: number;
  readonly maxPoints: number;
  readonly isWanted: SeriesFilter;
}

/** Answers what a chart asks: columns over a range, at the resolution that its pixels want. */
@Injectable()
export class SeriesService {
  constructor(
    private readonly monitors: MonitorsService,
    private readonly directory: MonitorDirectory,
    private readonly history: HistoryReader,
  ) {}

  /**
   * Monitors that the user may not see are left out, as if they had no samples.
   * @param fields which columns are wanted; the others may come empty
   */
  async query(
    principal: UserPrincipal,
    request: SeriesRequest,
    fields: SeriesFields = ALL_FIELDS,
    now = Date.now(),
  ): Promise<SeriesResultModel> {
    const [fromAt, toAt] = checkRequest(request);
    const ids = this.monitors.visibleIds(principal, request.monitorIds);
    const isWanted = makeSeriesFilter(request.metrics);
    const range = { fromAt, toAt, maxPoints: request.maxPoints, isWanted };
    // What is past a tier's retention is still there in a coarser one.
    const keptMs = Math.max(
      0,
      ...ids.map((id) => finestKeptBucketMs(fromAt, now, this.directory.find(id)?.retention)),
    );
    const exact = ids.length === 1 && keptMs === 0 ? await this.answerExactly(ids[0]!, range) : undefined;
    if (exact) return exact;
    // A bucket narrower than the interval would be empty as often as not.
    const slowestMs = Math.max(0, ...ids.map((id) => this.intervalMsOf(id)));
    const stepMs = pickStepMs(fromAt, toAt, request.maxPoints, Math.max(slowestMs, keptMs));
    const grid = bucketGrid(fromAt, toAt, stepMs);
    const tier = tierForStep(stepMs);
    const countSeries = makeSeriesCounter();
    const columns: SeriesColumnModel[] = [];
    // One after the other: a page that asks for a whole fleet leaves connections for the others.
    for (const id of ids) {
      const builder = new ChartBuilder(grid, fields.hasExtremes, countSeries);
      // The last bucket is as whole as the first.
      const endAt = grid.timestamps.at(-1)! + stepMs - 1;
      const readFrom = grid.timestamps[0]! - Math.max(this.lookBackMs(id), tier.bucketMs);
      await this.history.readPieces(
        {
          monitorId: id,
          fromAt: readFrom,
          toAt: endAt,
          isWanted,
          tier,
          stepMs,
          hasExtremes: fields.hasExtremes,
        },
        (piece) => builder.add(piece),
      );
      for (const series of builder.finish()) columns.push(present(id, series, stepMs));
    }
    return { timestamps: grid.timestamps, columns, resolutionSeconds: stepMs / 1000, tier: tier.tier };
  }

  /** The reports at their own instants, or undefined where these are more than `maxPoints`. */
  private async answerExactly(
    monitorId: string,
    { fromAt, toAt, maxPoints, isWanted }: ExactRequest,
  ): Promise<SeriesResultModel | undefined> {
    const intervalMs = this.intervalMsOf(monitorId);
    if ((toAt - fromAt) / intervalMs > maxPoints) return undefined;
    const readFrom = fromAt - this.lookBackMs(monitorId);
    const runs = await this.history.readRuns({ monitorId, fromAt: readFrom, toAt, isWanted }, maxPoints);
    if (!runs) return undefined;
    const grid = exactGrid(runs, fromAt, toAt, intervalMs);
    if (grid.timestamps.length > maxPoints) return undefined;
    const columns = exactChart(runs, grid, isWanted, makeSeriesCounter()).map(
      ({ seriesKey, unit, values }): SeriesColumnModel => ({
        ...describe(monitorId, seriesKey, unit),
        ...{ mean: values, min: values, max: values },
        coverage: values.map((value) => (Number.isNaN(value) ? 0 : 1)),
      }),
    );
    return { timestamps: grid.timestamps, columns, resolutionSeconds: grid.stepMs / 1000, tier: 0 };
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

function present(
  monitorId: string,
  { seriesKey, unit, column }: ChartSeries,
  stepMs: number,
): SeriesColumnModel {
  return {
    ...describe(monitorId, seriesKey, unit),
    mean: column.mean(),
    min: column.min ?? [],
    max: column.max ?? [],
    coverage: column.coverage(stepMs),
  };
}

function describe(
  monitorId: string,
  seriesKey: string,
  unit: string | null,
): Pick<SeriesColumnModel, 'monitorId' | 'metric' | 'labels' | 'unit'> {
  const labels = { ...parseSeriesKey(seriesKey)?.labels };
  return { monitorId, metric: metricNameOf(seriesKey), labels, unit };
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
