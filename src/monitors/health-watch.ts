import type { OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { MAX_INTERVAL_SECONDS } from '../core/model/limits.js';
import { EventBus } from '../events/event-bus.js';
import { LatestReports } from '../storage/latest-reports.js';
import { Goodbyes } from './goodbyes.js';
import { HubPresence } from './hub-presence.js';
import type { MonitorSettings } from './monitor-directory.js';
import { MonitorDirectory } from './monitor-directory.js';
import type { MonitorHealth } from './monitor-health.js';
import { evaluateHealth } from './monitor-health.js';

const WATCH_EVERY_MS = 1_000;

/** When a monitor was last heard of; both epoch milliseconds. */
export interface LastHeard {
  /** The instant of its newest report, on the sender's clock. */
  readonly reportAt: number;
  /** When the hub received the last report, on the hub's clock. */
  readonly receivedAt: number;
}

interface Listening extends LastHeard {
  /** What its sender keeps between reports: after a change of the setting it learns that only with its next report. */
  readonly intervalMs: number;
}

/** Watches the silence of every monitor and announces when its health changes. */
@Injectable()
export class HealthWatch implements OnModuleInit {
  private readonly heard = new Map<string, Listening>();
  private readonly resumedAt = new Map<string, number>();
  private readonly lastHealth = new Map<string, MonitorHealth>();

  constructor(
    private readonly directory: MonitorDirectory,
    private readonly presence: HubPresence,
    private readonly goodbyes: Goodbyes,
    private readonly latest: LatestReports,
    private readonly events: EventBus,
  ) {}

  async onModuleInit(): Promise<void> {
    for (const { monitorId, at, receivedAt, intervalMs } of await this.latest.readLastReceived()) {
      this.heard.set(monitorId, { reportAt: at, receivedAt, intervalMs });
    }
    this.events.on('report.stored', ({ monitorId, receivedAt, reports }) => {
      const newest = reports.at(-1)!;
      const known = this.heard.get(monitorId);
      const { at, intervalMs } =
        known && known.reportAt > newest.at ? { at: known.reportAt, intervalMs: known.intervalMs } : newest;
      this.heard.set(monitorId, { reportAt: at, receivedAt, intervalMs });
      if (this.lastHealth.get(monitorId) !== 'up') this.recheck(monitorId);
    });
    for (const name of ['monitor.created', 'monitor.changed'] as const) {
      this.events.on(name, ({ monitorId }) => this.recheck(monitorId));
    }
    this.events.on('monitor.deleted', ({ monitorId }) => {
      this.heard.delete(monitorId);
      this.resumedAt.delete(monitorId);
      this.lastHealth.delete(monitorId);
    });
  }

  @Interval(WATCH_EVERY_MS)
  watch(): void {
    const now = Date.now();
    for (const monitor of this.directory.all()) this.check(monitor, now);
  }

  healthOf(monitor: Pick<MonitorSettings, 'id' | 'state' | 'intervalSeconds'>): MonitorHealth {
    return this.evaluate(monitor, Date.now());
  }

  lastHeardOf(monitorId: string): LastHeard | null {
    return this.heard.get(monitorId) ?? null;
  }

  private recheck(monitorId: string): void {
    const monitor = this.directory.find(monitorId);
    if (monitor) this.check(monitor, Date.now());
  }

  private check(monitor: MonitorSettings, now: number): void {
    const before = this.lastHealth.get(monitor.id);
    // The silence of a stopped monitor was asked for: it is counted from its start.
    if (before === 'paused' && monitor.state === 'running') this.resumedAt.set(monitor.id, now);
    const health = this.evaluate(monitor, now);
    if (health === before) return;
    this.lastHealth.set(monitor.id, health);
    // The first look after a start finds what was there before.
    if (before !== undefined) this.events.announce('monitor.statusChanged', { monitorId: monitor.id });
  }

  private evaluate(
    { id, state, intervalSeconds }: Pick<MonitorSettings, 'id' | 'state' | 'intervalSeconds'>,
    now: number,
  ): MonitorHealth {
    const heard = this.heard.get(id);
    // A clock that was set back would let a silent machine look alive until it is where it was.
    if (heard && heard.receivedAt > now) this.heard.set(id, { ...heard, receivedAt: now });
    const receivedAt = heard ? Math.min(heard.receivedAt, now) : null;
    const keptSeconds = Math.min((heard?.intervalMs ?? 0) / 1000, MAX_INTERVAL_SECONDS);
    return evaluateHealth(
      { state, intervalSeconds: Math.max(intervalSeconds, keptSeconds) },
      { receivedAt, resumedAt: this.resumedAt.get(id), goodbyeAt: this.goodbyes.lastOf(id) },
      now,
      this.presence.absences,
    );
  }
}
