import { isIP } from 'node:net';
import { isEmail, isFQDN, isPort } from 'class-validator';
import { MOST_RETENTION_DAYS } from '../core/blocks/retention.js';
import { type KeyRate, LOG_LEVELS, RATE_STORES, REQUIRE_TWO_FACTOR } from './hub-config.js';
import { OIDC_VARIABLE_NAMES, OidcEnvironment } from './oidc-environment.js';
import { Rule } from './rule.js';
import { parseSecretKeys } from './secret-keys.js';

const MAX_RATE = 100_000;
const RETENTION_FAULT = `is no time to keep samples: give whole days, up to ${MOST_RETENTION_DAYS}`;

/** The variables as they are given, each with its rule. An empty one counts as not given. */
export class Environment extends OidcEnvironment {
  @Rule(
    (value) => value === '0' || isPort(value),
    'is not a port: give a whole number from 0 to 65535 (0 = any free)',
  )
  PORT?: string;

  @Rule(isHostToListenOn, 'is not an address to listen on: give an IP address or localhost')
  HOST?: string;

  @Rule(
    isPublicUrl,
    'is not an address of the hub: give http(s)://name[:port][/path], without ?, # or a password',
  )
  PUBLIC_URL?: string;

  @Rule((value) => !value.includes('\0'), 'is not a path')
  DATA_DIR?: string;

  @Rule(
    (value) => LOG_LEVELS.some((level) => level === value),
    `is not a log level: give one of ${LOG_LEVELS.join(', ')}`,
  )
  LOG_LEVEL?: string;

  @Rule(isTimeZone, 'is not a time zone: give a name like Europe/Berlin, or UTC')
  TZ?: string;

  @Rule(isDatabaseUrl, 'is not an address of a Postgres: give postgres://user:password@host:port/database')
  DATABASE_URL?: string;

  @Rule(isDatabaseUrl, 'is not an address of a Postgres: give postgres://owner:password@host:port/database')
  WATCHKEEPER_OWNER_DATABASE_URL?: string;

  @Rule((value) => isEmail(value), 'is not an e-mail address')
  WATCHKEEPER_ADMIN_EMAIL?: string;

  @Rule(
    (value) => value.length >= 12 && value.length <= 128,
    'is not a password to use: give 12 to 128 characters',
  )
  WATCHKEEPER_ADMIN_PASSWORD?: string;

  @Rule(
    (value) => splitList(value).every(isHostName),
    'is not a list of host names: give names or IP addresses without port, parted by commas',
  )
  WATCHKEEPER_ALLOWED_HOSTS?: string;

  @Rule(
    (value) => splitList(value).every(isAddressOrCidr),
    'is not a list of proxies: give IP addresses or CIDRs like 10.0.0.0/8, parted by commas',
  )
  WATCHKEEPER_TRUSTED_PROXIES?: string;

  @Rule(
    (value) => splitList(value).every(isAddressOrCidr),
    'is not a list of networks: give IP addresses or CIDRs like 192.168.1.0/24, parted by commas',
  )
  WATCHKEEPER_OUTBOUND_ALLOW_CIDRS?: string;

  @Rule(
    (value) => parseSecretKeys(value) !== undefined,
    'is not a key: give 32 random bytes in base64 (openssl rand -base64 32), and earlier keys after them',
  )
  WATCHKEEPER_SECRET_KEY?: string;

  @Rule(
    (value) => value === 'auto' || value === 'off',
    "is not known: give auto (a certificate of the hub's own) or off; for one of yours set WATCHKEEPER_TLS_CERT_FILE",
  )
  WATCHKEEPER_TLS?: string;

  @Rule((value) => !value.includes('\0'), 'is not a path')
  WATCHKEEPER_TLS_CERT_FILE?: string;

  @Rule((value) => !value.includes('\0'), 'is not a path')
  WATCHKEEPER_TLS_KEY_FILE?: string;

  @Rule((value) => value === '0' || value === '1', 'is not a switch: give 1 or 0')
  WATCHKEEPER_ALLOW_HTTP?: string;

  @Rule(
    (value) => REQUIRE_TWO_FACTOR.some((who) => who === value),
    `is not known: give one of ${REQUIRE_TWO_FACTOR.join(', ')}`,
  )
  WATCHKEEPER_REQUIRE_TWO_FACTOR?: string;

  @Rule(
    (value) => /^\d{1,5}$/.test(value) && Number(value) >= 30,
    'is not a number of days: give a whole number from 30 to 99999',
  )
  WATCHKEEPER_AUDIT_RETENTION_DAYS?: string;

  @Rule(
    (value) => /^\d{1,5}$/.test(value) && Number(value) <= 10_000,
    'is not a time between two batches: give whole milliseconds from 0 to 10000',
  )
  WATCHKEEPER_LIVE_SPACING_MS?: string;

  @Rule((value) => value !== '0' && isPort(value), 'is not a port: give a whole number from 1 to 65535')
  WATCHKEEPER_METRICS_PORT?: string;

  @Rule(isHostToListenOn, 'is not an address to listen on: give an IP address or localhost')
  WATCHKEEPER_METRICS_HOST?: string;

  @Rule(
    (value) => /^[\x21-\x7e]{20,200}$/.test(value),
    'is not a token to use: give 20 to 200 random characters without blanks, as of openssl rand -hex 20',
  )
  WATCHKEEPER_METRICS_TOKEN?: string;

