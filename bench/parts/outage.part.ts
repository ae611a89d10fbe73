import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { ReturningEvent, ReturningOrders } from '../client/returning-agents.js';
import { onExit } from '../process/cleanup.js';
import { makeWorkDirectory } from '../process/work-directory.js';
import { HUB, type HubTarget } from '../targets/hub.target.js';
import { roundTo, type Part, type PartResult, type ResultRow, type RunOptions } from './part.js';

const FRESH_GATE_S = 15;
/** So many times as long as it took to measure them would be the reports of an outage drained. */
const DRAIN_GATE = 20;
const INTERVAL_MS = 10_000;

interface Sizes {
  readonly machines: number;
  readonly reports: number;
  /** For how long they try in vain before the hub can be reached: their waits grow to the longest. */
  readonly inVainMs: number;
}

const FULL: Sizes = { machines: 200, reports: 2_160, inVainMs: 120_000 };
const QUICK: Sizes = { machines: 20, reports: 360, inVainMs: 5_000 };

/** A hub that was away for six hours: how soon the present is back on the page, and the past complete. */
export const OUTAGE: Part = {
  id: 'outage',
  title: 'A fleet whose hub was away: how soon the newest is there, and everything',
  async run({ isQuick }: RunOptions): Promise<PartResult> {
    const sizes = isQuick ? QUICK : FULL;
    const hub = await HUB.start({ machines: sizes.machines, shape: 'as-sent' });
    try {
      const { freshMs, drainedMs, reports } = await comeBack(hub, sizes);
      const kept = await hub.countKept();
      if (kept < reports) throw new Error(`of ${reports} reports the hub has ${kept}`);
      const hours = (sizes.reports * INTERVAL_MS) / 3_600_000;
      const seconds = (ms: number): number => roundTo(ms / 1000, 1);
      const row: ResultRow = {
        target: HUB.name,
        case: `${sizes.machines} machines, away for ${roundTo(hours, 1)} h, ${reports} reports`,
        values: {
          'newest of half, s': seconds(freshMs[freshMs.length >> 1]!),
          'newest of all, s': seconds(freshMs.at(-1)!),
          'all drained, s': seconds(drainedMs),
          'reports/s': roundTo(reports / (drainedMs / 1000), 0),
          '× real time': roundTo((sizes.reports * INTERVAL_MS) / drainedMs, 0),
          'hub MiB': Math.round(hub.readMemory().hubPeakBytes / 1024 / 1024),
        },
      };
      const ratio = roundTo((drainedMs / (sizes.reports * INTERVAL_MS)) * DRAIN_GATE, 2);
      return {
        part: 'outage',
        facts: { [HUB.name]: hub.facts },
        rows: [row],
        ratios: [
          {
            target: HUB.name,
            case: 'newest of all, s',
            values: { value: seconds(freshMs.at(-1)!), gate: FRESH_GATE_S },
          },
          {
            target: HUB.name,
            case: `time to drain ÷ a ${DRAIN_GATE}th of the outage`,
            values: { value: ratio, gate: 1 },
          },
        ],
        notes: [
          'the agents’ own spools and senders, in real time, in one process on the client’s core; the hub and its Postgres on the other',
          'they tried in vain for two minutes before, and measure on meanwhile; newest: the hub has said that it has the newest report that there is',
          'counted from the moment at which the hub can be reached; every report is stored once',
        ],
      };
    } finally {
      await hub.stop();
    }
  },
};

async function comeBack(
  hub: HubTarget,
  { machines, reports, inVainMs }: Sizes,
): Promise<{ freshMs: number[]; drainedMs: number; reports: number }> {
  const folder = makeWorkDirectory('outage');
  const program = path.join(folder, 'agents.cjs');
  await build({
    entryPoints: [fileURLToPath(new URL('../client/returning-agents.ts', import.meta.url))],
    ...{ outfile: program, bundle: true, platform: 'node', target: 'node24', format: 'cjs' },
  });
  const orders: ReturningOrders = {
    ...{ hubPort: hub.port, folder, reports, intervalMs: INTERVAL_MS },
    keys: hub.monitors.map(({ apiKey }) => apiKey),
  };
  // It inherits the client's core.
  const agents = spawn(process.execPath, [program, JSON.stringify(orders)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onExit(() => agents.kill('SIGKILL'));
  const freshMs: number[] = [];
  const drained: { afterMs: number; reports: number }[] = [];
  try {
    for await (const line of createInterface(agents.stdout)) {
      const event = JSON.parse(line) as ReturningEvent;
      if (event.event === 'filled') {
        void sleep(inVainMs).then(() => agents.stdin.write('open\n'));
      } else if (event.event === 'fresh') freshMs.push(event.afterMs);
      else drained.push(event);
      if (drained.length === machines) break;
    }
  } finally {
    agents.kill('SIGKILL');
  }
  if (drained.length < machines) throw new Error(`${drained.length} of ${machines} agents got through`);
  return {
    freshMs: freshMs.sort((one, other) => one - other),
    drainedMs: Math.max(...drained.map(({ afterMs }) => afterMs)),
    reports: drained.reduce((sum, one) => sum + one.reports, 0),
  };
}
