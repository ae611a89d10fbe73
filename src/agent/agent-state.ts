import type { AgentState } from '../core/model/report.js';
import type { AgentClock } from './agent-clock.js';
import type { Spool } from './spool/spool.js';

const REPEAT_MS = 3_600_000;
/** Below this the offset is the time that an answer takes. */
const OFFSET_FROM_MS = 2_000;

/** Decides when a report says how the agent fares. */
export class AgentStateTurn {
  private sentText = '';
  private sentAt = -Infinity;

  constructor(
    private readonly clock: Pick<AgentClock, 'offsetMs' | 'isCorrecting'>,
    private readonly spool: Pick<Spool, 'losses' | 'trouble'>,
  ) {}

  /** @param at the instant of the report, epoch milliseconds */
  takeDue(at: number): AgentState | undefined {
    const state = this.read();
    const text = JSON.stringify(state);
    const isRepeat = at >= this.sentAt && at - this.sentAt < REPEAT_MS;
    if (text === this.sentText && isRepeat && !state.isClockCorrected) return undefined;
    this.sentText = text;
    this.sentAt = at;
    return state;
  }

  private read(): AgentState {
    const { dropped, droppedAt, setAside } = this.spool.losses;
    const { offsetMs = 0, isCorrecting } = this.clock;
    // To the second: the rest is how long an answer took, and would be news each time.
    const seconds = Math.abs(offsetMs) < OFFSET_FROM_MS ? 0 : Math.round(offsetMs / 1_000);
    return {
      clockOffsetMs: seconds * 1_000,
      ...(isCorrecting && { isClockCorrected: true }),
      ...(dropped > 0 && { droppedReports: dropped, droppedReportsAt: droppedAt }),
      ...(setAside > 0 && { refusedReports: setAside }),
      ...(this.spool.trouble !== undefined && { spoolProblem: this.spool.trouble }),
    };
  }
}
