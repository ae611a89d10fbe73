import type { OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { EventBus } from '../events/event-bus.js';
import { ReportReader } from '../storage/report-reader.js';
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

/** Watches the silence of every monitor and announces when its health changes. */
@Injectable()
export class HealthWatch implements OnModuleInit {
  private readonly heard = new Map<string, LastHeard>();
  private readonly lastHealth = new Map<string, MonitorHealth>();

  constructor(
    private readonly directory: MonitorDirectory,
    private readonly presence: HubPresence,
    private readonly reader: ReportReader,
    private readonly events: EventBus,
  ) {}

  async onModuleInit(): Promise<void> {
    for (const { monitorId, at, receivedAt } of await this.reader.readLastReceived()) {
      this.heard.set(monitorId, { reportAt: at, receivedAt });
    }
    this.events.on('report.stored', ({ monitorId, receivedAt, reports }) => {
      const reportAt = Math.max(this.heard.get(monitorId)?.reportAt ?? 0, reports.at(-1)!.at);
      this.heard.set(monitorId, { reportAt, receivedAt });
      if (this.lastHealth.get(monitorId) !== 'up') this.recheck(monitorId);
    });
    for (const name of ['monitor.created', 'monitor.changed'] as const) {
      this.events.on(name, ({ monitorId }) => this.recheck(monitorId));
    }
    this.events.on('monitor.deleted', ({ monitorId }) => {
      this.heard.delete(monitorId);
      this.lastHealth.delete(monitorId);
    });
  }

  @Interval(WATCH_EVERY_MS)
  watch(): void {
    const now = Date.now();
    for (const monitor of this.directory.all()) this.check(monitor, now);
  }

  healthOf(monitor: Pick<MonitorSettings, 'id' | 'state' | 'intervalSeconds'>): MonitorHealth {
    const receivedAt = this.heard.get(monitor.id)?.receivedAt ?? null;
    return evaluateHealth(monitor, receivedAt, Date.now(), this.presence.lastAbsence);
  }

  lastHeardOf(monitorId: string): LastHeard | null {
    return this.heard.get(monitorId) ?? null;
  }

  private recheck(monitorId: string): void {
    const monitor = this.directory.find(monitorId);
    if (monitor) this.check(monitor, Date.now());
  }

  private check(monitor: MonitorSettings, now: number): void {
    const receivedAt = this.heard.get(monitor.id)?.receivedAt ?? null;
    const health = evaluateHealth(monitor, receivedAt, now, this.presence.lastAbsence);
    const before = this.lastHealth.get(monitor.id);
    if (health === before) return;
    this.lastHealth.set(monitor.id, health);
    // The first look after a start finds what was there before.
    if (before !== undefined) this.events.announce('monitor.statusChanged', { monitorId: monitor.id });
  }
}
