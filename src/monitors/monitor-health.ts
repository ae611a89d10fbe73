import type { MonitorState } from './monitor.entity.js';

/**
 * `up` reports arrive · `late` one is overdue · `down` silence beyond doubt ·
 * `pending` never heard of · `paused` stopped by its owner.
 */
export const MONITOR_HEALTHS = ['up', 'late', 'down', 'pending', 'paused'] as const;
export type MonitorHealth = (typeof MONITOR_HEALTHS)[number];

const LATE_AFTER_INTERVALS = 1.5;
const DOWN_AFTER_INTERVALS = 3;
const DOWN_AFTER_AT_LEAST_MS = 30_000;
const MIN_GRACE_MS = 10_000;
const MAX_GRACE_MS = 60_000;

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

/**
 * @param lastReceivedAt when the hub received the last report, by the hub's clock; null = never
 * @param now the hub's clock, epoch milliseconds
 * @param absence the hub's last absence, if it had one
 */
export function evaluateHealth(
  monitor: { readonly state: MonitorState; readonly intervalSeconds: number },
  lastReceivedAt: number | null,
  now: number,
  absence: HubAbsence | null,
): MonitorHealth {
  if (monitor.state === 'stopped') return 'paused';
  if (lastReceivedAt === null) return 'pending';
  const silence = heardSilenceMs(lastReceivedAt, now, absence);
  if (silence > downAfterMs(monitor.intervalSeconds) && !isSuspended(monitor, lastReceivedAt, now, absence)) {
    return 'down';
  }
  return silence > lateAfterMs(monitor.intervalSeconds) ? 'late' : 'up';
}

/** How long the hub has listened and heard nothing. */
function heardSilenceMs(lastReceivedAt: number, now: number, absence: HubAbsence | null): number {
  if (!absence || lastReceivedAt >= absence.toAt) return now - lastReceivedAt;
  return now - absence.toAt + Math.max(0, absence.fromAt - lastReceivedAt);
}

/** After its own absence the hub calls nobody down that was not down before, until one interval and grace have passed. */
function isSuspended(
  monitor: { readonly intervalSeconds: number },
  lastReceivedAt: number,
  now: number,
  absence: HubAbsence | null,
): boolean {
  if (!absence || lastReceivedAt >= absence.toAt) return false;
  const wasDown = absence.fromAt - lastReceivedAt > downAfterMs(monitor.intervalSeconds);
  return !wasDown && now - absence.toAt <= monitor.intervalSeconds * 1000 + graceMs(monitor.intervalSeconds);
}
