import type { RetentionDays } from '../core/blocks/retention.js';

/** What the environment says, checked; frozen, read once at the start. */
export interface HubConfig {
  /** 0 = any free one. */
  readonly port: number;
  /** Address to listen on. */
  readonly host: string;
  /** As users reach the hub: origin without a path. Not given: scheme, HOST and port of the listening socket. */
  readonly publicOrigin?: string;
  /** Path in front of every address: '' or '/mon', never with a slash at its end. */
  readonly basePath: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  /** IANA name; not given: the machine's. */
  readonly timeZone?: string;
  /** Secret. Not given: the embedded Postgres. */
  readonly databaseUrl?: string;
  /** Secret. The same database with the role that owns its tables, for migrations; not given: `databaseUrl` owns them. */
  readonly ownerDatabaseUrl?: string;
  /** The first admin of an unattended start. */
  readonly admin?: { readonly email: string; readonly password: string };
  /** Names in `Host` that are served besides the public one, localhost and IP addresses; lower case, no port. */
  readonly allowedHosts: readonly string[];
  /** Addresses and CIDRs of proxies whose `X-Forwarded-*` counts. */
  readonly trustedProxies: readonly string[];
  /** Addresses and CIDRs that users' settings may direct requests to although they are not public. */
  readonly outboundAllowedCidrs: readonly string[];
  /** What each API key may ask of the hub; not given: as often as it likes. */
  readonly keyRate?: KeyRate;
  /** GraphQL operations a minute of each user; what they cost and new connections go with it. Not given: no limit. */
  readonly userRate?: number;
  /** Where limits keep what they count; `memory` where not given. */
  readonly rateStore?: RateStoreKind;
  /** Secret. Keys that seal secrets in the database, as `parseSecretKeys` reads them; not given: those of the key file. */
  readonly secretKeys?: string;
  /** The doors of the hub's own metrics; not given: there are none. */
  readonly metrics?: MetricsDoors;
  /** How the hub itself speaks TLS; not given: plain http, on loopback or behind a proxy. */
  readonly tls?: 'auto' | { readonly certFile: string; readonly keyFile: string };
  /** Of the hub's own TLS key, `sha256//…` as curl and the agent pin it; known from the start on where TLS is `auto`. */
  readonly tlsPin?: string;
  /** For how long samples are kept at the most; monitors may have less. */
  readonly retention: RetentionDays;
  /** Plain http is wanted beyond this machine: cookies without `Secure`, a standing banner. */
  readonly isHttpAllowed: boolean;
  /** Whose password alone does not open; `off` where not given. */
  readonly requireTwoFactor?: RequireTwoFactor;
  /** The provider that users may sign in by; not given: there is none. */
  readonly oidc?: OidcSettings;
  /** Passwords do not open; false where not given. Never without `oidc`. */
  readonly isPasswordLoginOff?: boolean;
  /** How long the audit log keeps an entry, days. Not given: a year. */
  readonly auditRetentionDays?: number;
  /** What lies at least between two live batches to one subscriber; 0 = each report goes out at once. Default 1000. */
  readonly liveSpacingMs: number;
}

/** How the hub is a client of an OpenID Connect provider. With it goes a `publicOrigin`. */
export interface OidcSettings {
  /** As the provider writes it in its tokens. */
  readonly issuer: string;
  readonly clientId: string;
  /** Secret. */
  readonly clientSecret: string;
  /** Parted by blanks. */
  readonly scopes: string;
  /** What users call the provider. */
  readonly label: string;
  /** Whoever the provider knows becomes a user by signing in. */
  readonly allowsSignUp: boolean;
  /** Which role a value of the claim gives, at each sign-in; not given: roles are the hub's own matter. */
  readonly roles?: {
    readonly claim: string;
    readonly map: ReadonlyMap<string, 'admin' | 'editor' | 'viewer'>;
  };
}

/** A port of their own, or a token (secret) on the main port, or both: then the token opens either. */
export interface MetricsDoors {
  readonly port?: number;
  readonly host: string;
  readonly token?: string;
}

/** Requests a second, and how many may come at once after a rest. */
export interface KeyRate {
  readonly perSecond: number;
  readonly burst: number;
}

export const REQUIRE_TWO_FACTOR = ['off', 'admins', 'all'] as const;
export type RequireTwoFactor = (typeof REQUIRE_TWO_FACTOR)[number];

export const RATE_STORES = ['memory', 'postgres'] as const;
export type RateStoreKind = (typeof RATE_STORES)[number];

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Nest token of the HubConfig. */
export const HUB_CONFIG = Symbol('HUB_CONFIG');
