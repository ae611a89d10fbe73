import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';

export interface LoopWork {
  /** Takes the baselines that the first report needs. */
  prime(): Promise<void>;
  run(): Promise<void>;
  close(): Promise<void>;
}

/** After a start the first report comes this soon, whatever the interval: somebody is waiting to see it. */
const FIRST_RUN_MS = 1_000;

/**
 * Runs work once an interval: on a beat that does not drift, at a phase of its own, never twice at once.
 * A round that takes longer than the interval makes the next one wait for the next beat.
 */
export class CollectLoop {
  private readonly logger = new Logger(CollectLoop.name);
  private readonly timerName: string;
  private readonly phase: number;
  private isRunning = false;
  private isStopped = false;

  /** @param name no other loop that runs has it; the phase comes from it */
  constructor(
    name: string,
    private intervalSeconds: number,
    private readonly scheduler: SchedulerRegistry,
    private readonly work: LoopWork,
  ) {
    this.timerName = `collector:${name}`;
    this.phase = phaseOf(name);
  }

  start(): void {
    void this.attempt(() => this.work.prime());
    this.schedule(FIRST_RUN_MS);
  }

  changeInterval(intervalSeconds: number): void {
    if (intervalSeconds === this.intervalSeconds) return;
    this.intervalSeconds = intervalSeconds;
    if (this.isRunning) return;
    this.cancel();
    this.schedule(Math.min(FIRST_RUN_MS, this.untilNextBeatMs()));
  }

  stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.cancel();
    if (!this.isRunning) this.close();
  }

  private async round(): Promise<void> {
    this.isRunning = true;
    this.scheduler.deleteTimeout(this.timerName);
    await this.attempt(() => this.work.run());
    this.isRunning = false;
    if (this.isStopped) this.close();
    else this.schedule(this.untilNextBeatMs());
  }

  private close(): void {
    void this.attempt(() => this.work.close());
  }

  /** What fails once may go well on the next beat; it ends neither the loop nor the hub. */
  private async attempt(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.logger.error(`collecting on this machine failed: ${(error as Error).message}`);
    }
  }

  private schedule(delayMs: number): void {
    this.scheduler.addTimeout(
      this.timerName,
      setTimeout(() => void this.round(), delayMs),
    );
  }

  private cancel(): void {
    if (this.scheduler.doesExist('timeout', this.timerName)) this.scheduler.deleteTimeout(this.timerName);
  }

  /** Beats lie at phase + n × interval since the epoch: no round's length moves the ones after it. */
  private untilNextBeatMs(): number {
    const intervalMs = this.intervalSeconds * 1000;
    const offsetMs = Math.floor(this.phase * intervalMs);
    const untilMs = intervalMs - ((Date.now() - offsetMs) % intervalMs);
    // A timer may fire a little early; a beat that was just served is not served again.
    return untilMs < intervalMs / 10 ? untilMs + intervalMs : untilMs;
  }
}

/** A share of the interval, 0–1, the same for a loop every time: a thousand of them do not report in one instant. */
export function phaseOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32;
}
