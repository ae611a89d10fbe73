import type { ForwardingState } from '../monitors/forwarding/forwarding.model.js';
import type { Lane } from './lane.js';
import type { ServerGate } from './server-gate.js';

/** How it stands with what is sent on, of all monitors together. */
export interface ForwardingSummary {
  readonly monitors: Readonly<Record<ForwardingState, number>>;
  /** `silent`: the last request got no answer at all. */
  readonly servers: { readonly answering: number; readonly silent: number };
  readonly queuedReports: number;
  /** Of the values. */
  readonly queuedBytes: number;
  /** For how long the oldest of all waits; 0 when none does. */
  readonly lagSeconds: number;
}

/** @param now epoch milliseconds */
export function summarizeLanes(
  lanes: Iterable<Lane>,
  gates: Iterable<ServerGate>,
  now: number,
): ForwardingSummary {
  const monitors = { idle: 0, sending: 0, retrying: 0, refused: 0 };
  const servers = { answering: 0, silent: 0 };
  let [queuedReports, queuedBytes, lag] = [0, 0, 0];
  for (const lane of lanes) {
    const { state, queued, lagSeconds } = lane.present(now);
    monitors[state]++;
    queuedReports += queued;
    queuedBytes += lane.bytes;
    lag = Math.max(lag, lagSeconds);
  }
  for (const gate of gates) servers[gate.isSilent ? 'silent' : 'answering']++;
  return { monitors, servers, queuedReports, queuedBytes, lagSeconds: lag };
}
