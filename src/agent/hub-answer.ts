import { RESOURCES, type Resource } from '../core/model/metric-catalog.js';

/** What the hub may set on an agent; there is nothing else that it could make it do. */
export interface MonitorConfig {
  intervalSeconds: number;
  /** Those of the hub's list that this agent knows. */
  resources: Resource[];
  state: 'running' | 'stopped';
  version: number;
  /** Somebody is looking right now: report each second until they are gone. */
  live: boolean;
}

export interface Rejection {
  /** Position in the batch. */
  index: number;
  code: string;
}

/** The part of a hub's answer that an agent acts upon; what is not as agreed is absent. */
export interface HubAnswer {
  /** How many reports it says what became of; undefined when this is no receipt, but some other page. */
  judged?: number;
  rejected: Rejection[];
  /** The hub's clock, epoch milliseconds. */
  now?: number;
  config?: MonitorConfig;
  /** Whether there was a `config` that broke the contract. */
  isConfigBroken: boolean;
}

export function readHubAnswer(body: unknown): HubAnswer {
  const answer = isRecord(body) ? body : {};
  const config = answer.config === undefined ? undefined : readConfig(answer.config);
  const { accepted, duplicates, live = 0, now } = answer;
  const rejected = Array.isArray(answer.rejected) ? answer.rejected.flatMap(readRejection) : [];
  const isReceipt = isCount(accepted) && isCount(duplicates) && isCount(live);
  return {
    ...(isReceipt && { judged: accepted + duplicates + live + rejected.length }),
    ...(isCount(now) && { now }),
    rejected,
    config,
    isConfigBroken: answer.config !== undefined && config === undefined,
  };
}

function readConfig(value: unknown): MonitorConfig | undefined {
  if (!isRecord(value)) return undefined;
  const { intervalSeconds, resources, state, version, live = false } = value;
  if (!isCount(intervalSeconds) || intervalSeconds < 1 || intervalSeconds > 3_600) return undefined;
  if (!Array.isArray(resources) || resources.length > 100) return undefined;
  if (!resources.every((one) => typeof one === 'string')) return undefined;
  if (state !== 'running' && state !== 'stopped') return undefined;
  if (!isCount(version) || typeof live !== 'boolean') return undefined;
  // A newer hub may know resources that this agent cannot measure.
  const known = RESOURCES.filter((resource) => resources.includes(resource));
  return { intervalSeconds, resources: known, state, version, live };
}

function readRejection(value: unknown): Rejection[] {
  if (!isRecord(value) || !isCount(value.index)) return [];
  // Only a code of the agreed shape reaches the log.
  const code = typeof value.code === 'string' && /^[a-z_]{1,40}$/.test(value.code) ? value.code : 'unknown';
  return [{ index: value.index, code }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
