import { setTimeout as sleep } from 'node:timers/promises';
import { postReport } from '../support/hub-client.js';
import type { HubProcess } from '../support/hub-process.js';
import { StoredHistory } from './stored-history.js';

interface SentReport {
  readonly at: number;
  readonly cpu: { readonly usagePercent: number };
}

/** Late reports per request: enough of them gather that the hub merges without waiting for quiet. */
const LATE_BATCH = 60;
/** Coprime, so that each step lands on another millisecond, spread over all of the span (28 hours). */
const LATE_SPAN_MS = 100_000_000;
const LATE_STRIDE_MS = 7_777_777;
const LATE_START_MS = 30 * 3_600_000;

/**
 * Senders that report without a pause and, like an agent, send again what was not acknowledged; and the ledger
 * of all that was sent and of all that was acknowledged. They are faster than a key may be: start the hub with
 * FAST_SENDERS_ENV.
 */
export class LoadGenerator {
  /** How often each status was answered; `0` = no answer. */
  readonly statuses = new Map<number, number>();
  /** Answers that are neither 200 nor a 503 that says when to come back. */
  readonly surprises: string[] = [];
  acceptedCount = 0;
  duplicateCount = 0;
  private readonly acknowledged = new Map<string, SentReport[]>();
  private isOver = false;
  private isAbandoned = false;
  private sending: Promise<unknown> = Promise.resolve();
  private sequence = 0;
  private lateSequence = 0;
  private readonly startAt = Date.now() - 20 * 60_000;

  constructor(
    private readonly hub: HubProcess,
    private readonly monitors: readonly { readonly id: string; readonly key: string }[],
    /** Late senders fill the last 28 hours in no order, so that there is something to seal and to merge. */
    private readonly senders: { readonly fresh?: number; readonly late?: number } = {},
  ) {}

  get acknowledgedCount(): number {
    let count = 0;
    for (const reports of this.acknowledged.values()) count += reports.length;
    return count;
  }

  start(): void {
    const { fresh = 2, late = 0 } = this.senders;
    const senders = this.monitors.flatMap((monitor) => [
      ...Array.from({ length: fresh }, () => this.send(monitor, () => this.makeFresh())),
      ...Array.from({ length: late }, () => this.send(monitor, () => this.makeLate())),
    ]);
    this.sending = Promise.all(senders);
  }

  /** Resolves when everything that was sent has been acknowledged. */
  async finish(): Promise<void> {
    this.isOver = true;
    await this.sending;
  }

  /** For a test that failed on the way: ends the senders, whatever was acknowledged. Does nothing after `finish`. */
  async abandon(): Promise<void> {
    this.isAbandoned = true;
    await this.finish();
  }

  /** Everything once more, a few hundred at a time: what the hub makes of it, summed up. */
  async resendAll(): Promise<{ accepted: number; duplicates: number; rejected: number }> {
    const sum = { accepted: 0, duplicates: 0, rejected: 0 };
    for (const { id, key } of this.monitors) {
      const reports = this.acknowledged.get(id) ?? [];
      for (let first = 0; first < reports.length; first += 500) {
        const { body } = await postReport(this.hub, key, { reports: reports.slice(first, first + 500) });
        sum.accepted += body.accepted;
        sum.duplicates += body.duplicates;
        sum.rejected += body.rejected.length;
      }
    }
    return sum;
  }

  /** What the tables hold beside the ledger: every acknowledged report, with its value, and nothing else. */
  async compare(): Promise<{ lost: number; changed: number; unknown: number; twice: number }> {
    const history = StoredHistory.connect(await this.hub.readConnection());
    const sum = { lost: 0, changed: 0, unknown: 0, twice: 0 };
    for (const { id } of this.monitors) {
      const reports = await history.readReports(id);
      sum.twice += (await history.countRows(id)) - reports.length;
      const stored = new Map(reports.map(({ at, values }) => [at, values[0]]));
      for (const { at, cpu } of this.acknowledged.get(id) ?? []) {
        const value = stored.get(at);
        if (value === undefined) sum.lost++;
        else if (value !== cpu.usagePercent) sum.changed++;
        stored.delete(at);
      }
      sum.unknown += stored.size;
    }
    await history.close();
    return sum;
  }

  private async send({ id, key }: { id: string; key: string }, make: () => SentReport[]): Promise<void> {
    while (!this.isOver) {
      const reports = make();
      while (!(await this.isAcknowledged(key, reports))) {
        if (this.isAbandoned) return;
        await sleep(50);
      }
      const acknowledged = this.acknowledged.get(id) ?? [];
      acknowledged.push(...reports);
      this.acknowledged.set(id, acknowledged);
    }
  }

  private makeFresh(): SentReport[] {
    return Array.from({ length: 1 + (this.sequence % 4) }, () => makeReport(this.startAt + this.sequence++));
  }

  private makeLate(): SentReport[] {
    const startAt = this.startAt - LATE_START_MS;
    return Array.from({ length: LATE_BATCH }, () =>
      makeReport(startAt + ((this.lateSequence++ * LATE_STRIDE_MS) % LATE_SPAN_MS)),
    );
  }

  private async isAcknowledged(key: string, reports: readonly SentReport[]): Promise<boolean> {
    try {
      const { status, headers, body, text } = await postReport(
        this.hub,
        key,
        reports.length === 1 ? reports[0] : { reports },
      );
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
      if (status === 200) {
        this.acceptedCount += body.accepted;
        this.duplicateCount += body.duplicates;
        if (body.accepted + body.duplicates === reports.length) return true;
        this.surprises.push(text);
        return false;
      }
      if (status !== 503 || !headers.get('retry-after')) this.surprises.push(`${status} ${text}`);
      return false;
    } catch {
      // Refused, cut or reset: as if nothing had been sent.
      this.statuses.set(0, (this.statuses.get(0) ?? 0) + 1);
      return false;
    }
  }
}

function makeReport(at: number): SentReport {
  return { at, cpu: { usagePercent: (at % 9_973) / 100 } };
}
