import { SvelteMap } from 'svelte/reactivity';
import { subscribe } from '../graphql/client.ts';
import {
  MonitorStatusChangedDocument,
  ReportsReceivedDocument,
  type MonitorHealth,
} from '../graphql/generated/graphql.ts';
import { readHubNow } from '../graphql/hub-clock.ts';
import { fetchSeries } from '../series/series-api.ts';
import { CURRENT_METRICS, toLatestReport, type LatestReport } from './current-values.ts';
import { fetchMonitors, type MonitorSummary } from './monitors-api.ts';

export type SparkPoint = readonly [at: number, value: number | null];

export const SPARK_RANGE_MS = 15 * 60_000;
const SPARK_METRIC = 'cpu.usagePercent';
const SPARK_POINTS = 120;

/** All monitors with their newest values and a short line of CPU each, kept live. */
export class Fleet {
  monitors = $state.raw<readonly MonitorSummary[]>([]);
  phase = $state<'loading' | 'ready' | 'failed'>('loading');
  error = $state.raw<unknown>();
  readonly latest = new SvelteMap<string, LatestReport>();
  readonly sparks = new SvelteMap<string, readonly SparkPoint[]>();
  /** Changes only when monitors come or go, so that subscriptions outlive a change of status. */
  readonly idList = $derived(
    this.monitors
      .map(({ id }) => id)
      .sort()
      .join(' '),
  );

  async refresh(): Promise<void> {
    try {
      const monitors = await fetchMonitors();
      for (const { id, latest } of monitors) {
        const known = this.latest.get(id);
        const report = latest && toLatestReport(latest);
        if (report && (!known || known.at < report.at)) this.latest.set(id, report);
      }
      this.monitors = sortMonitors(monitors);
      this.phase = 'ready';
      this.error = undefined;
    } catch (error) {
      this.error = error;
      if (this.phase === 'loading') this.phase = 'failed';
    }
  }

  watchStatus(): () => void {
    return subscribe(MonitorStatusChangedDocument, {}, (data) => {
      const changed = data.monitorStatusChanged;
      if (!this.monitors.some(({ id }) => id === changed.id)) return void this.refresh();
      this.put(changed);
    });
  }

  watchReports(monitorIds: string[]): () => void {
    void this.#loadSparks(monitorIds);
    const variables = { monitorIds, metrics: CURRENT_METRICS };
    return subscribe(ReportsReceivedDocument, variables, (data) => {
      for (const report of data.reportsReceived.reports) {
        this.#receive(report.monitorId, toLatestReport(report));
      }
    });
  }

  put(changed: MonitorSummary): void {
    this.monitors = sortMonitors(
      this.monitors.map((monitor) => (monitor.id === changed.id ? { ...monitor, ...changed } : monitor)),
    );
  }

  remove(id: string): void {
    this.monitors = this.monitors.filter((monitor) => monitor.id !== id);
    this.latest.delete(id);
    this.sparks.delete(id);
  }

  countByHealth(): Map<MonitorHealth, number> {
    const counts = new Map<MonitorHealth, number>();
    for (const { health } of this.monitors) counts.set(health, (counts.get(health) ?? 0) + 1);
    return counts;
  }

  #receive(id: string, report: LatestReport): void {
    const known = this.latest.get(id);
    if (known && known.at >= report.at) return;
    this.latest.set(id, report);
    const oldest = readHubNow() - SPARK_RANGE_MS;
    const points = (this.sparks.get(id) ?? []).filter(([at]) => at >= oldest);
    this.sparks.set(id, [...points, [report.at, report.values.get(SPARK_METRIC) ?? null]]);
  }

  async #loadSparks(monitorIds: string[]): Promise<void> {
    const to = readHubNow();
    const from = to - SPARK_RANGE_MS;
    try {
      const series = await fetchSeries({
        monitorIds,
        metrics: [SPARK_METRIC],
        from,
        to,
        maxPoints: SPARK_POINTS,
      });
      for (const { monitorId, mean } of series.columns) {
        const points = series.timestamps.map((at, index) => [at!, mean[index] ?? null] as const);
        const lastAt = points.at(-1)?.[0] ?? 0;
        const newer = (this.sparks.get(monitorId) ?? []).filter(([at]) => at > lastAt);
        this.sparks.set(monitorId, [...points.filter(([, value]) => value !== null), ...newer]);
      }
    } catch {
      // A card without its line is still a card; the next refresh asks again.
    }
  }
}

/** By name, with what is down first. */
function sortMonitors(monitors: readonly MonitorSummary[]): MonitorSummary[] {
  const rank = ({ health }: MonitorSummary) => (health === 'DOWN' ? 0 : 1);
  return [...monitors].sort(
    (a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, undefined, { numeric: true }),
  );
}
