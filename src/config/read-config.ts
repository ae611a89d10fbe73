import { readFileSync } from 'node:fs';
import path from 'node:path';
import { validateSync } from 'class-validator';
import {
  DEFAULT_RETENTION,
  findRetentionFault,
  MOST_RETENTION_DAYS,
  RETENTION_FIELDS,
  type RetentionDays,
  type RetentionField,
  toRetention,
} from '../core/blocks/retention.js';
import { ConfigError } from './config-error.js';
import {
  Environment,
  SECRET_NAMES,
  VARIABLE_NAMES,
  readKeyRate,
  splitList,
  type VariableName,
} from './environment.js';
import type { HubConfig, LogLevel, MetricsDoors, RateStoreKind, RequireTwoFactor } from './hub-config.js';
import { findOidcContradictions, readOidc } from './read-oidc.js';
import { findTlsContradictions, readTls } from './read-tls.js';
import { findNearestName } from '../core/nearest-name.js';

const PREFIX = 'WATCHKEEPER_';

/** An agent sends one request an interval, and a backlog in batches: this is far beyond either. */
const DEFAULT_KEY_RATE = '10/60';

/** A page asks a dozen questions when it is opened, and one now and then. */
const DEFAULT_USER_RATE = '120';

/** Kubernetes sets these for every service; with a service of our name they look like ours. */
const KUBERNETES_NAME = /^WATCHKEEPER_(?:SERVICE_(?:HOST|PORT\w*)|PORT(?:_\d+_(?:TCP|UDP)\w*)?)$/;

/** Checks the whole environment; throws a ConfigError with a line for each thing that is wrong. */
export function readConfig(env: NodeJS.ProcessEnv): HubConfig {
  const faults = findUnknownNames(env);
  const given = takeGiven(env, faults);
  for (const error of validateSync(given)) {
    const name = error.property as VariableName;
    faults.push(
      `${name}: ${showValue(name, given[name] ?? '')} ${Object.values(error.constraints ?? {})[0]}`,
    );
  }
  if (faults.length === 0) faults.push(...findContradictions(given));
  if (faults.length > 0) throw new ConfigError(faults);
  return buildConfig(given);
}

function findUnknownNames(env: NodeJS.ProcessEnv): string[] {
  const files = SECRET_NAMES.map((name) => `${name}_FILE`);
  const known: string[] = [...VARIABLE_NAMES, ...files];
  const faults: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || known.includes(name)) continue;
    if (KUBERNETES_NAME.test(name) && (name !== `${PREFIX}PORT` || value?.includes('://'))) continue;
    const nearest = findNearestName(name, known, PREFIX);
    faults.push(`${JSON.stringify(name).slice(1, -1)}: no such variable: did you mean ${nearest}?`);
  }
  return faults;
}

function takeGiven(env: NodeJS.ProcessEnv, faults: string[]): Environment {
  const given = new Environment();
  for (const name of VARIABLE_NAMES) {
    const file = SECRET_NAMES.includes(name) ? env[`${name}_FILE`] : undefined;
    if (file && env[name]) faults.push(`${name}: given twice: keep ${name} or ${name}_FILE`);
    const value = file ? readSecretFile(name, file, faults) : env[name];
    if (value) given[name] = value;
  }
  // The system's own way to say "the machine's zone"; Node follows it by itself.
  if (given.TZ?.startsWith(':')) delete given.TZ;
  return given;
}

function readSecretFile(name: string, file: string, faults: string[]): string | undefined {
  try {
    const content = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (content === '') faults.push(`${name}_FILE: ${JSON.stringify(file)} is empty: put the value into it`);
    return content;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown fault';
    faults.push(
      `${name}_FILE: ${JSON.stringify(file)} cannot be read (${code}): give a file that this user can read`,
    );
    return undefined;
  }
}

function showValue(name: VariableName, value: string): string {
  if (SECRET_NAMES.includes(name)) return 'the value given (not shown)';
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}

/** What is good by itself, but not together. */
function findContradictions(given: Environment): string[] {
  const faults: string[] = [];
  const isEmailGiven = given.WATCHKEEPER_ADMIN_EMAIL !== undefined;
  if (isEmailGiven !== (given.WATCHKEEPER_ADMIN_PASSWORD !== undefined)) {
    const [present, missing] = isEmailGiven ? ['EMAIL', 'PASSWORD'] : ['PASSWORD', 'EMAIL'];
    faults.push(
      `WATCHKEEPER_ADMIN_${missing}: missing beside WATCHKEEPER_ADMIN_${present}: give both or none`,
    );
  }
  if (given.WATCHKEEPER_OWNER_DATABASE_URL !== undefined && given.DATABASE_URL === undefined) {
    faults.push(
      'WATCHKEEPER_OWNER_DATABASE_URL: has no effect without DATABASE_URL, the address with the role of the hub: ' +
        'give both or none',
    );
  }
  faults.push(
    ...findOpenMetrics(given),
    ...findTlsContradictions(given),
    ...findOidcContradictions(given),
    ...findRetentionContradiction(given),
  );
  if (given.WATCHKEEPER_ALLOW_HTTP === '1' || readTls(given) !== undefined) return faults;
  const url = given.PUBLIC_URL === undefined ? undefined : new URL(given.PUBLIC_URL);
  if (url?.protocol === 'http:' && !isLoopback(url.hostname)) {
    faults.push(
      `PUBLIC_URL: "${url.origin}" is plain http beyond this machine, passwords could be read on the way: ` +
        'set WATCHKEEPER_TLS=auto and write https://, or give the https address of a proxy in front, ' +
        'or set WATCHKEEPER_ALLOW_HTTP=1',
    );
  } else if (url?.protocol !== 'https:' && !isLoopback(given.HOST ?? '127.0.0.1')) {
    faults.push(
      `HOST: "${given.HOST}" serves plain http beyond this machine, passwords could be read on the way: ` +
        'set WATCHKEEPER_TLS=auto, or PUBLIC_URL to the https address of the proxy in front, ' +
        'or set WATCHKEEPER_ALLOW_HTTP=1',
    );
  }
  return faults;
}

