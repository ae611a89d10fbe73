import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad, type LoadResult, type WireRequest } from '../client/http-load.js';
import { History } from '../data/report-batch.js';
import { SERIES_PER_REPORT } from '../data/series.js';
import { BARE_HTTP } from '../targets/bare-http.target.js';
import { HUB } from '../targets/hub.target.js';
import { POSTGRES_ROWS } from '../targets/postgres-rows.target.js';
import { PROMETHEUS } from '../targets/prometheus.target.js';
import type { Target, TargetKind } from '../targets/target.js';
import { VICTORIA_METRICS } from '../targets/victoria-metrics.target.js';
import type { BatchShape } from '../wire/write-request.js';
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

const MACHINES = 50;
const CONNECTIONS = 32;
/** Everything lies within this much of the past, younger than what the hub takes as late. */
const WINDOW_MS = 24 * 60_000;

interface IngestCase {
  readonly id: string;
  readonly title: string;
  readonly reportsPerRequest: number;
  readonly shape: BatchShape;
  /** Who has this case at all: layouts of remote write concern only those who take it. */
  readonly isPeersOnly: boolean;
}

const CASES: readonly IngestCase[] = [
  { id: 'single', title: 'one report a request', reportsPerRequest: 1, shape: 'as-sent', isPeersOnly: false },
  {
    id: 'batch',
    title: '100 reports a request',
    reportsPerRequest: 100,
    shape: 'as-sent',
    isPeersOnly: false,
  },
  {
    id: 'grouped',
    title: '100 a request, grouped by series',
    reportsPerRequest: 100,
    shape: 'grouped',
    isPeersOnly: true,
  },
];

interface Sizes {
  readonly runs: number;
  readonly singleReports: number;
  readonly batchReports: number;
  /** Waited after each run: what is written behind is counted too. */
  readonly afterMs: number;
}

const FULL: Sizes = { runs: 3, singleReports: 20_000, batchReports: 40_000, afterMs: 6_000 };
const QUICK: Sizes = { runs: 1, singleReports: 5_000, batchReports: 10_000, afterMs: 1_000 };

interface RunFigures {
  readonly cpuSeconds: number;
  readonly cpuSecondsAfter: number;
  readonly postgresSeconds: number | undefined;
  readonly load: LoadResult;
}

/** How much CPU a million samples cost, and how many a second go through one core. */
export const INGEST: Part = {
  id: 'ingest',
  title: `Ingest: ${MACHINES} machines, ${SERIES_PER_REPORT} samples a report, ${CONNECTIONS} connections`,
  async run(options: RunOptions): Promise<PartResult> {
    const sizes = options.isQuick ? QUICK : FULL;
    const kinds: TargetKind[] = [BARE_HTTP, HUB, VICTORIA_METRICS, PROMETHEUS, POSTGRES_ROWS];
    const rows: ResultRow[] = [];
    const facts: Record<string, Record<string, string>> = {};
    for (const kind of chooseTargets(kinds, options)) {
      const takesRemoteWrite = kind === VICTORIA_METRICS || kind === PROMETHEUS;
      for (const ingestCase of CASES) {
        if (ingestCase.isPeersOnly && !takesRemoteWrite) continue;
        const row = await measureCase(kind, ingestCase, sizes, facts);
        rows.push(row);
        console.log(`  ${row.target}, ${row.case}: ${row.values['CPU-s/M samples']} CPU-s a million samples`);
      }
    }
    return {
      part: 'ingest',
      facts,
      rows,
      ratios: compareWithBestPeer(rows),
      notes: [
        `median of ${sizes.runs} runs; each target started afresh for each case, one warm-up before`,
        'CPU-s: all processes of a target until the last answer; "after": also what it did in the ' +
          `${sizes.afterMs / 1000} s that follow (flushes, checkpoints, merges)`,
        'hub and rows acknowledge after an fsynced commit; VictoriaMetrics and Prometheus before their data is on disk',
      ],
    };
  },
};

