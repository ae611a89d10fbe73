import { performance } from 'node:perf_hooks';
import type { AgentLog } from './agent-log.js';
import { readHubAnswer, type HubAnswer, type MonitorConfig } from './hub-answer.js';
import type { HubConnection, HubResponse } from './hub-connection.js';
import type { SpooledReport } from './spool/frame.js';
import type { Spool } from './spool/spool.js';

const MIN_BATCH_REPORTS = 10;
const MAX_BATCH_REPORTS = 500;
/** Below the hub's 1 MiB on the wire even where nothing can be packed. */
const MAX_BATCH_BYTES = 900_000;
/** Batches grow while an answer comes this quickly, and shrink when it takes long: new reports wait for it. */
const QUICK_MS = 1_000;
const SLOW_MS = 4_000;
const LONG_WAIT_MS = 60_000;
const MIN_ASK_MS = 1_000;
/**
 * Between two attempts while the hub is away or takes nothing: the present is to be back on its page within seconds of
 * its return. What a thousand agents try meanwhile, small as it is, costs a machine nothing.
 */
const MAX_AWAY_MS = 12_000;
/** Who is told that these are too many requests makes fewer. */
const MAX_BUSY_MS = 60_000;

export interface ReportSenderParts {
  spool: Pick<Spool, 'size' | 'newest' | 'losses' | 'readOldest' | 'readNewest' | 'acknowledge' | 'setAside'>;
  connection: Pick<HubConnection, 'post'>;
  log: AgentLog;
  /** Called with each answer of a hub that took the request, and how long it took. */
  onAnswer: (answer: HubAnswer, roundTripMs: number) => void;
  /** Called after it when the monitor runs, with the configuration that the hub sent along. */
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

type Batch = readonly SpooledReport[];

/**
 * Brings reports from the spool to the hub, one request at a time: what is new goes first, the backlog follows
 * behind it, oldest first. A report leaves the spool only when the hub has said what became of it; sent twice,
 * it is a duplicate and harmless.
 */
export class ReportSender {
  private standing: Standing = 'starting';
  private batchLimit = MIN_BATCH_REPORTS;
  private byteLimit = MAX_BATCH_BYTES;
  /** The newest report that went ahead of the backlog. */
  private freshThrough = 0;
  /** Parts of a batch that the hub could not read; the one that spoils it is among them. */
  private readonly parts: Batch[] = [];
  /** A report that the hub could not read even alone: given up if the hub reads a request without it. */
  private suspect: { report: SpooledReport; status: number; codes: string[] } | undefined;
  private isAsking = false;
  private failures = 0;
  private running: Promise<void> | undefined;
  private isFinishing = false;
  private readonly waking = new AbortController();

  constructor(
    private readonly agent: ReportSenderParts,
    private readonly timing: ReportSenderTiming,
  ) {}

  /** Call it when a report was spooled; does nothing while a request or a wait is under way, nor after a goodbye. */
  wake(): void {
    // A report measured at the very end waits in the spool: a hub that took nothing before is not asked once more.
    if (this.isFinishing) return;
    this.running ??= this.run().finally(() => (this.running = undefined));
  }

  /** Asks the hub for its time and its wishes before anything is sent. Resolves when it has answered once, or not. */
  ask(): Promise<void> {
    if (this.running || this.isFinishing) return this.running ?? Promise.resolve();
    this.isAsking = true;
    return new Promise((resolve) => {
      this.running = this.run(resolve).finally(() => (this.running = undefined));
    });
  }

  /** Sends a report that is only for those who look right now: at once or not at all. */
  async sendLive(json: string): Promise<void> {
    if (this.running || this.isFinishing || this.standing !== 'fine') return;
    this.running = this.postLive(json).finally(() => {
      this.running = undefined;
      if (this.agent.spool.size > 0) this.wake();
    });
    await this.running;
  }

  /** Tells the hub that this end was meant, with the newest reports; waits are cut short. */
  async sayGoodbye(): Promise<void> {
    this.isFinishing = true;
    this.waking.abort();
    await this.running;
    if (this.standing !== 'fine') return;
    const isAll = this.agent.spool.size <= this.batchLimit;
    const batch = isAll
      ? await this.agent.spool.readOldest(this.batchLimit, this.byteLimit)
      : this.agent.spool.readNewest(0, MIN_BATCH_REPORTS);
    await this.send(batch, ',"goodbye":true');
  }

