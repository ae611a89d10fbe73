import { setTimeout as sleep } from 'node:timers/promises';
import { type Flood, type FloodSummary, prepareFlood } from '../client/flood.js';
import type { LoadResult } from '../client/http-load.js';
import { reportSteadily } from '../client/steady-load.js';
import { assertFilesAllowed } from '../process/open-files.js';
import { HUB, type HubTarget } from '../targets/hub.target.js';
import { describeHalves, type Half, judgeLateness, measureHalf } from './halves.js';
import {
  chooseTargets,
  roundTo,
  type Part,
  type PartResult,
  type ResultRow,
  type RunOptions,
} from './part.js';

const MACHINES = 200;
const INTERVAL_MS = 200;
/** An acknowledgement may come later by this share. */
const MOST_LATER = 0.2;
const MOST_GROWTH_MIB = 16;
const SLOW_EVERY_MS = 1_000;
/** What lets the flood's connections go, and their memory. */
const REST_MS = 3_000;

interface FloodSizes {
  readonly pairs: number;
  readonly forMs: number;
  readonly warmUpMs: number;
  readonly upgrades: number;
  readonly slow: number;
}

const FULL: FloodSizes = { pairs: 5, forMs: 25_000, warmUpMs: 40_000, upgrades: 10_000, slow: 2_000 };
const QUICK: FloodSizes = { pairs: 2, forMs: 5_000, warmUpMs: 3_000, upgrades: 1_000, slow: 500 };

/** Strangers do their worst at the door while reports come in through it. */
export const FLOOD: Part = {
  id: 'flood',
  title: '10,000 hostile upgrades and 2,000 slow connections while 1,000 reports a second come in',
  async run(options: RunOptions): Promise<PartResult> {
    const sizes = options.isQuick ? QUICK : FULL;
    const facts: Record<string, Record<string, string>> = {};
    const rows: ResultRow[] = [];
    const ratios: ResultRow[] = [];
    const notes: string[] = [];
    // In one process: as many are open at most, beside what the hub and the client have open themselves.
    assertFilesAllowed(sizes.slow + MACHINES + 500);
    for (const kind of chooseTargets([HUB], options)) {
      const hub = await kind.start({
        machines: MACHINES,
        shape: 'as-sent',
        keepsRates: true,
        hubSettings: { WATCHKEEPER_TRUSTED_PROXIES: '127.0.0.1' },
      });
      try {
        facts[kind.name] = { ...hub.facts, settings: 'as it comes, behind a trusted proxy on loopback' };
        const measured = await measureFlood(hub, sizes);
        rows.push(
          ...describeHalves(kind.name, 'calm', measured.calm),
          ...describeHalves(kind.name, 'flood', measured.flooded),
        );
        ratios.push(...judge(measured));
        notes.push(...describeFlood(sizes, measured));
      } finally {
        await hub.stop();
      }
    }
    return { part: 'flood', facts, rows, ratios, notes };
  },
};

interface FloodFigures {
  readonly calm: readonly Half[];
  readonly flooded: readonly Half[];
  readonly summaries: readonly FloodSummary[];
  readonly openBefore: number;
  readonly openAfter: number;
  readonly acknowledged: number;
  readonly kept: number;
}

async function measureFlood(hub: HubTarget, sizes: FloodSizes): Promise<FloodFigures> {
  let acknowledged = 0;
  const report = async (forMs: number): Promise<LoadResult> => {
    const load = await reportSteadily(hub, { machines: MACHINES, intervalMs: INTERVAL_MS, forMs });
    acknowledged += load.reports;
    return load;
  };
  const prepare = (forMs: number, share = 1): Promise<Flood> =>
    prepareFlood({
      target: { port: hub.port, goodKeys: hub.monitors.map(({ apiKey }) => apiKey), isBehindProxy: true },
      upgrades: sizes.upgrades * share,
      slow: sizes.slow,
      slowEveryMs: SLOW_EVERY_MS,
      forMs,
    });
  // The whole way of the flood too is compiled before anything is measured.
  const warmUp = await prepare(sizes.warmUpMs, sizes.warmUpMs / sizes.forMs);
  await Promise.all([report(sizes.warmUpMs), warmUp.run()]);
  await sleep(REST_MS);
  const [calm, flooded, summaries]: [Half[], Half[], FloodSummary[]] = [[], [], []];
  const openBefore = hub.countConnections();
  for (let pair = 0; pair < sizes.pairs; pair++) {
    calm.push(await measureHalf(hub, () => report(sizes.forMs)));
    const flood = await prepare(sizes.forMs);
    const [half, summary] = await Promise.all([measureHalf(hub, () => report(sizes.forMs)), flood.run()]);
    flooded.push(half);
    summaries.push(summary);
    await sleep(REST_MS);
    const [before, after] = [calm[pair]!, half].map(({ p99Ms }) => roundTo(p99Ms, 2));
    console.log(
      `  pair ${pair + 1}: p99 ${before} ms calm, ${after} ms in the flood, ${roundTo(half.hubMib, 0)} MiB`,
    );
  }
  const openAfter = hub.countConnections();
  const kept = await hub.countKept();
  return { calm, flooded, summaries, openBefore, openAfter, acknowledged, kept };
}

function judge(figures: FloodFigures): ResultRow[] {
  const { calm, flooded, acknowledged, kept, openBefore, openAfter } = figures;
  const growth = (halves: readonly Half[]): number => halves.at(-1)!.hubMib - halves[1]!.hubMib;
  const value = (what: string, figure: number, gate: number): ResultRow => ({
    target: HUB.name,
    case: what,
    values: { value: figure, gate },
  });
  return [
    judgeLateness(HUB.name, calm, flooded, MOST_LATER),
    value('memory grown from the second pair to the last, MiB', roundTo(growth(flooded), 1), MOST_GROWTH_MIB),
    value('the same of the calm halves, MiB', roundTo(growth(calm), 1), MOST_GROWTH_MIB),
    value('connections left open', Math.max(0, openAfter - openBefore), 0),
    value('reports acknowledged and not stored once', Math.abs(acknowledged - kept), 0),
  ];
}

function describeFlood(
  sizes: FloodSizes,
  { summaries, openBefore, openAfter, acknowledged, kept }: FloodFigures,
): string[] {
  const last = summaries.at(-1)!;
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([ending, count]) => `${ending} × ${count}`)
      .join(', ');
  return [
    `${sizes.pairs} pairs of ${sizes.forMs / 1000} s and ${sizes.forMs / 1000} s on one hub; ${MACHINES} monitors over a connection each; the flood is a process of its own on the client’s core`,
    `${sizes.upgrades} upgrades in a half, every second one from an address of its own; at the end of the last ${last.slowOpen} of ${sizes.slow} slow connections were open, ${last.slowOpened} were opened in all: each sends a byte a second and comes back when it is closed`,
    `how the upgrades of the last half ended: ${list(last.upgrades)}`,
    `what its slow connections were answered: ${list(last.slowEndings) || 'nothing'}`,
    `${acknowledged} reports acknowledged, ${kept} stored; connections to the hub ${openBefore} before and ${openAfter} after`,
  ];
}
