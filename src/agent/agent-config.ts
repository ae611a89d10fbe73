import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { RESOURCES, type Resource } from '../core/model/metric-catalog.js';
import { LOG_LEVELS, type LogLevel } from './agent-log.js';

export interface AgentConfig {
  /** The hub's address, with its sub-path if it has one. */
  url: URL;
  key: string;
  measuring: MeasuringConfig;
  /** Reports kept while the hub cannot be reached. */
  queueSize: number;
  logLevel: LogLevel;
}

export interface MeasuringConfig {
  /** Until the hub says otherwise. */
  intervalSeconds: number;
  /** The most that is ever measured: the hub chooses among these. */
  resources: Resource[];
  rootfs?: string;
  includeMounts: string[];
  includeInterfaces: string[];
}

export type AgentCommand =
  | { kind: 'help' }
  | { kind: 'version' }
  | { kind: 'once'; measuring: MeasuringConfig }
  | { kind: 'run'; config: AgentConfig };

/** A setting that cannot be used; the message is one clear line without any secret. */
export class AgentConfigError extends Error {}

export const HELP = `Watches this machine and reports to a Watchkeeper hub.

  node agent.cjs --url https://hub.example --key-file /etc/watchkeeper/key

  --url URL             address of the hub                     WATCHKEEPER_URL
  --key-file FILE       file with the monitor's report key     WATCHKEEPER_KEY_FILE
  --key KEY             the key itself; others on this machine WATCHKEEPER_KEY
                        can read it, prefer a file
  --interval TIME       10, 10s, 5m, 1h; until the hub says    WATCHKEEPER_INTERVAL
                        otherwise (default 10s)
  --resources LIST      ${RESOURCES.join(',')}: the most  WATCHKEEPER_RESOURCES
                        that is measured, whatever the hub asks
  --include-mounts LIST, --include-interfaces LIST             WATCHKEEPER_INCLUDE_MOUNTS,
                        report these also                      WATCHKEEPER_INCLUDE_INTERFACES
  --rootfs DIR          where the machine's root is mounted    WATCHKEEPER_ROOTFS
  --queue-size N        reports kept while the hub is away     WATCHKEEPER_QUEUE_SIZE
                        (default 10000)
  --allow-http          plain http to another machine          WATCHKEEPER_ALLOW_HTTP=1
  --log-level LEVEL     error, warn, info, debug               LOG_LEVEL
  --once                print one report and end; needs no hub
  --help, --version

A hub with a certificate of a private authority: set NODE_EXTRA_CA_CERTS to its file.
`;

const OPTIONS = {
  url: { type: 'string' },
  key: { type: 'string' },
  'key-file': { type: 'string' },
  interval: { type: 'string' },
  resources: { type: 'string' },
  'include-mounts': { type: 'string' },
  'include-interfaces': { type: 'string' },
  rootfs: { type: 'string' },
  'queue-size': { type: 'string' },
  'allow-http': { type: 'boolean' },
  'log-level': { type: 'string' },
  once: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/** Flags win over the environment. @throws AgentConfigError */
export function readAgentCommand(args: string[], env: NodeJS.ProcessEnv): AgentCommand {
  const flags = parseFlags(args);
  if (flags.help) return { kind: 'help' };
  if (flags.version) return { kind: 'version' };
  const measuring: MeasuringConfig = {
    intervalSeconds: parseInterval(flags.interval ?? env.WATCHKEEPER_INTERVAL ?? '10s'),
    resources: parseResources(flags.resources ?? env.WATCHKEEPER_RESOURCES),
    rootfs: flags.rootfs ?? (env.WATCHKEEPER_ROOTFS || undefined),
    includeMounts: splitList(flags['include-mounts'] ?? env.WATCHKEEPER_INCLUDE_MOUNTS),
    includeInterfaces: splitList(flags['include-interfaces'] ?? env.WATCHKEEPER_INCLUDE_INTERFACES),
  };
  if (flags.once) return { kind: 'once', measuring };
  const isHttpAllowed = flags['allow-http'] ?? env.WATCHKEEPER_ALLOW_HTTP === '1';
  return {
    kind: 'run',
    config: {
      url: parseHubUrl(flags.url ?? env.WATCHKEEPER_URL, isHttpAllowed),
      key: readKey(flags.key, flags['key-file'], env),
      measuring,
      queueSize: parseQueueSize(flags['queue-size'] ?? env.WATCHKEEPER_QUEUE_SIZE ?? '10000'),
      logLevel: parseLogLevel(flags['log-level'] ?? env.LOG_LEVEL ?? 'info'),
    },
  };
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, strict: true }).values;
  } catch (error) {
    // Node's message names the flag; what follows its first line is advice for programmers.
    throw new AgentConfigError(`${(error as Error).message.split(/[.\n]/, 1)[0]}; see --help`);
  }
}

