import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleepFor } from 'node:timers/promises';
import type { ReportCollector } from '../probes/collect-report.js';
import type { AgentConfig, SpoolConfig } from './agent-config.js';
import { CustomMetrics } from './custom/custom-metrics.js';
import { readHubAnswer } from './hub-answer.js';
import { HubConnection, type HubResponse } from './hub-connection.js';
import { findHolder } from './spool/spool-lock.js';

/** One thing that was looked at. `note` is no fault and worth knowing. */
export interface Finding {
  verdict: 'ok' | 'note' | 'fault';
  what: string;
  text: string;
}

const BASELINE_MS = 1_000;
const NOTABLE_OFFSET_MS = 30_000;

/** Looks at all that the agent needs, and changes nothing: no report is sent, no spool is made. */
export async function checkAgent(
  config: AgentConfig,
  userAgent: string,
  openCollector: () => ReportCollector,
): Promise<Finding[]> {
  const [hub, probes] = await Promise.all([checkHub(config, userAgent), checkProbes(config, openCollector)]);
  return [...hub, ...(await checkSpool(config.spool)), ...probes, ...(await checkCustom(config))];
}

async function checkCustom({ measuring: { custom } }: AgentConfig): Promise<Finding[]> {
  const { dropIn } = custom;
  const { custom: part, leftOut } = (await new CustomMetrics({ dropIn }).collect()).fit({ at: 0 });
  const what = `custom metrics ${dropIn?.path ?? ''}`.trim();
  const count = part.custom?.length ?? 0;
  const found: Finding[] = count > 0 ? [{ verdict: 'ok', what, text: `${count} values` }] : [];
  return [...found, ...leftOut.map((text): Finding => ({ verdict: 'fault', what: 'custom metrics', text }))];
}

async function checkHub(config: AgentConfig, userAgent: string): Promise<Finding[]> {
  const connection = new HubConnection({ ...config.hub, userAgent });
  const startedAt = performance.now();
  const what = `hub ${config.hub.url.href}`;
  try {
    const response = await connection.post('{"reports":[]}');
    return judgeHub(what, response, performance.now() - startedAt);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return [{ verdict: 'fault', what, text: explain(code ?? message, config) }];
  } finally {
    connection.close();
  }
}

function judgeHub(what: string, { status, body }: HubResponse, tookMs: number): Finding[] {
  const reached: Finding = { verdict: 'ok', what, text: `answers within ${Math.ceil(tookMs)} ms` };
  const fault = (text: string): Finding[] => [reached, { verdict: 'fault', what: 'key', text }];
  if (status === 401 || status === 403)
    return fault('the hub does not accept it: make a new one on the page');
  if (status === 409) {
    return [reached, { verdict: 'note', what: 'key', text: 'accepted; its monitor is stopped on the hub' }];
  }
  if (status === 429 || status >= 500) return fault(`the hub is not ready (status ${status}): try again`);
  const { judged, now, config } = readHubAnswer(body);
  if (status !== 200 || judged === undefined) {
    return [{ verdict: 'fault', what, text: `what answers there is no hub (status ${status}): check --url` }];
  }
  const wishes = config ? `; reports every ${config.intervalSeconds} s: ${config.resources.join(', ')}` : '';
  return [
    reached,
    { verdict: 'ok', what: 'key', text: `accepted${wishes}` },
    ...(now === undefined ? [] : [judgeClock(now + tookMs / 2 - Date.now())]),
  ];
}

function judgeClock(offsetMs: number): Finding {
  const seconds = Math.round(Math.abs(offsetMs) / 1_000);
  if (Math.abs(offsetMs) < NOTABLE_OFFSET_MS) return { verdict: 'ok', what: 'clock', text: 'as the hub’s' };
  const side = offsetMs > 0 ? 'behind' : 'ahead of';
  return {
    verdict: 'note',
    what: 'clock',
    text: `${seconds} s ${side} the hub’s: set up time synchronisation`,
  };
}

/** The line that helps with what Node says of a connection that failed. */
function explain(reason: string, { hub: { url, ca, proxy } }: AgentConfig): string {
  const way = proxy ? ` through the proxy ${proxy.host}` : '';
  if (reason === 'ENOTFOUND' || reason === 'EAI_AGAIN') return `its name is not known here (${reason})${way}`;
  if (reason === 'ECONNREFUSED') return `nothing listens at ${url.host}${way} (${reason})`;
  if (reason === 'WRONG_PIN')
    return 'its key is not the one of --pin: compare with what the hub prints at its start';
  if (/SELF_SIGNED|UNABLE_TO|CERT|ALTNAME/.test(reason)) {
    const advice =
      ca === undefined
        ? ': give its authority with --ca-file, or its key with --pin'
        : ': not signed by what --ca-file holds';
    return `its certificate is not trusted (${reason})${advice}`;
  }
  return `cannot be reached${way} (${reason})`;
}

async function checkSpool({ path, maxBytes }: SpoolConfig): Promise<Finding[]> {
  const what = `spool ${path ?? 'none'}`;
  if (path === undefined) {
    return [{ verdict: 'note', what, text: 'reports wait in memory only: a restart loses them' }];
  }
  const holder = await findHolder(path);
  if (holder !== undefined) {
    return [{ verdict: 'note', what, text: `an agent is at work on it (${holder})` }];
  }
  let folder = path;
  while (!exists(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return [
      { verdict: 'fault', what, text: `cannot be written (${code}): reports would wait in memory only` },
    ];
  }
  if (folder === path && (statSync(path).mode & 0o022) !== 0) {
    return [{ verdict: 'fault', what, text: 'others may write there: take a folder of its own (chmod 700)' }];
  }
  return [{ verdict: 'ok', what, text: `can be written, up to ${Math.round(maxBytes / 1024 ** 2)} MiB` }];
}

function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

async function checkProbes(config: AgentConfig, openCollector: () => ReportCollector): Promise<Finding[]> {
  const collector = openCollector();
  try {
    collector.prime();
    await sleepFor(BASELINE_MS);
    const { report, problems } = await collector.collect();
    return config.measuring.resources.flatMap((resource): Finding[] => {
      const texts = problems.filter((problem) => problem.resource === resource).map(({ message }) => message);
      const faults = texts.map((text): Finding => ({ verdict: 'fault', what: resource, text }));
      const part: unknown = (report as unknown as Record<string, unknown>)[resource];
      if (part === undefined && faults.length === 0) {
        return [{ verdict: 'note', what: resource, text: 'nothing to report on this machine' }];
      }
      const text = Array.isArray(part) ? `${part.length} found` : 'can be read';
      return part === undefined ? faults : [{ verdict: 'ok', what: resource, text }, ...faults];
    });
  } finally {
    collector.close();
  }
}