  private async run(onFirst?: () => void): Promise<void> {
    let settle = onFirst;
    while (this.isAsking || this.suspect || this.agent.spool.size > 0 || this.standing === 'stopped') {
      const waitMs = await this.send(await this.choose());
      settle?.();
      settle = undefined;
      if (this.isFinishing) return;
      if (waitMs === 0) continue;
      await this.timing.sleep(waitMs, this.waking.signal);
      if (this.isFinishing) return;
    }
    settle?.();
  }

  private async choose(): Promise<Batch> {
    // A stopped monitor is only asked for; its backlog waits until it runs again.
    if (this.standing === 'stopped' || this.isAsking || this.suspect) return [];
    const part = this.parts.pop();
    if (part) return part;
    const { spool } = this.agent;
    if (spool.size > this.batchLimit && spool.newest > this.freshThrough) {
      const fresh = spool.readNewest(this.freshThrough, MIN_BATCH_REPORTS);
      this.freshThrough = spool.newest;
      if (fresh.length > 0) return fresh;
    }
    return spool.readOldest(this.batchLimit, this.byteLimit);
  }

  /** @returns how long to wait before the next request. */
  private async send(batch: Batch, more = ''): Promise<number> {
    const startedAt = performance.now();
    let response: HubResponse;
    try {
      const body = `{"reports":[${batch.map(({ json }) => json).join()}]${more}}`;
      response = await this.agent.connection.post(body);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      this.changeStanding('away', 'the hub cannot be reached', { reason: code ?? message });
      return this.backOff(MAX_AWAY_MS);
    }
    this.isAsking = false;
    return this.judge(response, batch, performance.now() - startedAt);
  }

  private async judge(response: HubResponse, batch: Batch, tookMs: number): Promise<number> {
    const { status, retryAfterMs } = response;
    if (status === 200) return this.takeReceipt(response, batch, tookMs);
    if (status === 409) {
      this.parts.length = 0;
      this.stop();
      return Math.max(MIN_ASK_MS, retryAfterMs ?? LONG_WAIT_MS);
    }
    if (status === 401 || status === 403) {
      const message = 'the hub does not accept this key; trying again every minute';
      this.changeStanding('denied', message, { status });
      return this.startOver(LONG_WAIT_MS);
    }
    if ((status === 400 || status === 413 || status === 422) && batch.length > 0) {
      return this.narrowDown(response, batch);
    }
    if (status === 408 || status === 429 || status >= 500) {
      this.changeStanding('away', 'the hub is not ready for reports', { status });
      const { batchLimit } = this;
      const waitMs = this.backOff(status === 429 ? MAX_BUSY_MS : MAX_AWAY_MS, retryAfterMs);
      // Too many requests are no reason for smaller ones.
      if (status === 429) this.batchLimit = batchLimit;
      return waitMs;
    }
    this.changeStanding('refused', 'this address does not take reports: check --url', { status });
    return this.startOver(Math.max(LONG_WAIT_MS, retryAfterMs ?? 0));
  }

  private async takeReceipt(response: HubResponse, batch: Batch, tookMs: number): Promise<number> {
    const answer = readHubAnswer(response.body);
    if (answer.judged !== batch.length) {
      this.changeStanding('refused', 'this address is not a hub: check --url', { status: response.status });
      return this.startOver(LONG_WAIT_MS);
    }
    await this.settle(answer, batch);
    this.failures = 0;
    this.adaptBatches(batch.length, tookMs);
    this.agent.onAnswer(answer, tookMs);
    if (answer.isConfigBroken) this.agent.log('warn', 'the hub sent a configuration that makes no sense');
    if (answer.config?.state === 'stopped') {
      this.stop();
      return LONG_WAIT_MS;
    }
    this.changeStanding('fine', 'the hub takes reports');
    this.agent.onTaken(answer.config);
    return 0;
  }