function findOpenMetrics(given: Environment): string[] {
  const { WATCHKEEPER_METRICS_HOST: host, WATCHKEEPER_METRICS_PORT: port } = given;
  if (host === undefined) return [];
  if (port === undefined)
    return ['WATCHKEEPER_METRICS_HOST: has no effect without WATCHKEEPER_METRICS_PORT: give both or none'];
  if (isLoopback(host) || given.WATCHKEEPER_METRICS_TOKEN !== undefined) return [];
  return [
    `WATCHKEEPER_METRICS_HOST: "${host}" would show the metrics to everybody beyond this machine: ` +
      'set WATCHKEEPER_METRICS_TOKEN too',
  ];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function buildConfig(given: Environment): HubConfig {
  const url = given.PUBLIC_URL === undefined ? undefined : new URL(given.PUBLIC_URL);
  const email = given.WATCHKEEPER_ADMIN_EMAIL;
  const password = given.WATCHKEEPER_ADMIN_PASSWORD;
  return Object.freeze({
    port: Number(given.PORT ?? 3000),
    host: given.HOST ?? '127.0.0.1',
    publicOrigin: url?.origin,
    basePath: url?.pathname.replace(/(?<!\/)\/+$/, '') ?? '',
    dataDir: path.resolve(given.DATA_DIR ?? 'data'),
    logLevel: (given.LOG_LEVEL ?? 'info') as LogLevel,
    timeZone: given.TZ,
    databaseUrl: given.DATABASE_URL,
    ownerDatabaseUrl: given.WATCHKEEPER_OWNER_DATABASE_URL,
    admin: email !== undefined && password !== undefined ? Object.freeze({ email, password }) : undefined,
    allowedHosts: Object.freeze(
      splitGiven(given.WATCHKEEPER_ALLOWED_HOSTS).map((name) => name.toLowerCase()),
    ),
    trustedProxies: Object.freeze(splitGiven(given.WATCHKEEPER_TRUSTED_PROXIES)),
    outboundAllowedCidrs: Object.freeze(splitGiven(given.WATCHKEEPER_OUTBOUND_ALLOW_CIDRS)),
    retention: Object.freeze(readRetention(given)),
    metrics: readMetricsDoors(given),
    keyRate: readKeyRate(given.WATCHKEEPER_KEY_RATE ?? DEFAULT_KEY_RATE),
    userRate:
      given.WATCHKEEPER_USER_RATE === 'off'
        ? undefined
        : Number(given.WATCHKEEPER_USER_RATE ?? DEFAULT_USER_RATE),
    rateStore: given.WATCHKEEPER_RATE_STORE as RateStoreKind | undefined,
    secretKeys: given.WATCHKEEPER_SECRET_KEY,
    tls: readTls(given),
    isHttpAllowed: given.WATCHKEEPER_ALLOW_HTTP === '1',
    requireTwoFactor: given.WATCHKEEPER_REQUIRE_TWO_FACTOR as RequireTwoFactor | undefined,
    oidc: readOidc(given),
    isPasswordLoginOff: given.WATCHKEEPER_PASSWORD_LOGIN === 'off',
    auditRetentionDays: readNumber(given.WATCHKEEPER_AUDIT_RETENTION_DAYS),
    liveSpacingMs: Number(given.WATCHKEEPER_LIVE_SPACING_MS ?? 1_000),
  });
}

function readNumber(value: string | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

const RETENTION_NAMES = [
  'WATCHKEEPER_RETENTION_RAW_DAYS',
  'WATCHKEEPER_RETENTION_1M_DAYS',
  'WATCHKEEPER_RETENTION_15M_DAYS',
  'WATCHKEEPER_RETENTION_4H_DAYS',
] as const;

function readRetention(given: Environment): RetentionDays {
  return toRetention(
    RETENTION_FIELDS.map((field, tier) => Number(given[RETENTION_NAMES[tier]!] ?? DEFAULT_RETENTION[field])),
  );
}

function findRetentionContradiction(given: Environment): string[] {
  const most = toRetention(RETENTION_FIELDS.map(() => MOST_RETENTION_DAYS));
  const fault = findRetentionFault(readRetention(given), most);
  if (!fault) return [];
  const nameOf = (field: RetentionField): string => RETENTION_NAMES[RETENTION_FIELDS.indexOf(field)]!;
  const message = fault.message.replace(/\b\w+Days\b/g, (field) => nameOf(field as RetentionField));
  return [`${nameOf(fault.field)}: ${message}`];
}

function readMetricsDoors(given: Environment): MetricsDoors | undefined {
  const port = given.WATCHKEEPER_METRICS_PORT;
  const token = given.WATCHKEEPER_METRICS_TOKEN;
  if (port === undefined && token === undefined) return undefined;
  return Object.freeze({
    host: given.WATCHKEEPER_METRICS_HOST ?? '127.0.0.1',
    ...(port !== undefined && { port: Number(port) }),
    ...(token !== undefined && { token }),
  });
}

function splitGiven(value: string | undefined): string[] {
  return value === undefined ? [] : splitList(value);
}
