import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { Injectable, Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { EventBus } from '../events/event-bus.js';
import { IngestionService } from '../ingestion/ingestion.service.js';
import { MonitorDirectory } from '../monitors/monitor-directory.js';
import { MonitorNotes } from '../monitors/monitor-notes.js';
import type { CollectProblem, ReportCollector } from '../probes/collect-report.js';
import { openReportCollector } from '../probes/open-report-collector.js';
import { CollectLoop } from './collect-loop.js';

/** The hub's own worker: one loop for each running local monitor, started, changed and stopped at run time. */
@Injectable()
export class CollectorService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(CollectorService.name);
  private readonly loops = new Map<string, CollectLoop>();
  private isClosing = false;
  /** Said once, not with every round. */
  private lastFault: string | undefined;

  constructor(
    private readonly directory: MonitorDirectory,
    private readonly ingestion: IngestionService,
    private readonly notes: MonitorNotes,
    private readonly scheduler: SchedulerRegistry,
    private readonly events: EventBus,
  ) {}

  onApplicationBootstrap(): void {
    for (const name of ['monitor.created', 'monitor.changed', 'monitor.deleted'] as const) {
      this.events.on(name, ({ monitorId }) => this.follow(monitorId));
    }
    for (const { id } of this.directory.all()) this.follow(id);
  }

  beforeApplicationShutdown(): void {
    this.isClosing = true;
    for (const monitorId of [...this.loops.keys()]) this.stop(monitorId);
  }

  /** Brings the loop of a monitor in line with what the monitor is now. */
  private follow(monitorId: string): void {
    const monitor = this.directory.find(monitorId);
    const shallRun = !this.isClosing && monitor?.kind === 'local' && monitor.state === 'running';
    const loop = this.loops.get(monitorId);
    if (!shallRun) this.stop(monitorId);
    else if (loop) loop.changeInterval(monitor.intervalSeconds);
    else this.start(monitorId, monitor.intervalSeconds);
  }

  private start(monitorId: string, intervalSeconds: number): void {
    const collector = openReportCollector({
      resources: () => this.directory.find(monitorId)?.resources ?? [],
      intervalSeconds: () => this.directory.find(monitorId)?.intervalSeconds ?? intervalSeconds,
    });
    const loop = new CollectLoop(monitorId, intervalSeconds, this.scheduler, {
      prime: async () => (await collector).prime(),
      run: async () => this.collect(monitorId, await collector),
      close: async () => (await collector).close(),
    });
    this.loops.set(monitorId, loop);
    loop.start();
  }

  private stop(monitorId: string): void {
    this.loops.get(monitorId)?.stop();
    this.loops.delete(monitorId);
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
}

function describeProblems(problems: readonly CollectProblem[]): string | null {
  if (problems.length === 0) return null;
  return problems
    .map(({ resource, message }) => `${resource}: ${message}`)
    .join('; ')
    .slice(0, 1_000);
}
