import { setTimeout as sleep } from 'node:timers/promises';
import { readCpuSeconds } from '../process/cpu-time.js';
import { readPeakBytes, readSharedBytes } from '../process/memory.js';
import { HUB } from '../targets/hub.target.js';
import { MACHINE_AGENTS, type MachineAgent } from '../targets/machine-agents.js';
import { roundTo, type Part, type PartResult, type ResultRow, type RunOptions } from './part.js';

const CPU_GATE_MS = 3;
const MIB = 1024 * 1024;

/** Each watches this machine once a second, one after the other on the same core. */
export const AGENT: Part = {
  id: 'agent',
  title: 'What it costs to watch a machine once a second',
  async run(options: RunOptions): Promise<PartResult> {
    const [warmUpMs, measuredMs] = options.isQuick ? [3_000, 5_000] : [15_000, 60_000];
    const rows: ResultRow[] = [];
    const facts: Record<string, Record<string, string>> = {};
    const hub = await HUB.start({ machines: 1, shape: 'as-sent' });
    try {
      for (const kind of MACHINE_AGENTS) {
        const missing = kind.findMissing();
        if (missing !== undefined) {
          console.warn(`! ${kind.name} is left out, it is missing: ${missing}`);
          continue;
        }
        facts[kind.name] = kind.facts();
        const agent = await kind.start(hub);
        try {
          const row = await watch(kind.name, agent, warmUpMs, measuredMs);
          rows.push(row);
          console.log(`  ${kind.name}: ${row.values['CPU ms/s']} ms of CPU a second`);
        } finally {
          await agent.process.stop();
        }
      }
    } finally {
      await hub.stop();
    }
    return { part: 'agent', facts, rows, ratios: judge(rows), notes: NOTES };
  },
};

const NOTES = [
  'CPU of the process and everything that it starts, a second; ours reports once a second: spool, fdatasync and POST are in it',
  'peak: the most that the process held resident; shared: it and what it started, shared memory counted once',
  'the peers read other things than ours, netdata far more; none of them but ours keeps what it reads through a kill',
];

async function watch(
  name: string,
  agent: MachineAgent,
  warmUpMs: number,
  measuredMs: number,
): Promise<ResultRow> {
  const { pid } = agent.process;
  await passSeconds(agent, warmUpMs);
  const [cpuBefore, startedAt] = [readCpuSeconds([pid]), performance.now()];
  await passSeconds(agent, measuredMs);
  const seconds = (performance.now() - startedAt) / 1000;
  if (readPeakBytes(pid) === 0) throw new Error(`${name} has ended:\n${agent.process.output}`);
  return {
    target: name,
    case: 'once a second',
    values: {
      'CPU ms/s': roundTo(((readCpuSeconds([pid]) - cpuBefore) * 1000) / seconds, 2),
      'peak MiB': roundTo(readPeakBytes(pid) / MIB, 1),
      'shared MiB': roundTo(readSharedBytes(pid) / MIB, 1),
    },
  };
}

async function passSeconds({ ask }: MachineAgent, forMs: number): Promise<void> {
  const endAt = performance.now() + forMs;
  for (let next = performance.now(); next < endAt; next += 1000) {
    await ask?.();
    await sleep(Math.max(0, Math.min(next + 1000, endAt) - performance.now()));
  }
}

function judge(rows: readonly ResultRow[]): ResultRow[] {
  const limits = [50, 60];
  return rows
    .filter(({ target }) => target.startsWith('Watchkeeper'))
    .flatMap(({ target, values }, index) => [
      { target, case: 'CPU a report, ms', values: { value: values['CPU ms/s']!, gate: CPU_GATE_MS } },
      { target, case: 'memory, MiB resident', values: { value: values['peak MiB']!, gate: limits[index]! } },
    ]);
}
