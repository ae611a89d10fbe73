import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Resource } from '../core/model/metric-catalog.js';
import type { ReportCollector } from '../probes/collect-report.js';
import { AgentClock } from './agent-clock.js';
import type { AgentConfig } from './agent-config.js';
import type { AgentLog } from './agent-log.js';
import { AgentStateTurn } from './agent-state.js';
import { CustomMetrics } from './custom/custom-metrics.js';
import type { HubAnswer, MonitorConfig } from './hub-answer.js';
import { HubConnection } from './hub-connection.js';
import { LiveBurst } from './live-burst.js';
import { hashToShare, ReportLoop } from './report-loop.js';
import { ReportSender } from './report-sender.js';
import { Spool } from './spool/spool.js';

const FINISH_MS = 2_000;
/** The first report waits this long for the hub's time. */
const FIRST_ANSWER_MS = 3_000;

export interface AgentParts {
  version: string;
  log: AgentLog;
  /** Opens a collector on settings that the hub may change while it runs. */
  openCollector: (settings: MeasuringSettings) => ReportCollector;
}

export interface MeasuringSettings {
  resources: () => readonly Resource[];
  intervalSeconds: () => number;
  /** Epoch milliseconds. */
  clock: () => number;
}

/**
 * Measures and reports until the returned function is called; that one tells the hub that the end was meant.
 * @throws SpoolInUseError
 */
export async function runAgent(config: AgentConfig, parts: AgentParts): Promise<() => Promise<void>> {
  const { log } = parts;
  const clock = new AgentClock();
  const spool = await Spool.open({ ...config.spool, log, now: clock.now });
  const connection = new HubConnection({ ...config.hub, userAgent: `watchkeeper-agent/${parts.version}` });
  const agent = new RunningAgent(config, parts, clock, spool, connection);
  agent.start();
  return () => agent.end();
}

class RunningAgent {
  private intervalSeconds: number;
  private resources: readonly Resource[];
  private readonly collector: ReportCollector;
  private readonly loop: ReportLoop;
  private readonly burst: LiveBurst;
  private readonly sender: ReportSender;
  private readonly state: AgentStateTurn;
  private readonly custom: CustomMetrics;
  private readonly logProblems: (problems: readonly string[]) => void;
  private readonly logLeftOut: (problems: readonly string[]) => void;
  private firstAnswer: Promise<unknown> | undefined;
  private isMistrusting = false;
  private isEnding = false;

  constructor(
    private readonly config: AgentConfig,
    { log, openCollector }: AgentParts,
    private readonly clock: AgentClock,
    private readonly spool: Spool,
    private readonly connection: HubConnection,
  ) {
    this.log = log;
    ({ intervalSeconds: this.intervalSeconds, resources: this.resources } = config.measuring);
    const shared = { resources: () => this.resources, clock: clock.now };
    const phaseShare = hashToShare(config.hub.key);
    this.collector = openCollector({ ...shared, intervalSeconds: () => this.intervalSeconds });
    this.loop = new ReportLoop({
      prime: () => this.collector.prime(),
      collect: () => this.collect(),
      intervalMs: () => this.intervalSeconds * 1_000,
      phaseShare,
    });
    this.burst = new LiveBurst({
      openCollector: () => openCollector({ ...shared, intervalSeconds: () => 1 }),
      send: (json) => this.sender.sendLive(json),
      phaseShare,
    });
    this.state = new AgentStateTurn(clock, spool);
    this.custom = new CustomMetrics(config.measuring.custom);
    this.logProblems = createProblemLog(log, ['cannot be measured', 'can be measured again']);
    this.logLeftOut = createProblemLog(log, ['left out of the custom metrics', 'no longer left out']);
    this.sender = new ReportSender(
      {
        ...{ spool, connection, log },
        onAnswer: (answer, roundTripMs) => this.learn(answer, roundTripMs),
        onTaken: (next) => this.goOn(next),
        onStopped: () => this.pause(),
      },
      {
        sleep: (ms, signal) => sleepFor(ms, undefined, { signal }).catch(() => undefined),
        random: Math.random,
      },
    );
  }

