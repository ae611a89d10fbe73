import { setTimeout as sleepFor } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { isMainThread } from 'node:worker_threads';
import type { ReportCollector } from '../probes/collect-report.js';
import { readAgentCommand, type AgentConfig, type MeasuringConfig } from './agent-config.js';
import { createAgentLog } from './agent-log.js';
import { AgentConfigError, HELP } from './agent-settings.js';
import { checkAgent } from './check.js';
import { CustomMetrics } from './custom/custom-metrics.js';
import { toPrintable, toPrintableLine } from './printable.js';
import { isChecksumNative } from './spool/checksum.js';
import { runAgent, type MeasuringSettings } from './run-agent.js';
import { SpoolInUseError } from './spool/spool-lock.js';

/** Put in by the build, from package.json. */
declare const AGENT_VERSION: string;
/** For the bundles that put their own name and version into reports. */
export const agentVersion = (): string => AGENT_VERSION;

/** Opens what measures this machine; settings that are given may change while it runs. */
export type OpenCollector = (
  measuring: MeasuringConfig,
  settings?: Partial<MeasuringSettings>,
) => ReportCollector;

const printError = (line: string): boolean => process.stderr.write(`${toPrintableLine(line)}\n`);

async function printOnce(openCollector: OpenCollector, measuring: MeasuringConfig): Promise<void> {
  const collector = openCollector(measuring);
  collector.prime();
  await sleepFor(1_000);
  const [{ report, problems }, own] = await Promise.all([
    collector.collect(),
    new CustomMetrics(measuring.custom).collect(),
  ]);
  const { custom, leftOut } = own.fit(report);
  process.stdout.write(`${toPrintable(JSON.stringify({ ...report, ...custom }, null, 2))}\n`);
  for (const line of leftOut) printError(`left out of the custom metrics: ${line}`);
  for (const { resource, message } of problems) printError(`${resource}: ${message}`);
  collector.close();
}

async function printCheck(openCollector: OpenCollector, config: AgentConfig): Promise<void> {
  const userAgent = `watchkeeper-agent/${AGENT_VERSION}`;
  const findings = await checkAgent(config, userAgent, () => openCollector(config.measuring));
  for (const { verdict, what, text } of findings) {
    process.stdout.write(`${toPrintableLine(`${verdict.padEnd(5)}  ${what}: ${text}`)}\n`);
  }
  process.exitCode = findings.some(({ verdict }) => verdict === 'fault') ? 1 : 0;
}

/**
 * A program that works for some milliseconds a second gains nothing by the optimizing compiler, whose code and work
 * take 3 MiB of Node 20. The only loop over many bytes is the spool's checksum, where Node does not bring it.
 */
function goWithoutOptimizing(): void {
  if (isChecksumNative) setFlagsFromString('--no-opt');
}

async function run(openCollector: OpenCollector, config: AgentConfig): Promise<void> {
  const { key, proxy, url } = config.hub;
  const secrets = [key, proxy?.password].filter((secret): secret is string => !!secret);
  const log = createAgentLog({ lowest: config.log.level, format: config.log.format, secrets });
  const end = await runAgent(config, {
    version: AGENT_VERSION,
    log,
    openCollector: (settings) => openCollector(config.measuring, settings),
  });
  log('info', 'watching this machine', { hub: url.href, version: AGENT_VERSION });
  let isEnding = false;
  const endOnce = (): void => {
    if (isEnding) return;
    isEnding = true;
    void end().then(() => process.exit(0));
  };
  process.on('SIGTERM', endOnce);
  process.on('SIGINT', endOnce);
}

async function start(open: () => OpenCollector | Promise<OpenCollector>): Promise<void> {
  const command = readAgentCommand(process.argv.slice(2), process.env);
  if (command.kind === 'run') goWithoutOptimizing();
  if (command.kind === 'help') process.stdout.write(HELP);
  else if (command.kind === 'version') process.stdout.write(`${AGENT_VERSION}\n`);
  else if (command.kind === 'once') await printOnce(await open(), command.measuring);
  else if (command.kind === 'check') await printCheck(await open(), command.config);
  else await run(await open(), command.config);
}

/**
 * The agent as a program: reads arguments and environment, and does what they ask for.
 * @param open called once, and only when something is to be measured
 */
export function startAgent(open: () => OpenCollector | Promise<OpenCollector>): void {
  // A thread that asks for the size of a remote mount runs this same file.
  if (!isMainThread) return;
  start(open).catch((error: Error) => {
    const isExpected = error instanceof AgentConfigError || error instanceof SpoolInUseError;
    process.stderr.write(`${toPrintable(isExpected ? error.message : (error.stack ?? error.message))}\n`);
    process.exitCode = isExpected ? 2 : 1;
  });
}
