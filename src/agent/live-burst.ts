import type { Report } from '../core/model/report.js';
import type { ReportCollector } from '../probes/collect-report.js';
import { ReportLoop } from './report-loop.js';

const BURST_INTERVAL_MS = 1_000;
/** When the hub falls silent, nobody looks. */
const WITHOUT_WORD_MS = 5_000;

export interface LiveBurstParts {
  /** A collector of its own: its window of a second must not shorten the one of the regular reports. */
  openCollector: () => ReportCollector;
  /** Hands the report to the hub at once, or drops it. */
  send: (json: string) => Promise<void>;
  phaseShare: number;
}

/** Reports each second while somebody looks at this machine. These reports are shown and not kept. */
export class LiveBurst {
  private running: { loop: ReportLoop; collector: ReportCollector } | undefined;
  private silence: NodeJS.Timeout | undefined;

  constructor(private readonly parts: LiveBurstParts) {}

  /** Call it with every answer of the hub. */
  follow(isWatched: boolean): void {
    clearTimeout(this.silence);
    if (!isWatched) return this.stop();
    this.silence = setTimeout(() => this.stop(), WITHOUT_WORD_MS);
    this.silence.unref();
    if (!this.running) this.start();
  }

  stop(): void {
    clearTimeout(this.silence);
    const { running } = this;
    this.running = undefined;
    running?.loop.stop();
    running?.collector.close();
  }

  private start(): void {
    const collector = this.parts.openCollector();
    const loop = new ReportLoop({
      prime: () => collector.prime(),
      collect: async () => {
        const { report } = await collector.collect();
        // Stopped while it was measured: nobody looks any more.
        if (this.running?.collector !== collector) return;
        await this.parts.send(JSON.stringify({ ...report, live: true } satisfies Report & { live: true }));
      },
      intervalMs: () => BURST_INTERVAL_MS,
      phaseShare: this.parts.phaseShare,
    });
    this.running = { loop, collector };
    loop.start();
  }
}
