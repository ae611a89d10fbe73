import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { Injectable, Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { EventBus } from '../events/event-bus.js';
import { IngestionService } from '../ingestion/ingestion.service.js';
import { LiveAudience } from '../monitors/live-audience.js';
import { MonitorDirectory } from '../monitors/monitor-directory.js';
import { MonitorNotes } from '../monitors/monitor-notes.js';
import type { CollectProblem, ReportCollector } from '../probes/collect-report.js';
import { openReportCollector } from '../probes/open-report-collector.js';
import { CollectLoop } from './collect-loop.js';

/** Of a loop that measures for those who look right now. */
const LIVE_INTERVAL_SECONDS = 1;

/**
 * The hub's own worker: one loop for each running local monitor, started, changed and stopped at run time. While
 * somebody looks closely a second one measures each second, with baselines of its own; what it reads is shown and not stored.
 */
@Injectable()
export class CollectorService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(CollectorService.name);
  private readonly loops = new MonitorLoops((monitorId) => this.openLoop(monitorId));
  private readonly bursts = new MonitorLoops((monitorId) => this.openBurst(monitorId));
  private isClosing = false;
  /** Said once, not with every round. */
  private lastFault: string | undefined;

  constructor(
    private readonly directory: MonitorDirectory,
    private readonly ingestion: IngestionService,
    private readonly notes: MonitorNotes,
    private readonly audience: LiveAudience,
    private readonly scheduler: SchedulerRegistry,
    private readonly events: EventBus,
  ) {}

  onApplicationBootstrap(): void {
    for (const name of [
      'monitor.created',
      'monitor.changed',
      'monitor.deleted',
      'audience.changed',
    ] as const) {
      this.events.on(name, ({ monitorId }) => this.follow(monitorId));
    }
    for (const { id } of this.directory.all()) this.follow(id);
  }

  beforeApplicationShutdown(): void {
    this.isClosing = true;
    for (const { id } of this.directory.all()) this.follow(id);
  }

  /** Brings the loops of a monitor in line with what the monitor is now, and with whether somebody looks. */
  private follow(monitorId: string): void {
    const monitor = this.directory.find(monitorId);
    const shallRun = !this.isClosing && monitor?.kind === 'local' && monitor.state === 'running';
    const everySeconds = shallRun ? monitor.intervalSeconds : undefined;
    const isBurst = (everySeconds ?? 0) > LIVE_INTERVAL_SECONDS && this.audience.isWatching(monitorId);
    this.loops.steer(monitorId, everySeconds);
    this.bursts.steer(monitorId, isBurst ? LIVE_INTERVAL_SECONDS : undefined);
  }

  private openLoop(monitorId: string): CollectLoop {
    const { intervalSeconds } = this.directory.find(monitorId)!;
    const askInterval = (): number => this.directory.find(monitorId)?.intervalSeconds ?? intervalSeconds;
    const collector = this.openCollector(monitorId, askInterval);
    return this.createLoop(monitorId, intervalSeconds, collector, (opened) =>
      this.collect(monitorId, opened),
    );
  }

  private openBurst(monitorId: string): CollectLoop {
    const collector = this.openCollector(monitorId, () => LIVE_INTERVAL_SECONDS);
    return this.createLoop(`${monitorId}:live`, LIVE_INTERVAL_SECONDS, collector, (opened) =>
      this.show(monitorId, opened),
    );
  }

  private openCollector(monitorId: string, intervalSeconds: () => number): Promise<ReportCollector> {
    return openReportCollector({
      resources: () => this.directory.find(monitorId)?.resources ?? [],
      intervalSeconds,
    });
  }

  private createLoop(
    name: string,
    intervalSeconds: number,
    collector: Promise<ReportCollector>,
    round: (opened: ReportCollector) => Promise<void>,
  ): CollectLoop {
    return new CollectLoop(name, intervalSeconds, this.scheduler, {
      prime: async () => (await collector).prime(),
      run: async () => round(await collector),
      close: async () => (await collector).close(),
    });
  }

  private async collect(monitorId: string, collector: ReportCollector): Promise<void> {
    const { report, problems } = await collector.collect();
    try {
      const { rejected } = await this.ingestion.ingest(monitorId, report);
      this.lastFault = undefined;
      // A report that was refused has been noted as such.
      if (rejected.length === 0) this.notes.noteError(monitorId, describeProblems(problems));
    } catch (error) {
      // Stopped or deleted while this round ran: nothing is wrong.
      if (this.directory.find(monitorId)?.state !== 'running') return;
      // The next round tries again with fresh values.
      const { message } = error as Error;
      if (message !== this.lastFault) this.logger.warn(`this machine's report was not stored: ${message}`);
      this.lastFault = message;
      this.notes.noteError(monitorId, `not stored: ${message}`);
    }
  }

  private async show(monitorId: string, collector: ReportCollector): Promise<void> {
    const { report } = await collector.collect();
    // Nobody looks any more, or the monitor was stopped: what was read is for no one.
    if (!this.bursts.has(monitorId)) return;
    // Where it cannot be shown the stored ones fail too, and say why.
    await this.ingestion.ingest(monitorId, { ...report, live: true }).catch(() => undefined);
  }
}

/** At most one loop of a kind for each monitor. */
class MonitorLoops {
  private readonly loops = new Map<string, CollectLoop>();

  constructor(private readonly open: (monitorId: string) => CollectLoop) {}

  has(monitorId: string): boolean {
    return this.loops.has(monitorId);
  }

  /** @param intervalSeconds undefined: the monitor's loop shall not run */
  steer(monitorId: string, intervalSeconds: number | undefined): void {
    const running = this.loops.get(monitorId);
    if (intervalSeconds === undefined) {
      running?.stop();
      this.loops.delete(monitorId);
    } else if (running) running.changeInterval(intervalSeconds);
    else {
      const loop = this.open(monitorId);
      this.loops.set(monitorId, loop);
      loop.start();
    }
  }
}

function describeProblems(problems: readonly CollectProblem[]): string | null {
  if (problems.length === 0) return null;
  return problems
    .map(({ resource, message }) => `${resource}: ${message}`)
    .join('; ')
    .slice(0, 1_000);
}
