import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { RESOURCES, type Resource } from '../core/model/metric-catalog.js';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from './agent-log.js';
import { AgentConfigError, readSettings, type GivenSettings } from './agent-settings.js';
import type { DropInOptions } from './custom/drop-in-directory.js';
import type { HubConnectionOptions } from './hub-connection.js';

/** What a pin looks like: `sha256//` and the base64 of the SHA-256 of a public key. */
const PIN_PATTERN = /^sha256\/\/[A-Za-z0-9+/]{43}=$/;

export interface AgentConfig {
  hub: Omit<HubConnectionOptions, 'userAgent'>;
  measuring: MeasuringConfig;
  spool: SpoolConfig;
  log: LogConfig;
}

export interface MeasuringConfig {
  /** Until the hub says otherwise. */
  intervalSeconds: number;
  /** The most that is ever measured: the hub chooses among these. */
  resources: Resource[];
  rootfs?: string;
  includeMounts: string[];
  includeInterfaces: string[];
  custom: CustomConfig;
}

/** Where metrics of the user come from. */
export interface CustomConfig {
  dropIn?: DropInOptions;
  statsd?: { port: number; idleMs: number };
}

export interface SpoolConfig {
  /** Undefined keeps reports in memory only. */
  path?: string;
  maxBytes: number;
  maxAgeMs: number;
}

export interface LogConfig {
  level: LogLevel;
  format: LogFormat;
}

export type AgentCommand =
  | { kind: 'help' }
  | { kind: 'version' }
  | { kind: 'once'; measuring: MeasuringConfig }
  | { kind: 'check'; config: AgentConfig }
  | { kind: 'run'; config: AgentConfig };

const KIB = 1024;
const MIN_SPOOL_BYTES = 64 * KIB;

/** @throws AgentConfigError */
export function readAgentCommand(args: readonly string[], env: NodeJS.ProcessEnv): AgentCommand {
  const given = readSettings(args, env);
  if (given.has('help')) return { kind: 'help' };
  if (given.has('version')) return { kind: 'version' };
  const measuring: MeasuringConfig = {
    intervalSeconds: parseInterval(given.get('interval') ?? '10s'),
    resources: parseResources(given.get('resources')),
    rootfs: given.get('rootfs'),
    includeMounts: splitList(given.get('include-mounts')),
    includeInterfaces: splitList(given.get('include-interfaces')),
    custom: readCustomConfig(given),
  };
  if (given.has('once')) return { kind: 'once', measuring };
  const config: AgentConfig = {
    hub: {
      url: parseHubUrl(given.get('url'), given.get('allow-http') === '1'),
      key: readKey(given, env),
      ...readCa(given.get('ca-file')),
      ...parsePins(given.get('pin'), given.get('url')),
      ...parseProxy(given.get('proxy')),
    },
    measuring,
    spool: {
      ...choosePath(given.get('spool'), env),
      maxBytes: parseSize(given.get('spool-max-size') ?? '128M'),
      maxAgeMs: parseAge(given.get('spool-max-age') ?? '7d'),
    },
    log: {
      level: parseChoice('log-level', LOG_LEVELS, given.get('log-level') ?? 'info'),
      format: parseChoice('log-format', LOG_FORMATS, given.get('log-format') ?? 'auto'),
    },
  };
  return { kind: given.has('check') ? 'check' : 'run', config };
}

const CUSTOM_DIRECTORY = '/etc/watchkeeper/metrics.d';

function readCustomConfig(given: GivenSettings): CustomConfig {
  const path = given.get('custom-dir');
  const seconds = parseSeconds(given.get('custom-max-age') ?? '10m');
  if (!(seconds >= 1 && seconds <= 30 * 86_400)) {
    throw new AgentConfigError('--custom-max-age must be from 1s to 30d, like 10m or 2h');
  }
  const maxAgeMs = seconds * 1_000;
  return {
    ...(path !== 'none' && {
      dropIn: { path: path ?? CUSTOM_DIRECTORY, isOptional: path === undefined, maxAgeMs },
    }),
    ...parseStatsd(given.get('statsd'), maxAgeMs),
  };
}

function parseStatsd(text: string | undefined, idleMs: number): Pick<CustomConfig, 'statsd'> {
  if (!text || text === 'off') return {};
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) {
    throw new AgentConfigError(
      '--statsd takes a port of this machine, like 8125; it listens on 127.0.0.1 only',
    );
  }
  return { statsd: { port, idleMs } };
}

/** Plain http is for this machine only: elsewhere anyone on the way reads the key. */
function parseHubUrl(text: string | undefined, isHttpAllowed: boolean): URL {
  if (!text) throw new AgentConfigError('--url is missing: the address of the hub');
  const url = parseUrl(text, '--url is no address: write it like https://hub.example');
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
  url.pathname = `${url.pathname.replace(/(?<!\/)\/+$/, '')}/`;
  return url;
}