async function measureCase(
  kind: TargetKind,
  ingestCase: IngestCase,
  sizes: Sizes,
  facts: Record<string, Record<string, string>>,
): Promise<ResultRow> {
  const target = await kind.start({ machines: MACHINES, shape: ingestCase.shape });
  try {
    facts[kind.name] ??= { ...target.facts };
    const runs = await measureRuns(target, ingestCase, sizes);
    const median = (pick: (run: RunFigures) => number): number => medianOf(runs.map(pick));
    const millions = (run: RunFigures): number => (run.load.reports * SERIES_PER_REPORT) / 1e6;
    return {
      target: kind.name,
      case: ingestCase.title,
      values: {
        'CPU-s/M samples': roundTo(
          median((run) => run.cpuSeconds / millions(run)),
          3,
        ),
        after: roundTo(
          median((run) => run.cpuSecondsAfter / millions(run)),
          3,
        ),
        'CPU µs/report': roundTo(
          median((run) => (run.cpuSeconds * 1e6) / run.load.reports),
          1,
        ),
        'of it Postgres':
          runs[0]!.postgresSeconds === undefined
            ? null
            : roundTo(
                median((run) => (run.postgresSeconds! * 1e6) / run.load.reports),
                1,
              ),
        'k samples/s': Math.round(median((run) => (millions(run) * 1000) / run.load.seconds)),
        'core busy %': Math.round(median((run) => (run.cpuSeconds / run.load.seconds) * 100)),
        'p50 ms': roundTo(
          median((run) => percentileOf(run.load.latenciesMs, 0.5)),
          2,
        ),
        'p99 ms': roundTo(
          median((run) => percentileOf(run.load.latenciesMs, 0.99)),
          2,
        ),
        'B/request': Math.round(median((run) => run.load.requestBytes / run.load.requests)),
      },
    };
  } finally {
    await target.stop();
  }
}

async function measureRuns(target: Target, ingestCase: IngestCase, sizes: Sizes): Promise<RunFigures[]> {
  const { reportsPerRequest } = ingestCase;
  const perRun = reportsPerRequest === 1 ? sizes.singleReports : sizes.batchReports;
  const ticksPerRun = Math.ceil(perRun / MACHINES / reportsPerRequest) * reportsPerRequest;
  const warmUpTicks = Math.max(
    reportsPerRequest,
    Math.ceil(ticksPerRun / 4 / reportsPerRequest) * reportsPerRequest,
  );
  const ticks = warmUpTicks + sizes.runs * ticksPerRun;
  const spacingMs = Math.max(1, Math.floor(WINDOW_MS / ticks));
  const startAt = Date.now() - ticks * spacingMs;
  const history = new History({ machines: MACHINES, ticks, startAt, spacingMs, reportsPerRequest });
  await send(target, encodeTicks(target, history, warmUpTicks, reportsPerRequest));
  const runs: RunFigures[] = [];
  for (let run = 0; run < sizes.runs; run++) {
    // Encoded before the clock starts, so that the client keeps up with the quickest target.
    const requests = encodeTicks(target, history, ticksPerRun, reportsPerRequest);
    await sleep(sizes.afterMs / 4);
    const before = target.readCpuSeconds();
    const postgresBefore = target.readPostgresCpuSeconds?.();
    const load = await send(target, requests);
    const cpuSeconds = target.readCpuSeconds() - before;
    const postgresSeconds = postgresBefore && target.readPostgresCpuSeconds!() - postgresBefore;
    await sleep(sizes.afterMs);
    runs.push({ load, cpuSeconds, postgresSeconds, cpuSecondsAfter: target.readCpuSeconds() - before });
  }
  return runs;
}

function encodeTicks(
  target: Target,
  history: History,
  ticks: number,
  reportsPerRequest: number,
): WireRequest[][] {
  return Array.from({ length: MACHINES }, (_, machine) =>
    Array.from({ length: ticks / reportsPerRequest }, () => {
      const batch = history.next(machine)!;
      return { bytes: target.encode(batch), reports: batch.ats.length };
    }),
  );
}

function send(target: Target, requests: readonly WireRequest[][]): Promise<LoadResult> {
  const next = requests.map(() => 0);
  const source = {
    machines: requests.length,
    next: (machine: number): WireRequest | undefined => requests[machine]![next[machine]!++],
  };
  return runLoad(source, {
    port: target.port,
    connections: CONNECTIONS,
    judge: (status, body, reports) => target.judge(status, body, reports),
  });
}

/** Ours against the peer that costs least, and against both layouts of a batch. */
function compareWithBestPeer(rows: readonly ResultRow[]): ResultRow[] {
  const cost = (name: string, title: string, column: string): number =>
    Number(rows.find((row) => row.target === name && row.case === title)?.values[column] ?? NaN);
  return [
    [CASES[0]!, CASES[0]!, 1.0],
    [CASES[1]!, CASES[1]!, 0.6],
    [CASES[1]!, CASES[2]!, null],
  ].map(([ours, theirs, gate]) => {
    const ratioOf = (column: string): number =>
      roundTo(
        cost(HUB.name, (ours as IngestCase).title, column) /
          cost(VICTORIA_METRICS.name, (theirs as IngestCase).title, column),
        3,
      );
    return {
      target: `${HUB.name} ÷ ${VICTORIA_METRICS.name}`,
      case:
        ours === theirs
          ? (ours as IngestCase).title
          : `${(ours as IngestCase).title}, theirs grouped by series`,
      values: { ratio: ratioOf('CPU-s/M samples'), after: ratioOf('after'), gate: gate as number | null },
    };
  });
}
