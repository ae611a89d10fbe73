import { Injectable } from '@nestjs/common';

/**
 * Late reports and the sealer take turns: between "is this instant sealed already?" and the insert that
 * relies on the answer, nothing may be sealed. One hub is active on a database, so a turn in this process is enough.
 */
@Injectable()
export class MaintenanceLock {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `work` after everything that asked before it. Short pieces only: reports wait behind them. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