  /** Lets go of what the hub has spoken about. */
  private async settle(answer: HubAnswer, batch: Batch): Promise<void> {
    const { suspect } = this;
    if (suspect && batch.length === 0) {
      this.suspect = undefined;
      await this.giveUp([suspect.report], suspect.status, suspect.codes);
    }
    const codes = new Map(answer.rejected.map(({ index, code }) => [index, code]));
    const refused = batch.filter((_, index) => codes.has(index));
    if (refused.length > 0) await this.giveUp(refused, 200, [...new Set(codes.values())]);
    const taken = batch.filter((_, index) => !codes.has(index));
    if (taken.length > 0) await this.agent.spool.acknowledge(taken);
  }

  private adaptBatches(sent: number, tookMs: number): void {
    if (tookMs > SLOW_MS) this.batchLimit = Math.max(MIN_BATCH_REPORTS, Math.ceil(this.batchLimit / 2));
    else if (tookMs < QUICK_MS && sent >= this.batchLimit) {
      this.batchLimit = Math.min(MAX_BATCH_REPORTS, this.batchLimit * 2);
    }
    this.byteLimit = Math.min(MAX_BATCH_BYTES, Math.ceil(this.byteLimit * 1.05));
  }

  /** Finds the report that spoils a batch by sending its halves, down to that one. */
  private async narrowDown(response: HubResponse, batch: Batch): Promise<number> {
    const { status } = response;
    const { rejected } = readHubAnswer(response.body);
    const codes = [...new Set(rejected.map(({ code }) => code))];
    const named = new Set(rejected.map(({ index }) => index));
    if (status === 422 && batch.every((_, index) => named.has(index))) {
      await this.giveUp(batch, status, codes);
      return 0;
    }
    if (batch.length === 1) {
      this.suspect = { report: batch[0]!, status, codes };
      return 0;
    }
    if (status === 413) {
      const bytes = batch.reduce((sum, { json }) => sum + Buffer.byteLength(json), 0);
      this.byteLimit = Math.ceil(bytes / 2);
    }
    const middle = Math.ceil(batch.length / 2);
    this.parts.push(batch.slice(middle), batch.slice(0, middle));
    return 0;
  }

  private async giveUp(batch: Batch, status: number, codes: string[]): Promise<void> {
    this.agent.log('warn', 'the hub refused reports for good', { count: batch.length, status, codes });
    await this.agent.spool.setAside(batch, status, codes);
  }

  private async postLive(json: string): Promise<void> {
    const startedAt = performance.now();
    const response = await this.agent.connection.post(`{"reports":[${json}]}`).catch(() => undefined);
    const answer = response?.status === 200 ? readHubAnswer(response.body) : undefined;
    if (answer?.judged === undefined) return;
    this.agent.onAnswer(answer, performance.now() - startedAt);
    if (answer.config?.state === 'stopped') {
      this.stop();
      this.wakeSoon();
    } else this.agent.onTaken(answer.config);
  }

  /** From within a request: the asking begins when that is over. */
  private wakeSoon(): void {
    setImmediate(() => this.wake());
  }

  private stop(): void {
    this.changeStanding('stopped', 'the monitor is stopped: measuring nothing until it is started');
    this.agent.onStopped();
  }

  /** 1 s doubling to the most, with full jitter, so that agents do not come back all at once. */
  private backOff(mostMs: number, retryAfterMs = 0): number {
    const limitMs = Math.min(mostMs, 1_000 * 2 ** Math.min(this.failures++, 16));
    return this.startOver(Math.max(1, retryAfterMs + this.timing.random() * limitMs));
  }

  /** Nothing in doubt any more, small batches, what is new first. */
  private startOver(waitMs: number): number {
    this.parts.length = 0;
    this.suspect = undefined;
    this.freshThrough = 0;
    this.batchLimit = MIN_BATCH_REPORTS;
    return waitMs;
  }

  private changeStanding(standing: Standing, message: string, fields?: Record<string, unknown>): void {
    if (standing === this.standing) return;
    this.standing = standing;
    const { size: waiting, losses } = this.agent.spool;
    this.agent.log(standing === 'fine' || standing === 'stopped' ? 'info' : 'warn', message, {
      ...fields,
      ...(waiting > 1 ? { waiting } : {}),
      ...(losses.dropped > 0 ? { dropped: losses.dropped } : {}),
    });
  }
}
