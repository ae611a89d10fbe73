import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Resource } from '../core/model/metric-catalog.js';
import type { Collection, ReportCollector } from '../probes/collect-report.js';
import type { AgentConfig } from './agent-config.js';
import type { AgentLog } from './agent-log.js';
import type { MonitorConfig } from './hub-answer.js';
import { HubConnection } from './hub-connection.js';
import { hashToShare, ReportLoop } from './report-loop.js';
import { MemoryReportQueue } from './report-queue.js';
import { ReportSender } from './report-sender.js';

const FINISH_MS = 2_000;

export interface AgentParts {
  version: string;
  log: AgentLog;
  /** Opens the collector on settings that the hub may change while it runs. */
  openCollector: (settings: MeasuringSettings) => ReportCollector;
}

export interface MeasuringSettings {
  resources: () => readonly Resource[];
  intervalSeconds: () => number;
}

/** Measures and reports until the returned function is called; that one makes a last try to send. */
export function runAgent(
  config: AgentConfig,
  { version, log, openCollector }: AgentParts,
): () => Promise<void> {
  let { intervalSeconds, resources } = config.measuring;
  const collector = openCollector({ resources: () => resources, intervalSeconds: () => intervalSeconds });
  const queue = new MemoryReportQueue(config.queueSize);
  const connection = new HubConnection({
    url: config.url,
    key: config.key,
    userAgent: `watchkeeper-agent/${version}`,
  });
  const logProblems = createProblemLog(log);

  const loop = new ReportLoop({
    prime: () => collector.prime(),
    collect: async () => {
      const { report, problems } = await collector.collect();
      logProblems(problems);
      queue.push(JSON.stringify(report));
      if (queue.droppedCount === 1) log('warn', 'the queue is full: the oldest reports are given up');
      sender.wake();
    },
    intervalMs: () => intervalSeconds * 1_000,
    phaseShare: hashToShare(config.key),
  });

  const takeConfig = (next: MonitorConfig): void => {
    const chosen = config.measuring.resources.filter((resource) => next.resources.includes(resource));
    if (next.intervalSeconds === intervalSeconds && chosen.join() === resources.join()) return;
    const isNewInterval = next.intervalSeconds !== intervalSeconds;
    ({ intervalSeconds } = next);
    resources = chosen;
    log('info', 'the hub changed what is measured', { intervalSeconds, resources, version: next.version });
    if (isNewInterval) loop.reschedule();
  };

  const sender = new ReportSender(
    {
      queue,
      connection,
      log,
      onTaken: (next) => {
        if (next) takeConfig(next);
        loop.start();
      },
      onStopped: () => loop.stop(),
    },
    {
      sleep: (ms, signal) => sleepFor(ms, undefined, { signal }).catch(() => undefined),
      random: Math.random,
    },
  );

  loop.start();
  return async () => {
    loop.stop();
    await Promise.race([sender.finish(), sleepFor(FINISH_MS)]);
    if (queue.size > 0) log('warn', 'ended with reports that the hub did not get', { count: queue.size });
    connection.close();
    collector.close();
  };
}

/** Names a problem when it appears and when it is over, not at every report. */
function createProblemLog(log: AgentLog): (problems: Collection['problems']) => void {
  let known = new Set<string>();
  return (problems) => {
    const current = new Set(problems.map(({ resource, message }) => `${resource}: ${message}`));
    for (const one of current) if (!known.has(one)) log('warn', 'cannot be measured', { problem: one });
    for (const one of known) if (!current.has(one)) log('info', 'can be measured again', { problem: one });
    known = current;
  };
}
