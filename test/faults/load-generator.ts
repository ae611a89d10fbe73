import { setTimeout as sleep } from 'node:timers/promises';
import { postReport } from '../support/hub-client.js';
import type { HubProcess } from '../support/hub-process.js';

interface SentReport {
  readonly at: number;
  readonly cpu: { readonly usagePercent: number };
}

export interface StoredRow {
  readonly monitor_id: string;
  readonly at: string;
  readonly values: Buffer;
}

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
  private readonly startAt = Date.now() - 20 * 60_000;

  constructor(
    private readonly hub: HubProcess,
    private readonly monitors: readonly { readonly id: string; readonly key: string }[],
    private readonly sendersPerMonitor = 2,
  ) {}

  get acknowledgedCount(): number {
    let count = 0;
    for (const reports of this.acknowledged.values()) count += reports.length;
    return count;
  }

  start(): void {
    const senders = this.monitors.flatMap((monitor) =>
      Array.from({ length: this.sendersPerMonitor }, () => this.send(monitor)),
    );
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
  compare(rows: readonly StoredRow[]): { lost: number; changed: number; unknown: number; twice: number } {
    const stored = new Map<string, number>();
    let twice = 0;
    for (const { monitor_id, at, values } of rows) {
      const identity = `${monitor_id} ${at}`;
      if (stored.has(identity)) twice++;
      stored.set(identity, values.readDoubleLE(0));
    }
    let lost = 0;
    let changed = 0;
    for (const [id, reports] of this.acknowledged) {
      for (const { at, cpu } of reports) {
        const value = stored.get(`${id} ${at}`);
        if (value === undefined) lost++;
        else if (value !== cpu.usagePercent) changed++;
        stored.delete(`${id} ${at}`);
      }
    }
    return { lost, changed, unknown: stored.size, twice };
  }

  readStored(): Promise<StoredRow[]> {
    return this.hub.query<StoredRow>(
      `select monitor_id, at, "values" from report where monitor_id = any($1)
       union all select monitor_id, at, "values" from late_report where monitor_id = any($1)`,
      [this.monitors.map(({ id }) => id)],
    );
  }

  private async send({ id, key }: { id: string; key: string }): Promise<void> {
    while (!this.isOver) {
      const reports = Array.from({ length: 1 + (this.sequence % 4) }, () => this.makeReport());
      while (!(await this.isAcknowledged(key, reports))) {
        if (this.isAbandoned) return;
        await sleep(50);
      }
      const acknowledged = this.acknowledged.get(id) ?? [];
      acknowledged.push(...reports);
      this.acknowledged.set(id, acknowledged);
    }
  }

  private makeReport(): SentReport {
    const at = this.startAt + this.sequence++;
    return { at, cpu: { usagePercent: (at % 9_973) / 100 } };
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
