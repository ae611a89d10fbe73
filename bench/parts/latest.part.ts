import { setTimeout as sleep } from 'node:timers/promises';
import { HUB } from '../targets/hub.target.js';
import { LATEST as LATEST_METRICS } from '../targets/page-charts.js';
import { PROMETHEUS } from '../targets/prometheus.target.js';
import type { AnsweringTarget, TargetKind } from '../targets/target.js';
import { VICTORIA_METRICS } from '../targets/victoria-metrics.target.js';
import { loadHistory } from './load-history.js';
import {
  chooseTargets,
  percentileOf,
  roundTo,
  type Part,
  type PartResult,
  type ResultRow,
  type RunOptions,
} from './part.js';

const MACHINES = 50;
const SPAN_MS = 5 * 60_000;
const EXPECTED = MACHINES * LATEST_METRICS.valuesPerMachine;
const VISIBLE_DEADLINE_MS = 40_000;
const GATE = 1.0;

/** The overview: CPU, memory and disks of every monitor now. */
export const LATEST: Part = {
  id: 'latest',
  title: `Latest CPU, memory and disks of ${MACHINES} monitors (${EXPECTED} values)`,
  async run(options: RunOptions): Promise<PartResult> {
    const requests = options.isQuick ? 50 : 500;
    const kinds: TargetKind<AnsweringTarget>[] = [HUB, VICTORIA_METRICS, PROMETHEUS];
    const rows: ResultRow[] = [];
    const facts: Record<string, Record<string, string>> = {};
    for (const kind of chooseTargets(kinds, options)) {
      const target = await kind.start({ machines: MACHINES, shape: 'grouped' });
      try {
        facts[kind.name] = { ...target.facts };
        rows.push(await measureTarget(kind.name, target, requests));
      } finally {
        await target.stop();
      }
    }
    const p50Of = (name: string): number =>
      Number(rows.find((row) => row.target === name)?.values['p50 ms'] ?? NaN);
    const ratios = [VICTORIA_METRICS, PROMETHEUS].map(({ name }) => ({
      target: `${HUB.name} ÷ ${name}`,
      case: 'p50',
      values: {
        ratio: roundTo(p50Of(HUB.name) / p50Of(name), 3),
        gate: name === VICTORIA_METRICS.name ? GATE : null,
      },
    }));
    const notes = [
      `${requests} requests one after the other; five minutes of reports are there; answers parsed`,
    ];
    return { part: 'latest', facts, rows, ratios, notes };
  },
};

async function measureTarget(name: string, target: AnsweringTarget, requests: number): Promise<ResultRow> {
  await loadHistory(target, { machines: MACHINES, spanMs: SPAN_MS, endAt: Date.now() });
  const visibleMs = await awaitVisible(name, target);
  for (let turn = 0; turn < requests / 5; turn++) await target.readLatest();
  const latenciesMs: number[] = [];
  const before = { cpuSeconds: target.readCpuSeconds(), bytes: target.receivedBytes() };
  for (let turn = 0; turn < requests; turn++) {
    const startedAt = performance.now();
    const values = await target.readLatest();
    latenciesMs.push(performance.now() - startedAt);
    if (values !== EXPECTED) throw new Error(`${name} answered ${values} of ${EXPECTED} values`);
  }
  latenciesMs.sort((a, b) => a - b);
  return {
    target: name,
    case: 'latest',
    values: {
      'p50 ms': roundTo(percentileOf(latenciesMs, 0.5), 3),
      'p95 ms': roundTo(percentileOf(latenciesMs, 0.95), 3),
      'CPU ms': roundTo(((target.readCpuSeconds() - before.cpuSeconds) * 1000) / requests, 3),
      'KiB/answer': roundTo((target.receivedBytes() - before.bytes) / requests / 1024, 1),
      'visible after ms': Math.round(visibleMs),
    },
  };
}

/** From the last answer of the load until all of it can be asked for. */
async function awaitVisible(name: string, target: AnsweringTarget): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const values = await target.readLatest();
    const waitedMs = performance.now() - startedAt;
    if (values === EXPECTED) return waitedMs;
    if (waitedMs > VISIBLE_DEADLINE_MS)
      throw new Error(`${name} shows ${values} of ${EXPECTED} latest values`);
    await sleep(20);
  }
}
