import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad, type WireRequest } from '../client/http-load.js';
import { LiveSubscribers } from '../client/live-subscribers.js';
import { History } from '../data/report-batch.js';
import { HUB, type HubTarget } from '../targets/hub.target.js';
import {
  chooseTargets,
  medianOf,
  percentileOf,
  roundTo,
  type Part,
  type PartResult,
  type ResultRow,
  type RunOptions,
} from './part.js';

const REPORTS_PER_SECOND = 100;
const SUBSCRIBERS = 50;
const MACHINES = 100;
/** A page gets one batch a second, as it repaints no more often; here each report goes out at once. */
const HUB_SETTINGS = { WATCHKEEPER_LIVE_SPACING_MS: '0' };
const GATE = 3;

interface LiveRequest extends WireRequest {
  readonly machine: number;
  /** Of the report, epoch milliseconds. */
  readonly at: number;
}

/** Instants as of `performance.now()`, but `at`. */
interface SentReport {
  readonly machine: number;
  readonly at: number;
  readonly sentAt: number;
  readonly answeredAt: number;
}

interface RoundTimes {
  readonly ackMs: readonly number[];
  readonly pushMs: readonly number[];
  readonly afterAckMs: readonly number[];
}

/** How soon a committed report is on the screens of those who watch. */
export const PUSH: Part = {
  id: 'push',
  title: `From the commit to ${SUBSCRIBERS} subscribers, ${REPORTS_PER_SECOND} reports a second`,
  async run(options: RunOptions): Promise<PartResult> {
    const [rounds, seconds] = options.isQuick ? [1, 5] : [3, 20];
    const rows: ResultRow[] = [];
    const facts: Record<string, Record<string, string>> = {};
    for (const kind of chooseTargets([HUB], options)) {
      const hub = await kind.start({
        machines: MACHINES,
        shape: 'as-sent',
        hubSettings: HUB_SETTINGS,
      });
      try {
        facts[kind.name] = { ...hub.facts };
        rows.push(...(await measureHub(hub, rounds!, seconds!)));
      } finally {
        await hub.stop();
      }
    }
    const p99 = (row: string): number =>
      Number(rows.find((known) => known.case === row)?.values['p99 ms'] ?? NaN);
    return {
      part: 'push',
      facts,
      rows,
      ratios: [
        {
          target: 'p99: request → subscriber ÷ request → answer',
          case: 'commit included on both sides',
          values: { ratio: roundTo(p99('request → subscriber') / p99('request → answer'), 2), gate: GATE },
        },
      ],
      notes: [
        `median of ${rounds} rounds of ${seconds} s; ${MACHINES} monitors, a report each second; ` +
          `${SUBSCRIBERS} subscribers on ten sockets, each watches one monitor`,
        'the answer is sent after the commit: answer → subscriber is the push alone, below zero where it overtook the answer',
        'the hub’s spacing of one batch a second and subscriber is off (WATCHKEEPER_LIVE_SPACING_MS=0), else it would be measured',
      ],
    };
  },
};

async function measureHub(hub: HubTarget, rounds: number, seconds: number): Promise<ResultRow[]> {
  const receivedAts = new Map<string, number>();
  const watched = hub.monitors.slice(0, SUBSCRIBERS).map(({ id }) => id);
  const subscribers = await LiveSubscribers.open(hub.port, hub.cookie, watched, (monitorId, at) =>
    receivedAts.set(`${monitorId} ${at}`, performance.now()),
  );
  await sleep(1_000);
  const times: RoundTimes[] = [];
  // The first round warms up: its figures are dropped.
  for (let round = 0; round <= rounds; round++) {
    const measured = await runRound(hub, seconds, receivedAts);
    if (round > 0) times.push(measured);
  }
  subscribers.close();
  return [
    describeTimes(
      'request → answer',
      times.map(({ ackMs }) => ackMs),
    ),
    describeTimes(
      'request → subscriber',
      times.map(({ pushMs }) => pushMs),
    ),
    describeTimes(
      'answer → subscriber',
      times.map(({ afterAckMs }) => afterAckMs),
    ),
  ];
}

async function runRound(
  hub: HubTarget,
  seconds: number,
  receivedAts: Map<string, number>,
): Promise<RoundTimes> {
  const ticks = Math.ceil((seconds * REPORTS_PER_SECOND) / MACHINES);
  const periodMs = (MACHINES / REPORTS_PER_SECOND) * 1000;
  const history = new History({
    machines: MACHINES,
    ticks,
    startAt: Date.now(),
    spacingMs: Math.round(periodMs),
    reportsPerRequest: 1,
  });
  const startedAt = performance.now();
  const sent: SentReport[] = [];
  const given = new Array<number>(MACHINES).fill(0);
  const next = async (machine: number): Promise<LiveRequest | undefined> => {
    const batch = history.next(machine);
    if (!batch) return undefined;
    const dueAt = startedAt + (given[machine]!++ + machine / MACHINES) * periodMs;
    await sleep(Math.max(0, dueAt - performance.now()));
    return { bytes: hub.encode(batch), reports: 1, machine, at: batch.ats[0]! };
  };
  await runLoad(
    { machines: MACHINES, next },
    {
      port: hub.port,
      // A connection of its own for each machine, kept open, as agents do.
      connections: MACHINES,
      judge: (status, body, reports) => hub.judge(status, body, reports),
      note: ({ machine, at }, sentAt, answeredAt) => sent.push({ machine, at, sentAt, answeredAt }),
    },
  );
  await sleep(1_500);
  return collectTimes(hub, sent, receivedAts);
}

function collectTimes(
  hub: HubTarget,
  sent: readonly SentReport[],
  receivedAts: ReadonlyMap<string, number>,
): RoundTimes {
  const ackMs = sent.map(({ sentAt, answeredAt }) => answeredAt - sentAt);
  const pushMs: number[] = [];
  const afterAckMs: number[] = [];
  for (const { machine, at, sentAt, answeredAt } of sent) {
    if (machine >= SUBSCRIBERS) continue;
    const receivedAt = receivedAts.get(`${hub.monitors[machine]!.id} ${at}`);
    if (receivedAt === undefined) throw new Error('a report did not reach its subscriber');
    pushMs.push(receivedAt - sentAt);
    afterAckMs.push(receivedAt - answeredAt);
  }
  const sort = (values: number[]): number[] => values.sort((a, b) => a - b);
  return { ackMs: sort(ackMs), pushMs: sort(pushMs), afterAckMs: sort(afterAckMs) };
}

function describeTimes(what: string, rounds: readonly (readonly number[])[]): ResultRow {
  const median = (share: number): number =>
    roundTo(medianOf(rounds.map((values) => percentileOf(values, share))), 2);
  return { target: HUB.name, case: what, values: { 'p50 ms': median(0.5), 'p99 ms': median(0.99) } };
}