/** Plain http is for this machine only: elsewhere anyone on the way reads the key. */
function parseHubUrl(text: string | undefined, isHttpAllowed: boolean): URL {
  if (!text) throw new AgentConfigError('--url is missing: the address of the hub');
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new AgentConfigError('--url is no address: write it like https://hub.example');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new AgentConfigError('--url must begin with https:// or http://');
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new AgentConfigError('--url takes an address and a path only; the key goes into --key-file');
  }
  if (url.protocol === 'http:' && !isHttpAllowed && !isLoopback(url.hostname)) {
    throw new AgentConfigError(
      `--url is plain http to ${url.hostname}: anyone on the way could read the key; use https, or --allow-http`,
    );
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/`;
  return url;
}

function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIP(hostname) === 4 && hostname.startsWith('127.');
}

function readKey(flag: string | undefined, fileFlag: string | undefined, env: NodeJS.ProcessEnv): string {
  const file = fileFlag ?? (flag === undefined ? env.WATCHKEEPER_KEY_FILE : undefined);
  let key = flag ?? env.WATCHKEEPER_KEY;
  if (file) {
    try {
      key = readFileSync(file, 'utf8').trim();
    } catch (error) {
      throw new AgentConfigError(
        `the key file ${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`,
      );
    }
  }
  if (!key) throw new AgentConfigError('--key-file is missing: the file with the report key of this monitor');
  if (/^wk[pe]_/.test(key)) {
    throw new AgentConfigError("the key is not a report key: a monitor's key begins with wk_");
  }
  if (!/^[\x21-\x7e]{3,200}$/.test(key)) {
    throw new AgentConfigError('the key holds characters that no key has: copy it once more');
  }
  return key;
}

function parseInterval(text: string): number {
  const match = /^(\d{1,6})(s|m|h)?$/.exec(text.trim());
  const seconds = match ? Number(match[1]) * { s: 1, m: 60, h: 3600 }[match[2] ?? 's']! : 0;
  if (seconds < 1 || seconds > 3_600) {
    throw new AgentConfigError('--interval must be from 1s to 1h, like 10, 10s or 5m');
  }
  return seconds;
}

function parseResources(text: string | undefined): Resource[] {
  if (text === undefined) return [...RESOURCES];
  const chosen = splitList(text);
  if (chosen.length === 0 || chosen.some((one) => !RESOURCES.includes(one as Resource))) {
    throw new AgentConfigError(`--resources takes some of ${RESOURCES.join(',')}`);
  }
  return RESOURCES.filter((resource) => chosen.includes(resource));
}

function parseQueueSize(text: string): number {
  if (!/^\d{1,7}$/.test(text) || Number(text) < 1) {
    throw new AgentConfigError('--queue-size must be a number from 1 to 9999999');
  }
  return Number(text);
}

function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((one) => one === text);
  if (!level) throw new AgentConfigError(`--log-level takes one of ${LOG_LEVELS.join(', ')}`);
  return level;
}

function splitList(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
