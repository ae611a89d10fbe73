import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';

/** A clock that is further off than this would have its reports refused: it is corrected. */
const CORRECT_FROM_MS = 10 * 60_000;
/** A machine without a battery for its clock starts in 1970, or when its image was made. */
const PLAUSIBLE_FROM = Date.UTC(2026, 0, 1);
/** Below this, the two clocks of the machine only round differently. */
const SUSPENDED_FROM_MS = 3_000;

export interface MachineClocks {
  /** Epoch milliseconds, as the machine believes. */
  wall: () => number;
  /** Milliseconds that nobody sets; may stand still while the machine sleeps. */
  steady: () => number;
  /** Seconds since the boot, sleep included. */
  uptime: () => number;
}

const MACHINE_CLOCKS: MachineClocks = { wall: Date.now, steady: () => performance.now(), uptime };

/**
 * The time that goes into reports: the machine's, or, where that is more than ten minutes off, the hub's as
 * learned from its answers. A clock that jumps between two answers is noticed by the one that nobody sets.
 */
export class AgentClock {
  /** Hub's time minus the steady clock; undefined until the hub has answered. */
  private anchor: number | undefined;
  private readonly startGap: number;
  private lastGiven = 0;

  constructor(private readonly clocks: MachineClocks = MACHINE_CLOCKS) {
    this.startGap = this.gap();
  }

  /** @param hubNow `now` of an answer that took `roundTripMs` from the question on */
  learn(hubNow: number, roundTripMs: number): void {
    this.anchor = hubNow + roundTripMs / 2 - this.steadyNow();
  }

  /** Hub's clock minus the machine's, in milliseconds: positive when the machine is behind. */
  get offsetMs(): number | undefined {
    return this.anchor === undefined ? undefined : this.anchor + this.steadyNow() - this.clocks.wall();
  }

  get isCorrecting(): boolean {
    return Math.abs(this.offsetMs ?? 0) > CORRECT_FROM_MS;
  }

  /** Whether a report may be stamped: the hub has told the time, or the machine's own can be true. */
  get isTrusted(): boolean {
    return this.anchor !== undefined || this.clocks.wall() >= PLAUSIBLE_FROM;
  }

  /** Epoch milliseconds, none twice: two reports of one instant would be one. */
  readonly now = (): number => {
    const correction = this.isCorrecting ? this.offsetMs! : 0;
    const now = Math.round(this.clocks.wall() + correction);
    const isGiven = now <= this.lastGiven && this.lastGiven - now < 1_000;
    this.lastGiven = isGiven ? this.lastGiven + 1 : now;
    return this.lastGiven;
  };

  private steadyNow(): number {
    const suspended = this.gap() - this.startGap;
    return this.clocks.steady() + (suspended > SUSPENDED_FROM_MS ? suspended : 0);
  }

  private gap(): number {
    return this.clocks.uptime() * 1_000 - this.clocks.steady();
  }
}
