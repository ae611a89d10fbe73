import type { Worker } from 'node:worker_threads';
import { openStatfsThread, type DiskSpace, type StatfsAnswer } from './statfs-thread.js';

/** A healthy mount answers in a few ms; past this, what waits behind it gets another thread. */
const SLOW_AFTER_MS = 100;

/** More dead mounts than this at once, and the rest of the remote mounts waits too. */
const MAX_THREADS = 8;

interface Job {
  path: string;
  resolve: (space: DiskSpace) => void;
  reject: (error: Error) => void;
}

interface Lane {
  thread: Worker;
  job?: Job;
  isSlow: boolean;
  slowTimer?: NodeJS.Timeout;
}

/**
 * Asks remote file systems for their space in threads of its own, because a dead mount blocks the thread
 * that asks, and Node's shared pool has only four. One thread serves all mounts that answer; each mount
 * that hangs costs one more until it answers, which is the caller's reason not to ask it twice.
 */
export class StatfsThreads {
  private readonly waiting: Job[] = [];
  private readonly lanes: Lane[] = [];
  private hasExitHook = false;

  /** Stays pending for as long as the mount hangs; rejects with the error's code (`ENOENT`). */
  ask(path: string): Promise<DiskSpace> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ path, resolve, reject });
      this.dispatch();
    });
  }

  /** Ends idle threads; one that hangs cannot be ended and is left behind. */
  close(): void {
    for (const { reject } of this.waiting.splice(0)) reject(new Error('closed'));
    for (const lane of [...this.lanes]) if (!lane.job) this.removeLane(lane);
    if (this.lanes.length === 0) this.dropExitHook();
  }

  private dispatch(): void {
    while (this.waiting.length > 0) {
      const lane = this.lanes.find(({ job }) => !job) ?? this.addLane();
      if (!lane) return;
      const job = this.waiting.shift()!;
      lane.job = job;
      lane.slowTimer = setTimeout(() => {
        lane.isSlow = true;
        this.dispatch();
      }, SLOW_AFTER_MS).unref();
      lane.thread.postMessage(job.path);
    }
  }

  private addLane(): Lane | undefined {
    if (this.lanes.length >= MAX_THREADS || !this.lanes.every(({ isSlow }) => isSlow)) return undefined;
    this.addExitHook();
    const lane: Lane = { thread: openStatfsThread(), isSlow: false };
    lane.thread.on('message', (answer: StatfsAnswer) => this.finish(lane, answer));
    lane.thread.on('error', (error) => {
      this.removeLane(lane);
      this.settle(lane, { error: error.message });
    });
    // After the listeners: each takes a hold on the process again.
    lane.thread.unref();
    this.lanes.push(lane);
    return lane;
  }

  private finish(lane: Lane, answer: StatfsAnswer): void {
    this.settle(lane, answer);
    // What a hanging mount had called for is given back once it answers.
    if (this.waiting.length === 0 && this.lanes.some((other) => other !== lane && !other.job)) {
      this.removeLane(lane);
    }
    this.dispatch();
  }

  private settle(lane: Lane, answer: StatfsAnswer): void {
    clearTimeout(lane.slowTimer);
    lane.isSlow = false;
    const job = lane.job;
    lane.job = undefined;
    if ('space' in answer) job?.resolve(answer.space);
    else job?.reject(new Error(answer.error));
  }

  private removeLane(lane: Lane): void {
    const index = this.lanes.indexOf(lane);
    if (index >= 0) this.lanes.splice(index, 1);
    void lane.thread.terminate();
  }

  private addExitHook(): void {
    if (this.hasExitHook) return;
    this.hasExitHook = true;
    process.on('exit', this.endDespiteHang);
  }

  private dropExitHook(): void {
    this.hasExitHook = false;
    process.off('exit', this.endDespiteHang);
  }

  /**
   * Node joins its threads on exit, and would wait for a dead mount for ever. Only a signal's default
   * action ends the process then; SIGTERM, since service managers take it for a clean end.
   */
  private readonly endDespiteHang = (): void => {
    if (!this.lanes.some(({ isSlow }) => isSlow)) return;
    process.removeAllListeners('SIGTERM');
    process.kill(process.pid, 'SIGTERM');
    process.kill(process.pid, 'SIGKILL');
  };
}
