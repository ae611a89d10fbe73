import type { MonitorState } from './monitor.entity.js';

/**
 * `up` reports arrive · `late` one is overdue · `down` silence beyond doubt · `off` silence after a goodbye ·
 * `pending` never heard of, or just started · `paused` stopped by its owner.
 */
export const MONITOR_HEALTHS = ['up', 'late', 'down', 'off', 'pending', 'paused'] as const;
export type MonitorHealth = (typeof MONITOR_HEALTHS)[number];

const LATE_AFTER_INTERVALS = 1.5;
const DOWN_AFTER_INTERVALS = 3;
const DOWN_AFTER_AT_LEAST_MS = 30_000;
const MIN_GRACE_MS = 10_000;
const MAX_GRACE_MS = 60_000;
/** The sender of a stopped monitor asks this often whether it shall go on. */
const STOPPED_ASKS_EVERY_MS = 60_000;

/** When the hub did not listen: silence in that time says nothing about a machine. Epoch milliseconds. */
export interface HubAbsence {
  readonly fromAt: number;
  readonly toAt: number;
}

/** One interval, but neither shorter than 10 s nor longer than 60 s. */
export function graceMs(intervalSeconds: number): number {
  return Math.min(Math.max(intervalSeconds * 1000, MIN_GRACE_MS), MAX_GRACE_MS);
}

export function lateAfterMs(intervalSeconds: number): number {
  return LATE_AFTER_INTERVALS * intervalSeconds * 1000;
}

export function downAfterMs(intervalSeconds: number): number {
  const patience = Math.max(DOWN_AFTER_INTERVALS * intervalSeconds * 1000, DOWN_AFTER_AT_LEAST_MS);
  return patience + graceMs(intervalSeconds);
}

/** When a monitor was last heard of, and told to speak; by the hub's clock, epoch milliseconds, null = never. */
export interface Heard {
  readonly receivedAt: number | null;
  /** When it was last started after having been stopped. */
  readonly resumedAt?: number | null;
  /** When it last said that its end was meant. */
  readonly goodbyeAt?: number | null;
}

/**
 * @param monitor `intervalSeconds` is the interval that its sender keeps
 * @param now the hub's clock, epoch milliseconds
 * @param absences when the hub did not listen, in time order
 */
export function evaluateHealth(
  monitor: { readonly state: MonitorState; readonly intervalSeconds: number },
  heard: Heard,
  now: number,
  absences: readonly HubAbsence[],
): MonitorHealth {
  const health = evaluateSilence(monitor, heard, now, absences);
  const { receivedAt, goodbyeAt = null } = heard;
  const hasLeft = goodbyeAt !== null && (receivedAt === null || goodbyeAt >= receivedAt);
  return hasLeft && (health === 'late' || health === 'down') ? 'off' : health;
}

function evaluateSilence(
  monitor: { readonly state: MonitorState; readonly intervalSeconds: number },
  { receivedAt, resumedAt = null }: Heard,
  now: number,
  absences: readonly HubAbsence[],
): MonitorHealth {
  if (monitor.state === 'stopped') return 'paused';
  if (receivedAt === null) return 'pending';
  const { intervalSeconds } = monitor;
  if (resumedAt !== null && resumedAt > receivedAt) {
    const patienceMs = downAfterMs(intervalSeconds) + STOPPED_ASKS_EVERY_MS;
    return isDown(intervalSeconds, patienceMs, resumedAt, now, absences) ? 'down' : 'pending';
  }
  if (isDown(intervalSeconds, downAfterMs(intervalSeconds), receivedAt, now, absences)) return 'down';
  return heardSilenceMs(receivedAt, now, absences) > lateAfterMs(intervalSeconds) ? 'late' : 'up';
}

/**
 * Silence beyond patience. After its own absence the hub calls nobody down that was not down before, until
 * one interval and grace have passed.
 */
function isDown(
  intervalSeconds: number,
  patienceMs: number,
  since: number,
  now: number,
  absences: readonly HubAbsence[],
): boolean {
  if (heardSilenceMs(since, now, absences) <= patienceMs) return false;
  const last = absences.at(-1);
  if (!last || since >= last.toAt) return true;
  const wasDown = heardSilenceMs(since, last.fromAt, absences) > patienceMs;
  return wasDown || now - last.toAt > intervalSeconds * 1000 + graceMs(intervalSeconds);
}

/** How long the hub has listened and heard nothing. */
function heardSilenceMs(since: number, now: number, absences: readonly HubAbsence[]): number {
  let silence = now - since;
  for (const { fromAt, toAt } of absences) {
    silence -= Math.max(0, Math.min(toAt, now) - Math.max(fromAt, since));
  }
  return silence;
}
