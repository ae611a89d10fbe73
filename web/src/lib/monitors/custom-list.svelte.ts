import { toLatestReport } from './current-values.ts';
import type { CustomSeries } from './custom-charts.ts';
import { fetchMonitorSeries } from './monitors-api.ts';

/** New series show within this time. */
const ASK_EVERY_MS = 30_000;

/** The custom metrics that a monitor has or has had within the charts' range, asked for now and then. */
export class CustomList {
  /** Undefined until the hub has said it. */
  series = $state.raw<readonly CustomSeries[]>();
  latest = $state.raw<ReadonlyMap<string, number | null>>(new Map());

  /** @param rangeMs gives how far back the charts look */
  constructor(
    readonly monitorId: string,
    readonly rangeMs: () => number,
  ) {}

  /** Asks until the returned stop; in an effect, again when the range changes. */
  watch(): () => void {
    void this.#ask();
    const timer = setInterval(() => void this.#ask(), ASK_EVERY_MS);
    return () => clearInterval(timer);
  }

  async #ask(): Promise<void> {
    const from = new Date(Date.now() - this.rangeMs()).toISOString();
    // What fails is asked for again; the connection's own badge says that the hub is away.
    const found = await fetchMonitorSeries(this.monitorId, from).catch(() => undefined);
    if (!found) return;
    this.latest = found.latest ? toLatestReport(found.latest).values : new Map();
    this.series = found.metrics.filter(({ isCustom }) => isCustom);
  }
}
