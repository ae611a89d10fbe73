import type { LoadResult } from '../client/http-load.js';
import { reportSteadily } from '../client/steady-load.js';
import { HUB, type HubTarget } from '../targets/hub.target.js';
import {
  chooseTargets,
  percentileOf,
  roundTo,
  type Part,
  type PartResult,
  type ResultRow,
  type RunOptions,
} from './part.js';

const INTERVAL_MS = 10_000;
const ACK_GATE_MS = 100;
const MEMORY_GATE_MIB = 400;
const MIB = 1024 * 1024;

interface FleetSizes {
  readonly machines: readonly number[];
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

const FULL: FleetSizes = { machines: [1_000, 5_000], warmUpMs: 30_000, measuredMs: 90_000 };
const QUICK: FleetSizes = { machines: [200], warmUpMs: 2_000, measuredMs: 12_000 };

/** A fleet as it is in life: each machine a key, a connection that stays open, and a report every ten seconds. */
export const FLEET: Part = {
  id: 'fleet',
  title: 'Fleets that report every 10 s: how long an acknowledgement takes, what the hub needs',
  async run(options: RunOptions): Promise<PartResult> {
    const sizes = options.isQuick ? QUICK : FULL;
    const rows: ResultRow[] = [];
    const ratios: ResultRow[] = [];
    const facts: Record<string, Record<string, string>> = {};
    for (const kind of chooseTargets([HUB], options)) {
      for (const machines of sizes.machines) {
        const hub = await kind.start({ machines, shape: 'as-sent' });
        try {
          facts[kind.name] = { ...hub.facts };
          const row = await measureFleet(hub, machines, sizes);
          rows.push(row);
          console.log(`  ${row.case}: p99 ${row.values['p99 ms']} ms, hub ${row.values['hub MiB']} MiB`);
        } finally {
          await hub.stop();
        }
      }
      ratios.push(...judge(rows[0]!));
    }
    return {
      part: 'fleet',
      facts,
      rows,
      ratios,
      notes: [
        `${sizes.measuredMs / 1000} s after a warm-up of ${sizes.warmUpMs / 1000} s; every report is acknowledged after its commit`,
        'hub and Postgres share one core, the client has the other; CPU: of that one core',
        'hub MiB: the most that the hub’s process held resident since its start, Postgres beside it at the end',
      ],
    };
  },
};

async function measureFleet(hub: HubTarget, machines: number, sizes: FleetSizes): Promise<ResultRow> {
  await report(hub, machines, sizes.warmUpMs);
  const cpuBefore = hub.readCpuSeconds();
  const load = await report(hub, machines, sizes.measuredMs);
  const cpuSeconds = hub.readCpuSeconds() - cpuBefore;
  const memory = hub.readMemory();
  const times = load.latenciesMs;
  return {
    target: HUB.name,
    case: `${machines} machines`,
    values: {
      'reports/s': roundTo(load.reports / load.seconds, 0),
      'p50 ms': roundTo(percentileOf(times, 0.5), 2),
      'p99 ms': roundTo(percentileOf(times, 0.99), 2),
      'max ms': roundTo(times.at(-1)!, 1),
      'CPU %': roundTo((cpuSeconds / load.seconds) * 100, 1),
      'CPU µs/report': roundTo((cpuSeconds * 1e6) / load.reports, 0),
      'hub MiB': Math.round(memory.hubPeakBytes / MIB),
      'Postgres MiB': Math.round(memory.postgresBytes / MIB),
    },
  };
}

/** Every machine at its own moment of each interval, over a connection of its own. */
function report(hub: HubTarget, machines: number, forMs: number): Promise<LoadResult> {
  return reportSteadily(hub, { machines, forMs, intervalMs: Math.min(INTERVAL_MS, forMs / 2) });
}

function judge({ values }: ResultRow): ResultRow[] {
  return [
    {
      target: HUB.name,
      case: 'p99 of an acknowledgement, ms',
      values: { value: values['p99 ms']!, gate: ACK_GATE_MS },
    },
    {
      target: HUB.name,
      case: 'memory of the hub, MiB',
      values: { value: values['hub MiB']!, gate: MEMORY_GATE_MIB },
    },
  ];
}