function parseUrl(text: string, message: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new AgentConfigError(message);
  }
}

function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIP(hostname) === 4 && hostname.startsWith('127.');
}

function readKey(given: GivenSettings, env: NodeJS.ProcessEnv): string {
  const credential = env.CREDENTIALS_DIRECTORY && join(env.CREDENTIALS_DIRECTORY, 'api-key');
  const direct = given.get('key');
  const isTyped = given.isFlag('key') && !given.isFlag('key-file');
  const named = isTyped ? undefined : given.get('key-file');
  const file = named ?? (direct === undefined ? credential : undefined);
  const key = file ? readText(file, 'key file').trim() : direct;
  if (!key) throw new AgentConfigError('--key-file is missing: the file with the report key of this monitor');
  if (/^wk[pe]_/.test(key)) {
    throw new AgentConfigError("the key is not a report key: a monitor's key begins with wk_");
  }
  if (!/^[\x21-\x7e]{3,200}$/.test(key)) {
    throw new AgentConfigError('the key holds characters that no key has: copy it once more');
  }
  return key;
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new AgentConfigError(`the ${what} ${path} cannot be read: ${code}`);
  }
}

function readCa(path: string | undefined): { ca?: string } {
  if (!path) return {};
  const ca = readText(path, 'file of authorities');
  if (!ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw new AgentConfigError(`--ca-file ${path} holds no certificate in PEM`);
  }
  return { ca };
}

function parsePins(text: string | undefined, url: string | undefined): { pins?: string[] } {
  if (!text) return {};
  const pins = text.split(/[;,]/).map((pin) => pin.trim());
  if (!pins.every((pin) => PIN_PATTERN.test(pin))) {
    throw new AgentConfigError('--pin must be sha256// and 44 characters, as the hub prints it at its start');
  }
  if (url && !/^https:/i.test(url)) throw new AgentConfigError('--pin needs an https:// address in --url');
  return { pins };
}

function parseProxy(text: string | undefined): { proxy?: URL } {
  if (!text) return {};
  const message = '--proxy must be an address like http://proxy.example:3128';
  const proxy = parseUrl(text, message);
  if (proxy.protocol !== 'http:') throw new AgentConfigError(message);
  return { proxy };
}

function choosePath(text: string | undefined, env: NodeJS.ProcessEnv): { path?: string } {
  if (text === 'none') return {};
  if (text) return { path: text };
  // systemd names several folders parted by colons; the first is the main one.
  const fromSystemd = env.STATE_DIRECTORY?.split(':', 1)[0];
  if (fromSystemd) return { path: fromSystemd };
  if (process.getuid?.() === 0) return { path: '/var/lib/watchkeeper-agent' };
  return { path: join(env.XDG_STATE_HOME || join(homedir(), '.local/state'), 'watchkeeper-agent') };
}

function parseInterval(text: string): number {
  const seconds = parseSeconds(text);
  if (!(seconds >= 1 && seconds <= 3_600)) {
    throw new AgentConfigError('--interval must be from 1s to 1h, like 10, 10s or 5m');
  }
  return seconds;
}

function parseAge(text: string): number {
  const seconds = parseSeconds(text);
  if (!(seconds >= 60 && seconds <= 8 * 86_400)) {
    throw new AgentConfigError('--spool-max-age must be from 1m to 8d, like 12h or 7d');
  }
  return seconds * 1_000;
}

/** NaN for what is no span of time. */
function parseSeconds(text: string): number {
  const match = /^(\d{1,6})(s|m|h|d)?$/.exec(text.trim());
  return match ? Number(match[1]) * { s: 1, m: 60, h: 3_600, d: 86_400 }[match[2] ?? 's']! : NaN;
}

function parseSize(text: string): number {
  const match = /^(\d{1,12})\s*([KMG]?)(?:i?B)?$/i.exec(text.trim());
  const unit = { '': 1, K: KIB, M: KIB ** 2, G: KIB ** 3 }[match?.[2]?.toUpperCase() ?? '']!;
  const bytes = match ? Number(match[1]) * unit : 0;
  if (bytes < MIN_SPOOL_BYTES) {
    throw new AgentConfigError('--spool-max-size must be at least 64K, like 128M or 1G');
  }
  return bytes;
}

function parseResources(text: string | undefined): Resource[] {
  if (text === undefined) return [...RESOURCES];
  const chosen = splitList(text);
  if (chosen.length === 0 || chosen.some((one) => !RESOURCES.includes(one as Resource))) {
    throw new AgentConfigError(`--resources takes some of ${RESOURCES.join(',')}`);
  }
  return RESOURCES.filter((resource) => chosen.includes(resource));
}

function parseChoice<Choice extends string>(name: string, choices: readonly Choice[], text: string): Choice {
  const choice = choices.find((one) => one === text);
  if (!choice) throw new AgentConfigError(`--${name} takes one of ${choices.join(', ')}`);
  return choice;
}

function splitList(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
