import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad } from '../client/http-load.js';
import { reportSteadily } from '../client/steady-load.js';
import { History } from '../data/report-batch.js';
import { type DeadEndpoints, openDeadEndpoints } from '../servers/dead-endpoints.js';
import { HUB, HubTarget } from '../targets/hub.target.js';
import { describeHalves, type Half, judgeLateness, measureHalf } from './halves.js';
import {
  chooseTargets,
  roundTo,
  type Part,
  type PartResult,
  type ResultRow,
  type RunOptions,
} from './part.js';

const MACHINES = 50;
/** Of each machine: 1,000 reports a second in all. */
const INTERVAL_MS = 50;
/** An acknowledgement may come later by this share. */
const MOST_LATER = 0.1;
/** What may wait of one monitor. */
const QUEUE_LIMIT = 10_000;
/** All that waits was sent within it: young enough to come in by the door of fresh reports. */
const FILLED_MS = 25 * 60_000;
const REPORTS_PER_REQUEST = 100;
/** What a hub gets to catch up with its clock when it goes on. */
const REST_MS = 2_000;

interface ForwardSizes {
  readonly pairs: number;
  readonly forMs: number;
  readonly warmUpMs: number;
  /** Reports of each monitor that wait before the first pair. */
  readonly waiting: number;
}

const FULL: ForwardSizes = { pairs: 5, forMs: 20_000, warmUpMs: 10_000, waiting: QUEUE_LIMIT + 100 };
const QUICK: ForwardSizes = { pairs: 2, forMs: 5_000, warmUpMs: 3_000, waiting: 1_000 };

/** Everything is sent on to where nobody takes it, for so long that all queues are full. */
export const FORWARD: Part = {
  id: 'forward',
  title: `${MACHINES} monitors that send on to dead endpoints, 1,000 reports a second`,
  async run(options: RunOptions): Promise<PartResult> {
    const sizes = options.isQuick ? QUICK : FULL;
    const facts: Record<string, Record<string, string>> = {};
    const rows: ResultRow[] = [];
    const ratios: ResultRow[] = [];
    const notes: string[] = [];
    for (const kind of chooseTargets([HUB], options)) {
      const endpoints = await openDeadEndpoints(MACHINES);
      const hubSettings = { WATCHKEEPER_OUTBOUND_ALLOW_CIDRS: '127.0.0.0/8' };
      const plain = await kind.start({ machines: MACHINES, shape: 'as-sent', hubSettings });
      const sending = await kind.start({ machines: MACHINES, shape: 'as-sent', hubSettings });
      try {
        facts[kind.name] = { ...plain.facts };
        const figures = await measureForwarding({ plain, sending }, endpoints, sizes);
        rows.push(
          ...describeHalves(kind.name, 'without endpoints', figures.without),
          ...describeHalves(kind.name, 'with dead endpoints', figures.with),
        );
        ratios.push(...judge(figures));
        notes.push(...describe(sizes, figures));
      } finally {
        await Promise.all([plain.stop(), sending.stop()]);
        endpoints.close();
      }
    }
    return { part: 'forward', facts, rows, ratios, notes };
  },
};

interface Hubs {
  readonly plain: HubTarget;
  readonly sending: HubTarget;
}

interface ForwardFigures {
  readonly without: readonly Half[];
  readonly with: readonly Half[];
  /** Of the hub that sends on: all that it took, what waits there and what it let go. */
  readonly taken: number;
  readonly queued: number;
  readonly mostQueued: number;
  readonly dropped: number;
}

async function measureForwarding(
  { plain, sending }: Hubs,
  endpoints: DeadEndpoints,
  sizes: ForwardSizes,
): Promise<ForwardFigures> {
  for (const [index, url] of endpoints.urls.entries()) await sending.setEndpoint(index, url);
  let taken = 0;
  const report = async (hub: HubTarget, forMs: number): Promise<Half> => {
    const half = await measureHalf(hub, () =>
      reportSteadily(hub, { machines: MACHINES, intervalMs: INTERVAL_MS, forMs }),
    );
    if (hub === sending) taken += half.load.reports;
    return half;
  };
  // Both have taken the same, one after the other.
  for (const hub of [plain, sending]) {
    const filled = await fill(hub, sizes.waiting);
    if (hub === sending) taken += filled;
    await report(hub, sizes.warmUpMs);
  }
  const [without, withEndpoints]: [Half[], Half[]] = [[], []];
  for (let pair = 0; pair < sizes.pairs; pair++) {
    without.push(await besideStill(sending, () => report(plain, sizes.forMs)));
    withEndpoints.push(await besideStill(plain, () => report(sending, sizes.forMs)));
    const [before, after] = [without[pair]!, withEndpoints[pair]!].map(({ p99Ms }) => roundTo(p99Ms, 2));
    console.log(`  pair ${pair + 1}: p99 ${before} ms without, ${after} ms with dead endpoints`);
  }
  // What is too much is let go right behind the reports.
  await sleep(REST_MS);
  const states = await sending.readForwarding();
  return {
    without,
    with: withEndpoints,
    taken,
    queued: await sending.countWaiting(),
    mostQueued: Math.max(...states.map(({ queued }) => queued)),
    dropped: states.reduce((sum, { dropped }) => sum + dropped, 0),
  };
}

/** The other hub stands still meanwhile, with its Postgres: nothing of it is measured. */
async function besideStill(other: HubTarget, run: () => Promise<Half>): Promise<Half> {
  other.pause();
  try {
    await sleep(REST_MS);
    return await run();
  } finally {
    other.resume();
  }
}

/** Sends so many reports of each machine at once, all of them young. */
async function fill(hub: HubTarget, reports: number): Promise<number> {
  const spacingMs = Math.floor(FILLED_MS / reports);
  const history = new History({
    machines: MACHINES,
    ticks: reports,
    startAt: Date.now() - reports * spacingMs,
    spacingMs,
    reportsPerRequest: REPORTS_PER_REQUEST,
  });
  const load = await runLoad(
    {
      machines: MACHINES,
      next: (machine) => {
        const batch = history.next(machine);
        return batch && { bytes: hub.encode(batch), reports: batch.ats.length };
      },
    },
    {
      port: hub.port,
      connections: 16,
      judge: (status, body, count) => hub.judge(status, body, count),
    },
  );
  return load.reports;
}

function judge(figures: ForwardFigures): ResultRow[] {
  const lost = Math.abs(figures.taken - figures.queued - figures.dropped);
  return [
    judgeLateness(HUB.name, figures.without, figures.with, MOST_LATER),
    {
      target: HUB.name,
      case: 'reports that wait of one monitor',
      values: { value: figures.mostQueued, gate: QUEUE_LIMIT },
    },
    {
      target: HUB.name,
      case: 'reports that neither wait nor were counted as let go',
      values: { value: lost, gate: 0 },
    },
  ];
}

function describe(sizes: ForwardSizes, { taken, queued, dropped }: ForwardFigures): string[] {
  return [
    `${sizes.pairs} pairs of ${sizes.forMs / 1000} s and ${sizes.forMs / 1000} s on two hubs that have taken the same; while one is measured the other stands still, its Postgres too`,
    `${MACHINES} endpoints on servers of their own: half of them refuse the connection, half accept it and never answer; ${sizes.waiting} reports of each monitor wait before the first pair`,
    `of ${taken} reports that were to be sent on, ${queued} wait and ${dropped} were let go and counted`,
  ];
}
