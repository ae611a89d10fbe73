import { setTimeout as sleepFor } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { createReportCollector, type ReportCollector } from '../probes/collect-report.js';
import { MachineFiles } from '../probes/machine-files.js';
import { AgentConfigError, HELP, readAgentCommand, type MeasuringConfig } from './agent-config.js';
import { createAgentLog } from './agent-log.js';
import { runAgent, type MeasuringSettings } from './run-agent.js';

/** Put in by the build, from package.json. */
declare const AGENT_VERSION: string;

function openCollector(measuring: MeasuringConfig, settings: MeasuringSettings): ReportCollector {
  if (process.platform !== 'linux') {
    throw new AgentConfigError(
      'this agent reads Linux; on other systems run a hub, which watches its own machine',
    );
  }
  const { rootfs, includeMounts, includeInterfaces } = measuring;
  return createReportCollector({
    ...settings,
    files: new MachineFiles({ rootfs }),
    includeMounts,
    includeInterfaces,
    agentVersion: AGENT_VERSION,
  });
}

async function printOnce(measuring: MeasuringConfig): Promise<void> {
  const collector = openCollector(measuring, {
    resources: () => measuring.resources,
    intervalSeconds: () => measuring.intervalSeconds,
  });
  collector.prime();
  await sleepFor(1_000);
  const { report, problems } = await collector.collect();
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  for (const { resource, message } of problems) process.stderr.write(`${resource}: ${message}\n`);
  collector.close();
}

async function start(): Promise<void> {
  const command = readAgentCommand(process.argv.slice(2), process.env);
  if (command.kind === 'help') return void process.stdout.write(HELP);
  if (command.kind === 'version') return void process.stdout.write(`${AGENT_VERSION}\n`);
  if (command.kind === 'once') return printOnce(command.measuring);

  const { config } = command;
  const log = createAgentLog(config.logLevel, config.key);
  const end = runAgent(config, {
    version: AGENT_VERSION,
    log,
    openCollector: (settings) => openCollector(config.measuring, settings),
  });
  log('info', 'watching this machine', { hub: config.url.href, version: AGENT_VERSION });
  let isEnding = false;
  const endOnce = (): void => {
    if (isEnding) return;
    isEnding = true;
    void end().then(() => process.exit(0));
  };
  process.on('SIGTERM', endOnce);
  process.on('SIGINT', endOnce);
}

// A thread that asks for the size of a remote mount runs this same file.
if (isMainThread) {
  start().catch((error: Error) => {
    process.stderr.write(
      `${error instanceof AgentConfigError ? error.message : (error.stack ?? error.message)}\n`,
    );
    process.exitCode = error instanceof AgentConfigError ? 2 : 1;
  });
}
