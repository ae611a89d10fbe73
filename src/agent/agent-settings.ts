import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { RESOURCES } from '../core/model/metric-catalog.js';
import { findNearestName } from '../core/nearest-name.js';

/** A setting that cannot be used; the message is one clear line without any secret. */
export class AgentConfigError extends Error {}

interface SettingPlan {
  /** Its name in the environment, and in a file of `KEY=VALUE` lines. */
  env: string;
  /** What stands for its value in the help; without one it is a switch. */
  value?: string;
  help: string;
}

/** Every setting: as a flag, in the environment, and in a file by either name. */
export const SETTINGS = {
  url: { env: 'WATCHKEEPER_URL', value: 'URL', help: 'address of the hub' },
  'key-file': {
    env: 'WATCHKEEPER_KEY_FILE',
    value: 'FILE',
    help: "file with the monitor's report key; without it the systemd credential api-key",
  },
  key: {
    env: 'WATCHKEEPER_KEY',
    value: 'KEY',
    help: 'the key itself; others on this machine can read it, prefer a file',
  },
  interval: {
    env: 'WATCHKEEPER_INTERVAL',
    value: 'TIME',
    help: '10, 10s, 5m, 1h; until the hub says otherwise (default 10s)',
  },
  resources: {
    env: 'WATCHKEEPER_RESOURCES',
    value: 'LIST',
    help: `the most that is measured, whatever the hub asks (default ${RESOURCES.join(',')})`,
  },
  'include-mounts': { env: 'WATCHKEEPER_INCLUDE_MOUNTS', value: 'LIST', help: 'report these mounts also' },
  'include-interfaces': {
    env: 'WATCHKEEPER_INCLUDE_INTERFACES',
    value: 'LIST',
    help: 'report these network interfaces also',
  },
  'custom-dir': {
    env: 'WATCHKEEPER_CUSTOM_DIR',
    value: 'DIR',
    help: 'files with metrics of your own, *.prom or *.json (default /etc/watchkeeper/metrics.d); none = no such',
  },
  'custom-max-age': {
    env: 'WATCHKEEPER_CUSTOM_MAX_AGE',
    value: 'TIME',
    help: 'such a file that was not written for longer is left out, and what StatsD sent is forgotten (default 10m)',
  },
  statsd: {
    env: 'WATCHKEEPER_STATSD',
    value: 'PORT',
    help: 'take metrics by StatsD on this UDP port of 127.0.0.1, like 8125 (default off)',
  },
  rootfs: { env: 'WATCHKEEPER_ROOTFS', value: 'DIR', help: "where the machine's root is mounted" },
  spool: {
    env: 'WATCHKEEPER_SPOOL',
    value: 'DIR',
    help:
      'where reports wait on disk until the hub has them (default $STATE_DIRECTORY, ' +
      '/var/lib/watchkeeper-agent for root, ~/.local/state/watchkeeper-agent); none = in memory only',
  },
  'spool-max-size': {
    env: 'WATCHKEEPER_SPOOL_MAX_SIZE',
    value: 'SIZE',
    help: 'the oldest reports go beyond this (default 128M)',
  },
  'spool-max-age': {
    env: 'WATCHKEEPER_SPOOL_MAX_AGE',
    value: 'TIME',
    help: 'and beyond this (default 7d; the hub takes none older than 8d)',
  },
  'ca-file': {
    env: 'WATCHKEEPER_CA_FILE',
    value: 'FILE',
    help: 'certificates of the authorities to trust, in PEM',
  },
  pin: {
    env: 'WATCHKEEPER_PIN',
    value: 'PIN',
    help: "the hub's key must be this one: sha256//…, as the hub prints it at its start; several parted by ;",
  },
  proxy: {
    env: 'WATCHKEEPER_PROXY',
    value: 'URL',
    help: 'an HTTP proxy on the way to the hub: http://proxy.example:3128',
  },
  'allow-http': { env: 'WATCHKEEPER_ALLOW_HTTP', help: 'plain http to another machine (1 in a file)' },
  'log-level': { env: 'LOG_LEVEL', value: 'LEVEL', help: 'error, warn, info, debug (default info)' },
  'log-format': {
    env: 'LOG_FORMAT',
    value: 'FORMAT',
    help: 'json or plain (default plain on a terminal, else json)',
  },
} as const satisfies Record<string, SettingPlan>;

export type SettingName = keyof typeof SETTINGS;

const ACTIONS: Record<'config' | 'check' | 'once' | 'help' | 'version', { value?: string; help: string }> = {
  config: { value: 'FILE', help: 'read settings from a file: KEY=VALUE lines, or JSON with the names above' },
  check: { help: 'tell what works and what does not, and end: 0 when all is well, else 1' },
  once: { help: 'print one report and end; needs no hub' },
  help: { help: '' },
  version: { help: '' },
};

type ActionName = keyof typeof ACTIONS;
export type SwitchName = Exclude<ActionName, 'config'>;