  private readonly log: AgentLog;

  start(): void {
    this.custom.open();
    this.firstAnswer = Promise.race([
      this.sender.ask(),
      sleepFor(FIRST_ANSWER_MS, undefined, { ref: false }),
    ]);
    this.loop.start();
  }

  async end(): Promise<void> {
    this.isEnding = true;
    this.loop.stop();
    this.burst.stop();
    this.custom.close();
    await Promise.race([this.sender.sayGoodbye(), sleepFor(FINISH_MS)]);
    if (this.spool.size > 0) {
      const where = this.config.spool.path === undefined || this.spool.trouble ? 'lost' : 'kept';
      this.log('warn', `ended with reports that the hub did not get: ${where}`, { count: this.spool.size });
    }
    await Promise.race([this.spool.close(), sleepFor(FINISH_MS)]);
    this.connection.close();
    this.collector.close();
  }

  private async collect(): Promise<void> {
    // A wrong clock would have the first reports refused: the hub's answer comes before them.
    await this.firstAnswer;
    if (!this.isClockTrusted()) return void this.sender.ask();
    const [{ report, problems }, own] = await Promise.all([this.collector.collect(), this.custom.collect()]);
    this.logProblems(problems.map(({ resource, message }) => `${resource}: ${message}`));
    const { custom, leftOut } = own.fit(report);
    this.logLeftOut(leftOut);
    if (this.isEnding) return;
    const agent = this.state.takeDue(report.at);
    // The disk may be slow: the next reading does not wait for it.
    void this.spool
      .add(JSON.stringify({ ...report, ...custom, agent }), report.at)
      .then(() => this.sender.wake());
  }

  private isClockTrusted(): boolean {
    const { isTrusted } = this.clock;
    if (isTrusted !== this.isMistrusting) return isTrusted;
    this.isMistrusting = !isTrusted;
    if (isTrusted) this.log('info', 'the time is known: measuring');
    else this.log('warn', 'the clock of this machine is not set: measuring when the hub has told the time');
    return isTrusted;
  }

  private learn({ now }: HubAnswer, roundTripMs: number): void {
    if (now === undefined) return;
    const wasCorrecting = this.clock.isCorrecting;
    this.clock.learn(now, roundTripMs);
    const { isCorrecting, offsetMs } = this.clock;
    if (isCorrecting === wasCorrecting) return;
    if (!isCorrecting) return this.log('info', 'the clock of this machine is right again');
    const message = "the clock of this machine is far off: reports carry the hub's time";
    this.log('warn', message, { offsetSeconds: Math.round(offsetMs! / 1_000) });
  }

  private goOn(next?: MonitorConfig): void {
    if (this.isEnding) return;
    if (next) this.take(next);
    this.loop.start();
  }

  private take(next: MonitorConfig): void {
    this.burst.follow(next.live && next.intervalSeconds > 1);
    const chosen = this.config.measuring.resources.filter((one) => next.resources.includes(one));
    const isNewInterval = next.intervalSeconds !== this.intervalSeconds;
    if (!isNewInterval && chosen.join() === this.resources.join()) return;
    this.intervalSeconds = next.intervalSeconds;
    this.resources = chosen;
    const { intervalSeconds, version } = next;
    this.log('info', 'the hub changed what is measured', { intervalSeconds, resources: chosen, version });
    if (isNewInterval) this.loop.reschedule();
  }

  private pause(): void {
    this.burst.stop();
    this.loop.stop();
  }
}

/** Names a problem when it appears and when it is over, not at every report. */
function createProblemLog(
  log: AgentLog,
  [appears, isOver]: readonly [string, string],
): (problems: readonly string[]) => void {
  let known = new Set<string>();
  return (problems) => {
    const current = new Set(problems);
    for (const one of current) if (!known.has(one)) log('warn', appears, { problem: one });
    for (const one of known) if (!current.has(one)) log('info', isOver, { problem: one });
    known = current;
  };
}
