import { setTimeout as sleep } from 'node:timers/promises';
import { History } from '../data/report-batch.js';
import type { Target } from '../targets/target.js';
import { runLoad, type LoadResult, type WireRequest } from './http-load.js';

export interface SteadyPlan {
  /** Each over a connection of its own, with a report at its own moment of each interval. */
  readonly machines: number;
  readonly intervalMs: number;
  readonly forMs: number;
}

/** Machines that report as they do in life, however long the target takes. */
export function reportSteadily(
  target: Target,
  { machines, intervalMs, forMs }: SteadyPlan,
): Promise<LoadResult> {
  const ticks = Math.floor(forMs / intervalMs);
  const startedAt = performance.now();
  const history = new History({
    machines,
    ticks,
    startAt: Date.now(),
    spacingMs: Math.round(intervalMs),
    reportsPerRequest: 1,
  });
  const given = new Array<number>(machines).fill(0);
  const next = async (machine: number): Promise<WireRequest | undefined> => {
    const dueAt = startedAt + (given[machine]!++ + machine / machines) * intervalMs;
    await sleep(Math.max(0, dueAt - performance.now()));
    const batch = history.next(machine);
    return batch && { bytes: target.encode(batch), reports: 1 };
  };
  return runLoad(
    { machines, next },
    {
      port: target.port,
      connections: machines,
      judge: (status, body, reports) => target.judge(status, body, reports),
    },
  );
}
