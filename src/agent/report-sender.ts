import type { AgentLog } from './agent-log.js';
import { readHubAnswer, type MonitorConfig } from './hub-answer.js';
import type { HubConnection, HubResponse } from './hub-connection.js';
import type { QueuedReport, ReportQueue } from './report-queue.js';

const MAX_BATCH_REPORTS = 200;
/** Below the hub's 1 MiB on the wire even where nothing can be packed. */
const MAX_BATCH_BYTES = 900_000;
const LONG_WAIT_MS = 60_000;
const MIN_ASK_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;

export interface ReportSenderParts {
  queue: ReportQueue;
  connection: Pick<HubConnection, 'post'>;
  log: AgentLog;
  /** Called when the hub took reports, with the configuration it sent along. */
  onTaken: (config?: MonitorConfig) => void;
  /** Called when the hub says that the monitor is stopped. */
  onStopped: () => void;
}

export interface ReportSenderTiming {
  /** Resolves after the time, or as soon as the signal says so. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1. */
  random: () => number;
}

/** How things stand with the hub; a line is logged only when this changes. */
type Standing = 'starting' | 'fine' | 'stopped' | 'denied' | 'refused' | 'away';

/**
 * Brings reports from the queue to the hub, one request at a time, oldest first. A report leaves the queue
 * only when the hub has said what became of it; sent twice, it is a duplicate and harmless.
 */
export class ReportSender {
  private standing: Standing = 'starting';
  private batchLimit = MAX_BATCH_REPORTS;
  private failures = 0;
  private running: Promise<void> | undefined;
  private isFinishing = false;
  private readonly waking = new AbortController();

  constructor(
    private readonly parts: ReportSenderParts,
    private readonly timing: ReportSenderTiming,
  ) {}

  /** Call it when a report was queued; does nothing while a request or a wait is under way. */
  wake(): void {
    this.running ??= this.run().finally(() => (this.running = undefined));
  }

  /** Tries once more to empty the queue and ends at the first failure; waits are cut short. */
  async finish(): Promise<void> {
    this.isFinishing = true;
    this.waking.abort();
    await this.running;
    if (this.standing === 'fine') await this.run();
  }

  private async run(): Promise<void> {
    while (this.parts.queue.size > 0 || this.standing === 'stopped') {
      const waitMs = await this.sendNext();
      if (waitMs === 0) continue;
      if (this.isFinishing) return;
      await this.timing.sleep(waitMs, this.waking.signal);
      if (this.isFinishing) return;
    }
  }

  /** @returns how long to wait before the next request. */
  private async sendNext(): Promise<number> {
    // A stopped monitor is only asked for; its backlog waits until it runs again.
    const batch = this.standing === 'stopped' ? [] : this.parts.queue.peek(this.batchLimit, MAX_BATCH_BYTES);
    let response: HubResponse;
    try {
      response = await this.parts.connection.post(`{"reports":[${batch.map(({ json }) => json).join()}]}`);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      this.changeStanding('away', 'the hub cannot be reached', { reason: code ?? message });
      return this.backOff();
    }
    return this.judge(response, batch);
  }

  private judge(response: HubResponse, batch: readonly QueuedReport[]): number {
    const { status, retryAfterMs } = response;
    if (status === 200) return this.takeReceipt(response, batch);
    if (status === 409) {
      this.changeStanding('stopped', 'the monitor is stopped: measuring nothing until it is started');
      this.parts.onStopped();
      return Math.max(MIN_ASK_MS, retryAfterMs ?? LONG_WAIT_MS);
    }
    if (status === 401 || status === 403) {
      this.changeStanding('denied', 'the hub does not accept this key; trying again every minute', {
        status,
      });
      return LONG_WAIT_MS;
    }
    if ((status === 400 || status === 413 || status === 422) && batch.length > 0) {
      return this.narrowDown(response, batch);
    }
    if (status === 408 || status === 429 || status >= 500) {
      this.changeStanding('away', 'the hub is not ready for reports', { status });
      return this.backOff(retryAfterMs);
    }
    this.changeStanding('refused', 'this address does not take reports: check --url', { status });
    return Math.max(LONG_WAIT_MS, retryAfterMs ?? 0);
  }

  private takeReceipt(response: HubResponse, batch: readonly QueuedReport[]): number {
    const answer = readHubAnswer(response.body);
    if (!answer.isReceipt) {
      this.changeStanding('refused', 'this address is not a hub: check --url', { status: response.status });
      return LONG_WAIT_MS;
    }
    this.forget(batch);
    if (answer.rejected.length > 0) {
      const codes = [...new Set(answer.rejected.map(({ code }) => code))];
      this.parts.log('warn', 'the hub refused reports for good', { count: answer.rejected.length, codes });
    }
    this.failures = 0;
    this.batchLimit = Math.min(MAX_BATCH_REPORTS, this.batchLimit * 2);
    if (answer.isConfigBroken) this.parts.log('warn', 'the hub sent a configuration that makes no sense');
    if (answer.config?.state === 'stopped') {
      this.changeStanding('stopped', 'the monitor is stopped: measuring nothing until it is started');
      this.parts.onStopped();
      return LONG_WAIT_MS;
    }
    this.changeStanding('fine', 'the hub takes reports');
    this.parts.onTaken(answer.config);
    return 0;
  }

  /** Finds the report that spoils a batch by sending half of it, and gives that one up. */
  private narrowDown(response: HubResponse, batch: readonly QueuedReport[]): number {
    const { rejected } = readHubAnswer(response.body);
    const named = new Set(rejected.map(({ index }) => index));
    const isAllNamed = response.status === 422 && batch.every((_, index) => named.has(index));
    if (batch.length > 1 && !isAllNamed) {
      this.batchLimit = Math.ceil(batch.length / 2);
      return 0;
    }
    const codes = [...new Set(rejected.map(({ code }) => code))];
    this.parts.log('warn', 'the hub refused reports for good', {
      count: batch.length,
      status: response.status,
      codes,
    });
    this.forget(batch);
    return 0;
  }

  private forget(batch: readonly QueuedReport[]): void {
    const newest = batch.at(-1);
    if (newest) this.parts.queue.forgetThrough(newest.sequence);
  }

  /** 1 s doubling to 60 s with full jitter, so that agents do not come back all at once. */
  private backOff(retryAfterMs = 0): number {
    const limitMs = Math.min(MAX_BACKOFF_MS, 1_000 * 2 ** this.failures++);
    return Math.max(1, retryAfterMs + this.timing.random() * limitMs);
  }

  private changeStanding(standing: Standing, message: string, fields?: Record<string, unknown>): void {
    if (standing === this.standing) return;
    this.standing = standing;
    const { size: waiting, droppedCount: dropped } = this.parts.queue;
    this.parts.log(standing === 'fine' || standing === 'stopped' ? 'info' : 'warn', message, {
      ...fields,
      ...(waiting > 1 ? { waiting } : {}),
      ...(dropped > 0 ? { dropped } : {}),
    });
  }
}
