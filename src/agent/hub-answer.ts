import { RESOURCES, type Resource } from '../core/model/metric-catalog.js';

/** What the hub may set on an agent; there is nothing else that it could make it do. */
export interface MonitorConfig {
  intervalSeconds: number;
  /** Those of the hub's list that this agent knows. */
  resources: Resource[];
  state: 'running' | 'stopped';
  version: number;
}

export interface Rejection {
  /** Position in the batch. */
  index: number;
  code: string;
}

/** The part of a hub's answer that an agent acts upon; what is not as agreed is absent. */
export interface HubAnswer {
  /** Whether the body is that of a hub that took reports, and not some other page with status 200. */
  isReceipt: boolean;
  rejected: Rejection[];
  config?: MonitorConfig;
  /** Whether there was a `config` that broke the contract. */
  isConfigBroken: boolean;
}

export function readHubAnswer(body: unknown): HubAnswer {
  const answer = isRecord(body) ? body : {};
  const config = answer.config === undefined ? undefined : readConfig(answer.config);
  return {
    isReceipt: isCount(answer.accepted) && isCount(answer.duplicates),
    rejected: Array.isArray(answer.rejected) ? answer.rejected.flatMap(readRejection) : [],
    config,
    isConfigBroken: answer.config !== undefined && config === undefined,
  };
}

function readConfig(value: unknown): MonitorConfig | undefined {
  if (!isRecord(value)) return undefined;
  const { intervalSeconds, resources, state, version } = value;
  if (!isCount(intervalSeconds) || intervalSeconds < 1 || intervalSeconds > 3_600) return undefined;
  if (!Array.isArray(resources) || resources.length > 100) return undefined;
  if (!resources.every((one) => typeof one === 'string')) return undefined;
  if (state !== 'running' && state !== 'stopped') return undefined;
  if (!isCount(version)) return undefined;
  // A newer hub may know resources that this agent cannot measure.
  const known = RESOURCES.filter((resource) => resources.includes(resource));
  return { intervalSeconds, resources: known, state, version };
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