  @Rule(isRetentionDays, RETENTION_FAULT)
  WATCHKEEPER_RETENTION_RAW_DAYS?: string;

  @Rule(isRetentionDays, RETENTION_FAULT)
  WATCHKEEPER_RETENTION_1M_DAYS?: string;

  @Rule(isRetentionDays, RETENTION_FAULT)
  WATCHKEEPER_RETENTION_15M_DAYS?: string;

  @Rule(isRetentionDays, RETENTION_FAULT)
  WATCHKEEPER_RETENTION_4H_DAYS?: string;

  @Rule(
    (value) => value === 'off' || readKeyRate(value) !== undefined,
    'is not a rate: give REQUESTS A SECOND/BURST like 10/60 (up to 100000 each), or off',
  )
  WATCHKEEPER_KEY_RATE?: string;

  @Rule(
    (value) => value === 'off' || (/^\d{1,6}$/.test(value) && Number(value) >= 12),
    'is not a rate: give GraphQL operations a minute for each user, a whole number from 12 to 999999, or off',
  )
  WATCHKEEPER_USER_RATE?: string;

  @Rule(
    (value) => RATE_STORES.some((store) => store === value),
    `is not a place for the counts of limits: give one of ${RATE_STORES.join(', ')}`,
  )
  WATCHKEEPER_RATE_STORE?: string;
}

export type VariableName = keyof Environment;

/** Never shown, and each may be given as `…_FILE` instead. */
export const SECRET_NAMES: readonly VariableName[] = [
  'DATABASE_URL',
  'WATCHKEEPER_OWNER_DATABASE_URL',
  'WATCHKEEPER_ADMIN_PASSWORD',
  'WATCHKEEPER_SECRET_KEY',
  'WATCHKEEPER_METRICS_TOKEN',
  'WATCHKEEPER_OIDC_CLIENT_SECRET',
];

export const VARIABLE_NAMES: readonly VariableName[] = [
  'PORT',
  'HOST',
  'PUBLIC_URL',
  'DATA_DIR',
  'LOG_LEVEL',
  'TZ',
  'DATABASE_URL',
  'WATCHKEEPER_OWNER_DATABASE_URL',
  'WATCHKEEPER_ADMIN_EMAIL',
  'WATCHKEEPER_ADMIN_PASSWORD',
  'WATCHKEEPER_ALLOWED_HOSTS',
  'WATCHKEEPER_TRUSTED_PROXIES',
  'WATCHKEEPER_OUTBOUND_ALLOW_CIDRS',
  'WATCHKEEPER_SECRET_KEY',
  'WATCHKEEPER_TLS',
  'WATCHKEEPER_TLS_CERT_FILE',
  'WATCHKEEPER_TLS_KEY_FILE',
  'WATCHKEEPER_ALLOW_HTTP',
  'WATCHKEEPER_REQUIRE_TWO_FACTOR',
  'WATCHKEEPER_AUDIT_RETENTION_DAYS',
  'WATCHKEEPER_LIVE_SPACING_MS',
  'WATCHKEEPER_RETENTION_RAW_DAYS',
  'WATCHKEEPER_RETENTION_1M_DAYS',
  'WATCHKEEPER_RETENTION_15M_DAYS',
  'WATCHKEEPER_RETENTION_4H_DAYS',
  'WATCHKEEPER_KEY_RATE',
  'WATCHKEEPER_USER_RATE',
  'WATCHKEEPER_RATE_STORE',
  'WATCHKEEPER_METRICS_PORT',
  'WATCHKEEPER_METRICS_HOST',
  'WATCHKEEPER_METRICS_TOKEN',
  ...OIDC_VARIABLE_NAMES,
];

/** Parts of a list parted by commas, without blanks around them. */
export function splitList(value: string): string[] {
  return value.split(',').map((part) => part.trim());
}

/** `10/60`: requests a second (a fraction where it is slower), then the burst. */
export function readKeyRate(value: string): KeyRate | undefined {
  const [, perSecond, burst] = /^(\d{1,6}(?:\.\d{1,3})?)\/(\d{1,6})$/.exec(value) ?? [];
  const rate = { perSecond: Number(perSecond), burst: Number(burst) };
  const isSensible =
    rate.perSecond > 0 && rate.perSecond <= MAX_RATE && rate.burst >= 1 && rate.burst <= MAX_RATE;
  return isSensible ? rate : undefined;
}

function isRetentionDays(value: string): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) <= MOST_RETENTION_DAYS;
}

function isHostToListenOn(value: string): boolean {
  return value === 'localhost' || isIP(value) !== 0;
}

function isHostName(value: string): boolean {
  return isIP(value) !== 0 || isFQDN(value, { require_tld: false });
}

function isAddressOrCidr(value: string): boolean {
  const [address = '', bits, ...rest] = value.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

function isPublicUrl(value: string): boolean {
  // The parser of URLs drops blanks and line breaks; what it dropped was given by mistake.
  if (/[\s\\?#]/.test(value) || !/^https?:\/\//i.test(value) || !URL.canParse(value)) return false;
  const url = new URL(value);
  return url.username === '' && url.password === '' && /^(?:\/[\w.~-]+)*\/?$/.test(url.pathname);
}

function isDatabaseUrl(value: string): boolean {
  return /^postgres(?:ql)?:\/\/[^\s]+$/.test(value) && URL.canParse(value.replace('@/', '@localhost/'));
}

function isTimeZone(value: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}
