/**
 * How small the blocks are, and what writing and reading them costs. In the main folder:
 *
 *     node_modules/.bin/node --import ./test/db/run-typescript.mjs bench/codec.ts [seconds [reports]]
 *
 * Without arguments on generated machines, 360 reports 10 s apart. With them, on this machine too: so many
 * reports (360), so many seconds apart, recorded by the hub's own probes. CPU time is this process's own, so a
 * busy machine makes it a little larger.
 */
import { deflateRawSync, zstdCompressSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeReports, rollUp } from '../src/core/blocks/roll-up.js';
import { encodeRawBlock } from '../src/core/blocks/raw-block-encoder.js';
import { openRawBlock } from '../src/core/blocks/raw-block.js';
import { findGrids, findRelations } from '../src/core/blocks/derivations.js';
import { encodeRollupBlock } from '../src/core/blocks/rollup-block-encoder.js';
import { openRollupBlock } from '../src/core/blocks/rollup-block.js';
import type { Rollup } from '../src/core/blocks/rollup.js';
import { TIERS } from '../src/core/blocks/tiers.js';
import { ByteWriter } from '../src/core/codec/byte-writer.js';
import { writeColumn } from '../src/core/codec/column-codec.js';
import { scaleToIntegers } from '../src/core/codec/scaled-integers.js';
import { Layout } from '../src/core/model/layout.js';
import { isRejection, parseReport } from '../src/core/model/parse-report.js';
import type { StoredReport } from '../src/core/model/stored-report.js';
import { openReportCollector } from '../src/probes/open-report-collector.js';
import { COMMON_MACHINE, MachineHistory, SMALL_MACHINE } from '../test/fixtures/blocks/machine-history.js';

const CONTEXT = { monitorId: 'bench', tier: 0, start: 0 };
const START_AT = 1_795_305_600_000;
const HOUR_MS = 3_600_000;
/** What a block of each rollup tier spans. */
const BLOCK_HOURS = [0, 6, 48, 384] as const;

async function record(seconds: number, count: number): Promise<StoredReport[]> {
  const collector = await openReportCollector({
    resources: () => ['cpu', 'memory', 'storage', 'network'],
    intervalSeconds: () => seconds,
  });
  const layouts = new Map<string, Layout>();
  const reports: StoredReport[] = [];
  collector.prime();
  while (reports.length < count) {
    await sleep(seconds * 1000 - (Date.now() % (seconds * 1000)));
    const parsed = parseReport((await collector.collect()).report, Date.now());
    if (isRejection(parsed)) throw new Error(`own report refused: ${parsed.code} at ${parsed.path}`);
    const { at, bootId, intervalMs, keys, values } = parsed;
    const sorted = [...keys].sort();
    const layout = layouts.get(sorted.join()) ?? new Layout(layouts.size, sorted);
    layouts.set(sorted.join(), layout);
    const ordered = Float64Array.from(sorted, (key) => values[keys.indexOf(key)]!);
    reports.push({ at, bootId, intervalMs: intervalMs ?? seconds * 1000, layout, values: ordered });
  }
  collector.close();
  return reports;
}

const unionOf = (reports: readonly StoredReport[]): string[] =>
  [...new Set(reports.flatMap(({ layout }) => layout.seriesKeys))].sort();
const samplesOf = (reports: readonly StoredReport[]): number =>
  reports.reduce((sum, { values }) => sum + values.length, 0);

/** CPU microseconds of one call, after as many calls to warm up. */
function cpuMicros(calls: number, run: () => void): number {
  for (let call = 0; call < calls; call++) run();
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call++) run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

/** What came before: the best of 0, 1 or 2 differences as varints, then one general compressor over all. */
function writeVarints(columns: readonly Float64Array[]): Uint8Array {
  const writer = new ByteWriter();
  for (const column of columns) {
    const scaled = scaleToIntegers(column);
    if (!scaled) {
      for (const value of column) writer.writeFloat64(value);
      continue;
    }
    const orders = [scaled.steps, difference(scaled.steps), difference(difference(scaled.steps))];
    const written = orders.map((steps) => {
      const one = new ByteWriter();
      for (const step of steps) one.writeVarint(step < 0 ? -2 * step - 1 : 2 * step);
      return one.toBytes();
    });
    writer.writeFloat64(scaled.base);
    writer.writeBytes(written.reduce((best, one) => (one.length < best.length ? one : best)));
  }
  return writer.toBytes();
}

const difference = (steps: Float64Array): Float64Array =>
  steps.map((step, index) => (index === 0 ? step : step - steps[index - 1]!));

/** Bytes of all columns with some of the ideas left out. */
function columnBytes(
  columns: readonly Float64Array[],
  keys: readonly string[],
  intervalMs: number,
  ideas: string,
): number {
  const relations = findRelations(keys);
  const grids = findGrids(keys, intervalMs);
  const writer = new ByteWriter();
  columns.forEach((column, index) => {
    const relation = ideas.includes('derived') ? relations.get(index) : undefined;
    writeColumn(writer, column, {
      grid: ideas.includes('grid') ? grids[index] : undefined,
      derivation: relation && { ...relation, values: relation.sources.map((source) => columns[source]!) },
    });
  });
  return writer.size;
}

