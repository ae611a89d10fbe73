import { untrack } from 'svelte';
import { subscribe } from '../graphql/client.ts';
import {
  ReportsReceivedDocument,
  SamplesBackfilledDocument,
  type ReportsReceivedSubscription,
} from '../graphql/generated/graphql.ts';
import { readHubNow } from '../graphql/hub-clock.ts';
import { fetchSeries } from './series-api.ts';
import { SeriesWindow } from './series-window.ts';

type LiveReport = ReportsReceivedSubscription['reportsReceived']['reports'][number];

export interface LiveSeriesOptions {
  readonly monitorId: string;
  readonly intervalMs: number;
  readonly rangeMs: number;
  readonly metrics: string[];
  readonly maxPoints: number;
}

/** Buckets are asked for anew at most this often: live reports keep the last one moving meanwhile. */
const SHORTEST_REFRESH_MS = 15_000;
/** Reports of a burst are a second apart, give or take. */
const BURST_SPACING_MS = 3_000;
/** The hub's clock and a sender's may differ by a little; what is newest must not be cut off. */
const AHEAD_MS = 60_000;

/** One monitor's window, loaded by query and kept moving by subscription. */
export class LiveSeries {
  phase = $state<'loading' | 'ready' | 'failed'>('loading');
  error = $state.raw<unknown>();
  /** The newest live report in full, buckets or not. */
  latest = $state.raw<{ at: number; values: Map<string, number | null> }>();
  /** Reports come each second, as somebody looks, and not each interval. */
  isBurst = $state(false);
  readonly #window: SeriesWindow;
  /** Grows with each change of the window, which is no reactive object itself. */
  #revision = $state(0);
  #loading: Promise<void> | undefined;
  #refreshedAt = 0;
  /** The newest live report that had none of these series: it says nothing about them. */
  #passedAt = 0;

  constructor(readonly options: LiveSeriesOptions) {
    this.#window = new SeriesWindow(options.intervalMs);
  }

  /** Reactive: whoever reads it is run again when its points change. */
  get window(): SeriesWindow {
    void this.#revision;
    return this.#window;
  }

  /** Subscribes, catches up, and returns the stop. Call it in an effect; it reads no state. */
  start(): () => void {
    const { monitorId, metrics } = this.options;
    const monitorIds = [monitorId];
    const stops = [
      subscribe(ReportsReceivedDocument, { monitorIds, metrics }, (data) => {
        for (const report of data.reportsReceived.reports) this.#receive(report);
      }),
      subscribe(SamplesBackfilledDocument, { monitorIds }, () => void this.reload()),
    ];
    void untrack(() => this.catchUp());
    return () => stops.forEach((stop) => stop());
  }

  /** Loads the whole range, or only what came after the last point. */
  catchUp(): Promise<void> {
    return this.phase === 'ready' && this.#window.lastAt !== undefined ? this.#fetchTail() : this.reload();
  }

  reload(): Promise<void> {
    return this.#runOnce(async () => {
      const now = readHubNow();
      const answer = await this.#fetch(now - this.options.rangeMs, now + AHEAD_MS);
      this.#window.load(answer);
      this.phase = 'ready';
    });
  }

  #fetchTail(): Promise<void> {
    return this.#runOnce(async () => {
      const window = this.#window;
      const from = window.lastAt ?? 0;
      const now = readHubNow();
      // In buckets a short question would be answered in finer points than the window's.
      if (window.bucketMs > 0 || from <= now - this.options.rangeMs) {
        window.load(await this.#fetch(now - this.options.rangeMs, now + AHEAD_MS));
      } else {
        window.merge(await this.#fetch(from, now + AHEAD_MS));
      }
    });
  }

  #fetch(from: number, to: number) {
    const { monitorId, metrics, maxPoints } = this.options;
    return fetchSeries({ monitorIds: [monitorId], metrics, from, to, maxPoints });
  }

  async #runOnce(work: () => Promise<void>): Promise<void> {
    this.#loading ??= work()
      .then(() => {
        this.error = undefined;
        this.#refreshedAt = readHubNow();
        this.#changed();
      })
      .catch((error: unknown) => {
        this.error = error;
        if (this.phase === 'loading') this.phase = 'failed';
      })
      .finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  #receive(report: LiveReport): void {
    if (report.monitorId !== this.options.monitorId) return;
    const window = this.#window;
    const at = Date.parse(report.at);
    if (at > (this.latest?.at ?? 0)) {
      if (this.latest)
        this.isBurst = at - this.latest.at < Math.min(BURST_SPACING_MS, this.options.intervalMs);
      this.latest = { at, values: new Map(report.metrics.map((key, i) => [key, report.values[i] ?? null])) };
    }
    if (this.phase !== 'ready') return;
    if (report.metrics.length === 0) {
      this.#passedAt = at;
      return;
    }
    const lastAt = window.lastAt;
    const previousAt = report.previousAt ? Date.parse(report.previousAt) : undefined;
    const isBucketed = window.bucketMs > 0;
    const missed =
      !isBucketed &&
      lastAt !== undefined &&
      previousAt !== undefined &&
      previousAt > Math.max(lastAt, this.#passedAt);
    if (!window.addReport(at, report.metrics, report.values)) return;
    window.trim(readHubNow() - this.options.rangeMs);
    this.#changed();
    // A short history comes in full even for a long range; grown long, it is asked for in buckets.
    if (window.timestamps.length > 2 * this.options.maxPoints) void this.reload();
    else if (missed) void this.#fillHole(lastAt, at);
    else if (
      isBucketed &&
      readHubNow() - this.#refreshedAt > Math.max(window.bucketMs, SHORTEST_REFRESH_MS)
    ) {
      void this.#fetchTail();
    }
  }

  async #fillHole(from: number, to: number): Promise<void> {
    await this.#loading;
    await this.#runOnce(async () => {
      this.#window.merge(await this.#fetch(from, Math.max(to, this.#window.lastAt ?? to) + AHEAD_MS));
    });
  }

  #changed(): void {
    this.#revision += 1;
  }
}
