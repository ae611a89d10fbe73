import { backoffMs } from './backoff.js';

/** Requests to one server at a time; a server that does not answer gets one, to see whether it is back. */
const AT_ONCE = 4;

/**
 * Guards one server (scheme, host, port), whatever number of monitors sends there. After a request without any answer
 * nobody tries for a while; then one does, and the others wait for what becomes of it.
 */
export class ServerGate {
  private inFlight = 0;
  private failures = 0;
  private opensAt = -Infinity;
  /** Why it is shut. */
  fault: { readonly code: string; readonly message: string } | undefined;

  /** 0: now; Infinity: when a request that is under way has ended; else in so many milliseconds. */
  waitMs(now: number): number {
    if (now < this.opensAt) return this.opensAt - now;
    return this.inFlight < (this.failures > 0 ? 1 : AT_ONCE) ? 0 : Infinity;
  }

  /** The last request there got no answer at all. */
  get isSilent(): boolean {
    return this.failures > 0;
  }

  enter(): void {
    this.inFlight++;
  }

  leave(): void {
    this.inFlight--;
  }

  noteAnswer(): void {
    this.failures = 0;
    this.fault = undefined;
    this.opensAt = -Infinity;
  }

  /** Several that were under way together failed once. */
  noteSilence(fault: { code: string; message: string }, now: number, random: number): void {
    this.fault = fault;
    if (now < this.opensAt) return;
    this.failures++;
    this.opensAt = now + backoffMs(this.failures, random);
  }

  /** Somebody asks for it: the next one goes at once. */
  reset(): void {
    this.opensAt = -Infinity;
  }
}