function measureRaw(name: string, reports: readonly StoredReport[]): void {
  const keys = unionOf(reports);
  const samples = samplesOf(reports);
  const bytes = encodeRawBlock(reports, keys);
  const columns = keys.map((_, column) => openRawBlock(bytes, CONTEXT, keys).readColumn(column));
  const complete = columns.every((column) => !column.some(Number.isNaN));
  const perSample = (size: number): string => (size / samples).toFixed(3);
  console.log(`\n${name}: ${reports.length} reports of ${keys.length} series`);
  console.log(`  block                          ${perSample(bytes.length)} B a sample (${bytes.length} B)`);
  if (complete) {
    const varints = writeVarints(columns);
    console.log(
      `  varints + zstd 3 | deflate 6   ${perSample(zstdCompressSync(varints).length)} | ${perSample(deflateRawSync(varints).length)}`,
    );
    for (const ideas of ['adaptive bits alone', '… and grid', '… and derived', '… and grid and derived']) {
      console.log(
        `  ${ideas.padEnd(30)} ${perSample(columnBytes(columns, keys, reports[0]!.intervalMs, ideas))}`,
      );
    }
  }
  const encode = cpuMicros(100, () => encodeRawBlock(reports, keys)) / samples;
  const decode = cpuMicros(100, () => {
    const block = openRawBlock(bytes, CONTEXT, keys);
    for (let column = 0; column < keys.length; column++) block.readColumn(column);
  });
  const open = cpuMicros(100, () => openRawBlock(bytes, CONTEXT, keys));
  console.log(
    `  CPU: encode ${encode.toFixed(3)} µs, decode ${(decode / samples).toFixed(3)} µs a sample; open ${open.toFixed(0)} µs`,
  );
}

function measureRollups(days: number): void {
  const history = new MachineHistory(COMMON_MACHINE, 7);
  let parts: Rollup[] = [];
  let samples = 0;
  let micros = 0;
  for (let hour = 0; hour < 24 * days; hour++) {
    const reports = history.reports(START_AT + hour * HOUR_MS, 10_000, 360);
    const { layout } = reports[0]!;
    const bytes = encodeRawBlock(reports, layout.seriesKeys);
    samples += samplesOf(reports);
    const before = process.cpuUsage();
    const block = openRawBlock(bytes, CONTEXT, layout.seriesKeys);
    parts.push(rollUp([describeReports(block, (key) => layout.kindOf(key))], TIERS[1].bucketMs));
    const { user, system } = process.cpuUsage(before);
    micros += user + system;
  }
  console.log(
    `\nrollups of ${days} days at 10 s (samples → minutes: ${(micros / samples).toFixed(3)} µs CPU a sample)`,
  );
  for (const { tier, bucketMs } of TIERS.slice(1)) {
    parts = measureTier(parts, tier, bucketMs, BLOCK_HOURS[tier] * HOUR_MS, samples);
  }
}

function measureTier(
  parts: Rollup[],
  tier: number,
  bucketMs: number,
  windowMs: number,
  samples: number,
): Rollup[] {
  const all = rollUp(parts, bucketMs);
  const windows = Map.groupBy(Array.from(all.starts), (start) => Math.floor((start - START_AT) / windowMs));
  const wide: Rollup[] = [];
  let [bytes, cells, encode, read] = [0, 0, 0, 0];
  for (const starts of windows.values()) {
    const [from, to] = [starts[0]!, starts.at(-1)! + 1];
    const rollup = rollUp(
      parts.filter((part) => part.starts[0]! < to && part.starts.at(-1)! >= from),
      bucketMs,
    );
    const block = encodeRollupBlock(rollup);
    wide.push(rollup);
    bytes += block.length;
    cells += rollup.starts.length * rollup.seriesKeys.length;
    encode += cpuMicros(2, () => encodeRollupBlock(rollup));
    read += cpuMicros(2, () => readMeans(block, rollup.seriesKeys));
  }
  console.log(
    `  tier ${tier}: ${(bytes / cells).toFixed(2)} B a series and bucket = ${(bytes / samples).toFixed(4)} B a sample;` +
      ` CPU a series and bucket: encode ${(encode / cells).toFixed(2)} µs, read what means and rates need ${(read / cells).toFixed(3)} µs`,
  );
  return wide;
}

function readMeans(bytes: Uint8Array, keys: readonly string[]): void {
  const block = openRollupBlock(bytes, CONTEXT, keys);
  keys.forEach((_, series) => {
    const stats =
      block.kindOf(series) === 'gauge' ? (['sum', 'count'] as const) : (['first', 'last'] as const);
    for (const stat of stats) block.readStat(series, stat);
  });
}

for (const seed of [1, 2]) {
  measureRaw(
    `common machine ${seed}`,
    new MachineHistory(COMMON_MACHINE, seed).reports(START_AT, 10_000, 360),
  );
}
measureRaw('small machine', new MachineHistory(SMALL_MACHINE, 3).reports(START_AT, 10_000, 360));
const [seconds, count] = process.argv.slice(2).map(Number);
if (seconds) measureRaw(`this machine, every ${seconds} s`, await record(seconds, count ?? 360));
measureRollups(20);
