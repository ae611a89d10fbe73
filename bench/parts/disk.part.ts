import { SERIES_PER_REPORT } from '../data/series.js';
import { HUB } from '../targets/hub.target.js';
import { SEALED_AFTER_MS } from '../targets/hub-tables.js';
import { POSTGRES_ROWS } from '../targets/postgres-rows.target.js';
import { PROMETHEUS } from '../targets/prometheus.target.js';
import type { KeepingTarget, TargetKind } from '../targets/target.js';
import { VICTORIA_METRICS } from '../targets/victoria-metrics.target.js';
import { INTERVAL_MS, loadHistory } from './load-history.js';
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
/** Sealing and rolling up may cost so much of what one report a request costs to take in. */
const SEALING_GATE = 0.3;

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
      ratios: [...compare(rows), ...compareSealing(rows, options.earlier)],
      notes: [
        `${hours} h of reports (${(MACHINES * hours * 360 * 50) / 1e6} M samples), rows in Postgres a twelfth of it; 100 reports a request, peers grouped by series`,
        'the history ends with the last hour that the hub seals at once; it is older than the hub takes as fresh and goes the way of late reports, the dearer one',
        'CPU-s/M: all processes of a target; taken in = until the last answer, behind = from there until everything is sealed, rolled up and merged',
        'the hub counts data, index, toast and maps of the raw tier’s tables, a sample that is sealed; VictoriaMetrics the smaller of its two figures, without its index; Prometheus without its log',
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
      endAt: lastSealedInstant(),
    });
    const before = target.readCpuSeconds();
    await target.settle(!isQuick);
    const settleSeconds = target.readCpuSeconds() - before;
    const sizes = await target.measureStored();
    const sealed = await target.countSealedReports?.();
    const samples = sealed === undefined || sealed === 0 ? loaded.samples : sealed * SERIES_PER_REPORT;
    const row = (what: string, bytes: number): ResultRow => ({
      target: kind.name,
      case: what,
      values: { MiB: roundTo(bytes / 1024 ** 2, 1), 'B/sample': roundTo(bytes / samples, 3) },
    });
    const counted = sizes.filter(({ isCounted }) => isCounted).reduce((sum, { bytes }) => sum + bytes, 0);
    const total = row(COUNTED, counted);
    const millions = loaded.samples / 1e6;
    const costs = {
      'CPU-s/M taken in': roundTo(loaded.cpuSeconds / millions, 3),
      'CPU-s/M behind': roundTo(settleSeconds / millions, 3),
      'M samples': roundTo(millions, 2),
      'M sealed': sealed === undefined ? null : roundTo((sealed * SERIES_PER_REPORT) / 1e6, 2),
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

/** The last report of the last hour that is sealed by now. */
function lastSealedInstant(): number {
  return Math.floor((Date.now() - SEALED_AFTER_MS) / HOUR_MS) * HOUR_MS - INTERVAL_MS;
}

/** What sealing costs beside what taking in costs, when both were measured in this run. */
function compareSealing(rows: readonly ResultRow[], earlier: readonly PartResult[]): ResultRow[] {
  const behind = rows.find((row) => row.target === HUB.name && row.case === COUNTED)?.values[
    'CPU-s/M behind'
  ];
  const takenIn = earlier
    .find(({ part }) => part === 'ingest')
    ?.rows.find((row) => row.target === HUB.name && row.case.startsWith('one report a request'))?.values[
    'CPU-s/M samples'
  ];
  if (typeof behind !== 'number' || typeof takenIn !== 'number') return [];
  return [
    {
      target: `${HUB.name}: sealing and rollups ÷ taking in`,
      case: 'CPU; one report a request',
      values: { ratio: roundTo(behind / takenIn, 3), gate: SEALING_GATE },
    },
  ];
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
