import { HUB } from '../targets/hub.target.js';
import { POSTGRES_ROWS } from '../targets/postgres-rows.target.js';
import { PROMETHEUS } from '../targets/prometheus.target.js';
import type { KeepingTarget, TargetKind } from '../targets/target.js';
import { VICTORIA_METRICS } from '../targets/victoria-metrics.target.js';
import { loadHistory } from './load-history.js';
import {
  chooseTargets,
  roundTo,
  type Part,
  type PartResult,
  type ResultRow,
  type RunOptions,
} from './part.js';

const MACHINES = 50;
const HOUR_MS = 3_600_000;
const BYTES_GATE = 0.8;
const COUNTED = 'all that counts';

/** What a sample takes on disk, and what it costs to get it there: taking in, then sealing or merging. */
export const DISK: Part = {
  id: 'disk',
  title: `Bytes a sample on disk: ${MACHINES} machines, a report every 10 s`,
  async run(options: RunOptions): Promise<PartResult> {
    const hours = options.isQuick ? 2 : 24;
    const kinds: TargetKind<KeepingTarget>[] = [HUB, VICTORIA_METRICS, PROMETHEUS, POSTGRES_ROWS];
    const rows: ResultRow[] = [];
    const facts: Record<string, Record<string, string>> = {};
    for (const kind of chooseTargets(kinds, options)) {
      // Plain rows weigh the same each: a few of them tell.
      const kept = await measureTarget(
        kind,
        kind === POSTGRES_ROWS ? Math.ceil(hours / 12) : hours,
        options.isQuick,
      );
      facts[kind.name] = kept.facts;
      rows.push(...kept.rows);
      console.log(`  ${kind.name}: ${kept.rows.at(-1)?.values['B/sample']} bytes a sample`);
    }
    return {
      part: 'disk',
      facts,
      rows,
      ratios: compare(rows),
      notes: [
        `${hours} h of reports (${(MACHINES * hours * 360 * 50) / 1e6} M samples), rows in Postgres a twelfth of it; 100 reports a request, peers grouped by series`,
        'nearly all of it is older than the hub takes as fresh: it goes the way of late reports, the dearer one',
        'CPU-s/M: all processes of a target from the first request until it has come to rest, a million samples',
        'the hub counts data, index, toast and maps of its tables; VictoriaMetrics the smaller of its two figures, without its index; Prometheus without its log',
      ],
    };
  },
};

async function measureTarget(
  kind: TargetKind<KeepingTarget>,
  hours: number,
  isQuick: boolean,
): Promise<{ rows: ResultRow[]; facts: Record<string, string> }> {
  const target = await kind.start({ machines: MACHINES, shape: 'grouped' });
  try {
    const loaded = await loadHistory(target, {
      machines: MACHINES,
      spanMs: hours * HOUR_MS,
      endAt: Date.now(),
    });
    const before = target.readCpuSeconds();
    await target.settle(!isQuick);
    const settleSeconds = target.readCpuSeconds() - before;
    const sizes = await target.measureStored();
    const row = (what: string, bytes: number): ResultRow => ({
      target: kind.name,
      case: what,
      values: { MiB: roundTo(bytes / 1024 ** 2, 1), 'B/sample': roundTo(bytes / loaded.samples, 3) },
    });
    const counted = sizes.filter(({ isCounted }) => isCounted).reduce((sum, { bytes }) => sum + bytes, 0);
    const total = row(COUNTED, counted);
    const millions = loaded.samples / 1e6;
    const costs = {
      'CPU-s/M taken in': roundTo(loaded.cpuSeconds / millions, 3),
      'CPU-s/M behind': roundTo(settleSeconds / millions, 3),
      'M samples': roundTo(millions, 2),
    };
    return {
      rows: [
        ...sizes.map(({ what, bytes }) => row(what, bytes)),
        { ...total, values: { ...total.values, ...costs } },
      ],
      facts: { ...target.facts },
    };
  } finally {
    await target.stop();
  }
}

/** Bytes, and the whole cost of getting a sample to where it stays: what is sealed later is ours, what is merged later theirs. */
function compare(rows: readonly ResultRow[]): ResultRow[] {
  const valueOf = (name: string, column: string): number =>
    Number(rows.find((row) => row.target === name && row.case === COUNTED)?.values[column] ?? NaN);
  const costOf = (name: string): number =>
    valueOf(name, 'CPU-s/M taken in') + valueOf(name, 'CPU-s/M behind');
  return [
    {
      target: HUB.name,
      case: 'bytes a sample',
      values: { ratio: valueOf(HUB.name, 'B/sample'), gate: BYTES_GATE },
    },
    ...[VICTORIA_METRICS, PROMETHEUS, POSTGRES_ROWS].map(({ name }) => ({
      target: `${HUB.name} ÷ ${name}`,
      case: 'bytes a sample; CPU, taken in and behind',
      values: {
        ratio: roundTo(valueOf(HUB.name, 'B/sample') / valueOf(name, 'B/sample'), 3),
        CPU: roundTo(costOf(HUB.name) / costOf(name), 3),
      },
    })),
  ];
}
