import { Inject, Injectable } from '@nestjs/common';
import { LatestReports } from '../storage/latest-reports.js';
import { ReportReader } from '../storage/report-reader.js';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { applyRetention } from '../core/blocks/retention.js';
import type { Layout } from '../core/model/layout.js';
import { findMetric } from '../core/model/metric-catalog.js';
import { makeSeriesFilter, presentReport } from '../core/model/present-report.js';
import { metricNameOf, parseSeriesKey } from '../core/model/series-key.js';
import type { UserPrincipal } from '../common/principal.js';
import { ForwardingBoard } from './forwarding/forwarding-board.js';
import { HealthWatch } from './health-watch.js';
import type { AgentState } from '../core/model/report.js';
import type { AgentStateModel, LatestValuesModel, MonitorModel, SeriesInfoModel } from './monitor.model.js';
import type { Monitor } from './monitor.entity.js';
import type { MonitorDto, MonitorStatusDto } from './monitor.dto.js';
import { MonitorAccess } from './sharing/monitor-access.js';

/** How far back a series may have been reported last to still count as one that the monitor has. */
const RECENT_MS = 3_600_000;

/** Puts together what the API shows of a monitor: its row, its health, its newest values. */
@Injectable()
export class MonitorPresenter {
  constructor(
    private readonly health: HealthWatch,
    private readonly reader: ReportReader,
    private readonly latest: LatestReports,
    private readonly forwarding: ForwardingBoard,
    private readonly access: MonitorAccess,
    @Inject(HUB_CONFIG) private readonly config: Pick<HubConfig, 'retention'>,
  ) {}

  present(monitor: Monitor): MonitorModel {
    const heard = this.health.lastHeardOf(monitor.id);
    const { id, version, name, description, tags, kind, intervalSeconds, resources, state, createdAt } =
      monitor;
    return {
      ...{ id, version, name, description, tags, kind, intervalSeconds, resources, state, createdAt },
      health: this.health.healthOf(monitor),
      lastReportAt: heard && new Date(heard.reportAt),
      lastReceivedAt: heard && new Date(heard.receivedAt),
      lastError: monitor.lastError,
      identityConflict: monitor.identityConflict && {
        since: new Date(monitor.identityConflict.since),
        boots: monitor.identityConflict.boots,
      },
      lastGoodbyeAt: monitor.lastGoodbyeAt,
      agent: presentAgent(monitor.inventory.agent),
      host: monitor.inventory.host ?? null,
      retention: applyRetention(monitor.retention, this.config.retention),
      losses: {
        droppedValues: monitor.droppedValueCount,
        droppedValuesAt: monitor.droppedValueAt,
        conflicts: monitor.conflictCount,
        conflictsAt: monitor.conflictAt,
      },
      forwarding: this.forwarding.of(monitor.id),
    };
  }

  /** The same as REST gives it to this user. */
  presentTo(user: UserPrincipal, monitor: Monitor): MonitorDto {
    return {
      ...this.present(monitor),
      endpointUrl: this.access.may(user, 'change', monitor) ? monitor.endpointUrl : null,
      hasEndpointApiKey: monitor.endpointApiKey !== null,
    };
  }

  presentStatus(monitor: Monitor): MonitorStatusDto {
    const heard = this.health.lastHeardOf(monitor.id);
    return {
      state: monitor.state,
      health: this.health.healthOf(monitor),
      lastReportAt: heard && new Date(heard.reportAt).toISOString(),
      lastError: monitor.lastError,
      intervalSeconds: monitor.intervalSeconds,
      forwarding: this.forwarding.of(monitor.id),
    };
  }

  /** The newest values of each of these monitors that has any. */
  async readLatest(
    monitorIds: readonly string[],
    metrics?: readonly string[] | null,
  ): Promise<Map<string, LatestValuesModel>> {
    const isWanted = makeSeriesFilter(metrics);
    const latest = await this.latest.readLatest(monitorIds);
    return new Map(
      latest.map(({ monitorId, receivedAt, report, previous }) => [
        monitorId,
        {
          monitorId,
          at: new Date(report.at),
          receivedAt: new Date(receivedAt),
          ...presentReport(report, previous, isWanted),
        },
      ]),
    );
  }

  /**
   * The series that each of these monitors has reported within the last hour, or in its newest report.
   * @param fromAt epoch milliseconds: also those that it has samples of since then
   */
  async readSeries(
    monitorIds: readonly string[],
    fromAt: number | null = null,
  ): Promise<Map<string, SeriesInfoModel[]>> {
    const recentAt = Date.now() - RECENT_MS;
    const layouts = await this.reader.readLayouts(
      monitorIds,
      Math.min(fromAt ?? recentAt, recentAt),
      fromAt !== null,
    );
    for (const { monitorId, report } of await this.latest.readLatest(monitorIds))
      layouts.get(monitorId)?.push(report.layout);
    return new Map([...layouts].map(([monitorId, ofMonitor]) => [monitorId, listSeries(ofMonitor)]));
  }
}

function presentAgent(state: AgentState | undefined): AgentStateModel | null {
  if (!state) return null;
  const { droppedReportsAt: at, ...rest } = state;
  // The agent's word: an instant that no calendar has is none.
  const isInstant = at !== undefined && Math.abs(at) <= 8.64e15;
  return { ...rest, droppedReportsAt: isInstant ? new Date(at) : null };
}

function listSeries(layouts: readonly Layout[]): SeriesInfoModel[] {
  const byKey = new Map<string, SeriesInfoModel>();
  for (const layout of layouts) {
    for (const key of layout.seriesKeys) {
      byKey.set(key, {
        key,
        name: metricNameOf(key),
        labels: { ...parseSeriesKey(key)?.labels },
        unit: layout.unitOf(key),
        kind: layout.kindOf(key),
        isCustom: findMetric(metricNameOf(key)) === undefined,
      });
    }
  }
  return [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}