const NAMES = Object.keys(SETTINGS) as SettingName[];
const FLAG_NAMES = [...NAMES, ...Object.keys(ACTIONS)].map((name) => `--${name}`);
const CONFIG_ENV = 'WATCHKEEPER_CONFIG';

/** What was set, wherever; a flag wins over the environment, and that over the file. */
export interface GivenSettings {
  get: (name: SettingName) => string | undefined;
  /** Whether it is what the command line says. */
  isFlag: (name: SettingName) => boolean;
  has: (action: SwitchName) => boolean;
}

/** @throws AgentConfigError */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): GivenSettings {
  const flags = parseFlags(args);
  const file = flags.config ?? env[CONFIG_ENV];
  const fromFile = typeof file === 'string' && file !== '' ? readSettingsFile(file) : new Map();
  return {
    get: (name) => {
      const flag = flags[name];
      if (flag !== undefined) return flag === true ? '1' : String(flag);
      // Empty in the environment means not set: that is how compose files and units leave it out.
      return env[SETTINGS[name].env] || fromFile.get(name);
    },
    isFlag: (name) => flags[name] !== undefined,
    has: (action) => flags[action] === true,
  };
}

function parseFlags(args: readonly string[]): Record<string, string | boolean | undefined> {
  const all: Record<string, { value?: string; help: string }> = { ...SETTINGS, ...ACTIONS };
  const options = Object.fromEntries(
    Object.entries(all).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  for (const arg of args) {
    const name = arg.split('=', 1)[0]!;
    if (!name.startsWith('--') || FLAG_NAMES.includes(name)) continue;
    throw new AgentConfigError(
      `there is no ${quote(name)}: did you mean ${findNearestName(name, FLAG_NAMES, '--')}? See --help`,
    );
  }
  try {
    const help = { ...options['help']!, short: 'h' };
    return parseArgs({ args: [...args], options: { ...options, help }, strict: true }).values as Record<
      string,
      string | boolean
    >;
  } catch (error) {
    // Node's message names the flag; what follows its first line is advice for programmers.
    throw new AgentConfigError(`${(error as Error).message.split(/[.\n]/, 1)[0]}; see --help`);
  }
}

function readSettingsFile(path: string): Map<SettingName, string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new AgentConfigError(`the file ${path} cannot be read: ${codeOf(error)}`);
  }
  const pairs = text.trimStart().startsWith('{') ? readJson(text, path) : readLines(text, path);
  return new Map(pairs.map(([name, value]): [SettingName, string] => [toSetting(name, path), value]));
}

function readJson(text: string, path: string): [string, string][] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new AgentConfigError(`the file ${path} begins like JSON and is none`);
  }
  return Object.entries(content as object).map(([name, value]) => {
    if (Array.isArray(value)) return [name, value.join(',')];
    if (typeof value === 'boolean') return [name, value ? '1' : ''];
    if (typeof value === 'string' || typeof value === 'number') return [name, String(value)];
    throw new AgentConfigError(`${path}: ${quote(name)} must be a text, a number, a list, true or false`);
  });
}

function readLines(text: string, path: string): [string, string][] {
  return text.split(/\r?\n/).flatMap((line, index): [string, string][] => {
    const bare = line.trim();
    if (bare === '' || bare.startsWith('#')) return [];
    const match = /^(?:export\s+)?([\w-]+)\s*=\s*(.*)$/.exec(bare);
    if (!match) throw new AgentConfigError(`${path}, line ${index + 1}: write it as KEY=VALUE`);
    const quoted = /^(["'])(.*)\1$/.exec(match[2]!);
    return [[match[1]!, quoted ? quoted[2]! : match[2]!]];
  });
}

/** In a file a setting has its flag's name or its name in the environment. */
function toSetting(name: string, path: string): SettingName {
  const found = NAMES.find((one) => one === name || SETTINGS[one].env === name);
  if (found) return found;
  const known = NAMES.map((one): string => (name === name.toUpperCase() ? SETTINGS[one].env : one));
  throw new AgentConfigError(
    `${path}: there is no setting ${quote(name)}: did you mean ${findNearestName(name, known, '')}?`,
  );
}

/** What somebody typed, as it may be shown: neither long nor with control characters. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}

export const HELP = `Watches this machine and reports to a Watchkeeper hub.

  node agent.cjs --url https://hub.example --key-file /etc/watchkeeper/key

${listHelp(SETTINGS)}

${listHelp(ACTIONS)}

Each setting can also stand in the environment under the name on its right, or in a file (--config) under
either name. A flag wins over the environment, and that over the file.
`;

function listHelp(plans: Record<string, { value?: string; env?: string; help: string }>): string {
  return Object.entries(plans)
    .flatMap(([name, { value, env = '', help }]) => {
      const head = `  ${`--${name}${value ? ` ${value}` : ''}`.padEnd(30)}${env}`.trimEnd();
      return help === '' ? [head] : [head, ...wrap(help, 84).map((line) => `      ${line}`)];
    })
    .join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!;
    if (last !== '' && last.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
