import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad, type LoadResult } from '../client/http-load.js';
import { History } from '../data/report-batch.js';
import { SERIES_PER_REPORT } from '../data/series.js';
import type { Target } from '../targets/target.js';

export const INTERVAL_MS = 10_000;
const REPORTS_PER_REQUEST = 100;
const CONNECTIONS = 32;
/** A machine that is an hour ahead would make the others' reports too old for Prometheus. */
const MAX_LEAD_REQUESTS = 1;

export interface LoadedHistory {
  readonly samples: number;
  readonly load: LoadResult;
  /** Of the target, while it took this in. */
  readonly cpuSeconds: number;
}

/** A past of reports every 10 s up to `endAt`, through the target's own door, oldest first. */
export async function loadHistory(
  target: Target,
  { machines, spanMs, endAt }: { machines: number; spanMs: number; endAt: number },
): Promise<LoadedHistory> {
  const ticks = Math.floor(spanMs / INTERVAL_MS);
  const history = new History({
    machines,
    ticks,
    startAt: endAt - (ticks - 1) * INTERVAL_MS,
    spacingMs: INTERVAL_MS,
    reportsPerRequest: REPORTS_PER_REQUEST,
  });
  const given = new Array<number>(machines).fill(0);
  const before = target.readCpuSeconds();
  const load = await runLoad(
    {
      machines,
      next: async (machine) => {
        while (given[machine]! > Math.min(...given) + MAX_LEAD_REQUESTS) await sleep(1);
        const batch = history.next(machine);
        // One that has ended holds nobody up.
        given[machine] = batch ? given[machine]! + 1 : Infinity;
        return batch && { bytes: target.encode(batch), reports: batch.ats.length };
      },
    },
    {
      port: target.port,
      connections: CONNECTIONS,
      judge: (status, body, reports) => target.judge(status, body, reports),
    },
  );
  if (load.reports !== history.reports)
    throw new Error(`${load.reports} of ${history.reports} reports were sent`);
  return { samples: load.reports * SERIES_PER_REPORT, load, cpuSeconds: target.readCpuSeconds() - before };
}
