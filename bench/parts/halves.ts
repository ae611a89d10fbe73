import type { LoadResult } from '../client/http-load.js';
import type { HubTarget } from '../targets/hub.target.js';
import { medianOf, percentileOf, roundTo, type ResultRow } from './part.js';

const MIB = 1024 * 1024;
/** An acknowledgement may come later by so much, whichever is more. */
const MOST_LATER_MS = 2;

/** One half of a pair: the same load, with or without what it is to be held out. */
export interface Half {
  readonly load: LoadResult;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of one core. */
  readonly hubCpuPercent: number;
  readonly postgresCpuPercent: number;
  /** Resident at its end. */
  readonly hubMib: number;
}

export async function measureHalf(hub: HubTarget, run: () => Promise<LoadResult>): Promise<Half> {
  const [allBefore, postgresBefore] = [hub.readCpuSeconds(), hub.readPostgresCpuSeconds()];
  const load = await run();
  const postgresSeconds = hub.readPostgresCpuSeconds() - postgresBefore;
  const hubSeconds = hub.readCpuSeconds() - allBefore - postgresSeconds;
  return {
    load,
    p50Ms: percentileOf(load.latenciesMs, 0.5),
    p99Ms: percentileOf(load.latenciesMs, 0.99),
    hubCpuPercent: (hubSeconds / load.seconds) * 100,
    postgresCpuPercent: (postgresSeconds / load.seconds) * 100,
    hubMib: hub.readResidentBytes() / MIB,
  };
}

/** A line for each half, so that a reader sees how far they lie apart, and the medians of both kinds. */
export function describeHalves(target: string, name: string, halves: readonly Half[]): ResultRow[] {
  const describe = (title: string, values: readonly Half[]): ResultRow => {
    const median = (read: (half: Half) => number, digits: number): number =>
      roundTo(medianOf(values.map(read)), digits);
    return {
      target,
      case: title,
      values: {
        'reports/s': median(({ load }) => load.reports / load.seconds, 0),
        'p50 ms': median(({ p50Ms }) => p50Ms, 2),
        'p99 ms': median(({ p99Ms }) => p99Ms, 2),
        'max ms': median(({ load }) => load.latenciesMs.at(-1) ?? NaN, 1),
        'hub CPU %': median(({ hubCpuPercent }) => hubCpuPercent, 1),
        'Postgres CPU %': median(({ postgresCpuPercent }) => postgresCpuPercent, 1),
        'hub MiB': median(({ hubMib }) => hubMib, 0),
      },
    };
  };
  return [
    ...halves.map((half, index) => describe(`${name}, pair ${index + 1}`, [half])),
    describe(`${name}, median`, halves),
  ];
}

/** How much later acknowledgements come in the hard halves, pair by pair: the median, beside what is allowed. */
export function judgeLateness(
  name: string,
  calm: readonly Half[],
  hard: readonly Half[],
  mostShare: number,
): ResultRow {
  const later = calm.map(({ p99Ms }, index) => hard[index]!.p99Ms - p99Ms);
  const calmP99 = medianOf(calm.map(({ p99Ms }) => p99Ms));
  return {
    target: name,
    case: `p99 of an acknowledgement later by, ms (allowed: ${mostShare * 100} % or ${MOST_LATER_MS} ms)`,
    values: {
      value: roundTo(medianOf(later), 2),
      gate: roundTo(Math.max(MOST_LATER_MS, calmP99 * mostShare), 2),
    },
  };
}
