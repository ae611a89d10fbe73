import type { Endpoint } from '../monitors/forwarding/endpoint-settings.js';
import type { ForwardingErrorModel, ForwardingModel } from '../monitors/forwarding/forwarding.model.js';
import type { OutboxSize } from '../storage/outbox.js';

export const MAX_BATCH_REPORTS = 500;
/** Counting reads all that waits: not for each report that a full queue lets go. */
const COUNTED_EVERY = 2_000;

/** One monitor on its way to its endpoint: what waits, and how it goes. */
export class Lane {
  queued = 0;
  bytes = 0;
  /** What was told of since the start: grows only. */
  noted = { count: 0, bytes: 0 };
  /** `noted.count` when what waits was counted last. */
  private countedAt = 0;
  /** Epoch milliseconds. */
  oldestQueuedAt: number | null = null;
  lastSentAt: Date | null = null;
  lastError: ForwardingErrorModel | null = null;
  dropped = 0;
  failures = 0;
  /** Halved when what was sent is too much, or has a report in it that is not taken. */
  batchReports = MAX_BATCH_REPORTS;
  /** The far side is a hub: it unpacks. */
  isHub = false;
  isInFlight = false;
  /** Nothing goes until somebody mends something. */
  isRefused = false;
  /** Ends the request under way when the endpoint is another or the hub stops. */
  readonly abort = new AbortController();
  timer: NodeJS.Timeout | undefined;

  constructor(
    readonly monitorId: string,
    readonly endpoint: Endpoint,
    /** Tells whether the settings are still the same. */
    readonly fingerprint: string,
  ) {}

  get server(): string {
    return new URL(this.endpoint.url).origin;
  }

  /** Much was told of since: what waits is to be counted anew before any of it is let go. */
  get isCountOld(): boolean {
    return this.noted.count - this.countedAt >= COUNTED_EVERY;
  }

  /**
   * Takes over what was counted. What was told of meanwhile may be in it or not: rather too much than too little, as
   * what is not there is found out by the next attempt.
   * @param notedBefore `noted` when the counting began
   */
  setSize({ count, bytes, oldestQueuedAt }: OutboxSize, notedBefore = this.noted): void {
    this.countedAt = notedBefore.count;
    this.queued = count + this.noted.count - notedBefore.count;
    this.bytes = bytes + this.noted.bytes - notedBefore.bytes;
    this.oldestQueuedAt = oldestQueuedAt ?? (this.queued > 0 ? this.oldestQueuedAt : null);
  }

  noteQueued(count: number, bytes: number, now: number): void {
    this.oldestQueuedAt ??= now;
    this.queued += count;
    this.bytes += bytes;
    this.noted = { count: this.noted.count + count, bytes: this.noted.bytes + bytes };
  }

  /** @param queuedAt when the newest of them was put in, epoch milliseconds: what is left is hardly older */
  noteGone(gone: { readonly count: number; readonly bytes: number }, queuedAt: number | null): void {
    this.queued = Math.max(0, this.queued - gone.count);
    this.bytes = Math.max(0, this.bytes - gone.bytes);
    this.oldestQueuedAt = this.queued === 0 ? null : (queuedAt ?? this.oldestQueuedAt);
  }

  noteError(code: string, message: string, now: number): void {
    this.lastError = { code, message, at: new Date(now) };
  }

  /** Takes over what stays true when the endpoint is another. */
  inherit(before: Lane): void {
    this.setSize({ count: before.queued, bytes: before.bytes, oldestQueuedAt: before.oldestQueuedAt });
    this.lastSentAt = before.lastSentAt;
    this.dropped = before.dropped;
  }

  present(now: number): ForwardingModel {
    const isWaiting = this.queued > 0;
    return {
      state: this.isRefused ? 'refused' : this.failures > 0 ? 'retrying' : isWaiting ? 'sending' : 'idle',
      queued: this.queued,
      lagSeconds:
        isWaiting && this.oldestQueuedAt !== null
          ? Math.max(0, Math.round((now - this.oldestQueuedAt) / 100) / 10)
          : 0,
      lastSentAt: this.lastSentAt,
      lastError: this.lastError,
      dropped: this.dropped,
    };
  }

  close(): void {
    clearTimeout(this.timer);
    this.abort.abort();
  }
}
