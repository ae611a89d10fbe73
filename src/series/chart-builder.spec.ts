import { makeOddReports } from '../../test/fixtures/blocks/odd-history.js';
import { SeededRandom } from '../../test/fixtures/blocks/seeded-random.js';
import {
  chartByRows,
  type ChartNumbers,
  listDifferences,
  toNumber,
} from '../../test/support/chart-by-rows.js';
import { describeReports, rollUp } from '../core/blocks/roll-up.js';
import { encodeRollupBlock } from '../core/blocks/rollup-block-encoder.js';
import { openRollupBlock } from '../core/blocks/rollup-block.js';
import { RollupPieceMaker } from '../core/blocks/rollup-piece.js';
import { type PieceSpan, RunPieceMaker } from '../core/blocks/run-piece.js';
import { runsOfReports, type SampleRun } from '../core/blocks/sample-run.js';
import { Layout } from '../core/model/layout.js';
import type { StoredReport } from '../core/model/stored-report.js';
import type { HistoryPiece } from '../storage/history-reader.js';
import { ChartBuilder } from './chart-builder.js';
import { bucketGrid } from './time-grid.js';

const MINUTE = 60_000;
const CONTEXT = { monitorId: 'a', tier: 1, start: 0 };

function pieceOfRun(run: SampleRun, span: PieceSpan, hasExtremes = true): HistoryPiece {
  const maker = new RunPieceMaker(run, span);
  const seriesKeys = run.layout.seriesKeys;
  const series = new Map(seriesKeys.map((key, index) => [key, maker.make(index, hasExtremes)]));
  return { piece: { slots: maker.slots, series }, seriesKeys, layout: run.layout };
}

/** The reports as a sealed block of minutes, read back from its bytes. */
function pieceOfBlock(reports: readonly StoredReport[], span: PieceSpan, hasExtremes = true): HistoryPiece {
  const parts = runsOfReports(reports).map((run) =>
    describeReports({ ...run, seriesKeys: run.layout.seriesKeys }, (key) => run.layout.kindOf(key)),
  );
  const rollup = rollUp(parts, MINUTE);
  const { seriesKeys } = rollup;
  const maker = new RollupPieceMaker(openRollupBlock(encodeRollupBlock(rollup), CONTEXT, seriesKeys), span);
  const series = new Map(seriesKeys.map((key, index) => [key, maker.make(index, hasExtremes)]));
  return { piece: { slots: maker.slots, series }, seriesKeys, layout: new Layout(-1, seriesKeys) };
}

function build(pieces: readonly HistoryPiece[], from: number, to: number, stepMs: number) {
  const grid = bucketGrid(from, to, stepMs);
  const builder = new ChartBuilder(grid, true, () => undefined);
  for (const piece of pieces) builder.add(piece);
  return new Map(
    builder.finish().map(({ seriesKey, column }) => {
      const list = (values: Float64Array) => Array.from(values, toNumber);
      const numbers: ChartNumbers = {
        mean: list(column.mean()),
        min: list(column.min!),
        max: list(column.max!),
        coverage: list(column.coverage(stepMs)),
      };
      return [seriesKey, numbers];
    }),
  );
}

const everything = (stepMs: number): PieceSpan => ({ stepMs, fromAt: -Infinity, untilAt: Infinity });
const seeds = Array.from({ length: 25 }, (_, seed) => [seed + 1]);

describe('a chart', () => {
  it.each(seeds)('is that of the reports, however they are cut into pieces (%d)', (seed) => {
    const random = new SeededRandom(seed);
    const reports = makeOddReports(random, 400);
    const stepMs = random.pick([2_000, 10_000, 30_000, 5 * MINUTE, 60 * MINUTE]);
    const [from, to] = [reports[20]!.at, reports[380]!.at];
    const grid = bucketGrid(from, to, stepMs);
    const cuts = [0, random.below(400), random.below(400), 400].sort((a, b) => a - b);
    const pieces = cuts
      .slice(1)
      .flatMap((end, index) => runsOfReports(reports.slice(cuts[index], end)))
      .map((run) => pieceOfRun(run, everything(stepMs)));
    const expected = chartByRows(reports, grid.timestamps[0]!, stepMs, grid.timestamps.length);
    expect(listDifferences(build(pieces, from, to, stepMs), expected)).toEqual([]);
    expect(expected.size).toBeGreaterThan(0);
  });

  it.each(seeds)('is that of the samples, whatever tiers they come from (%d)', (seed) => {
    const random = new SeededRandom(seed);
    // A bucket knows only the last report's interval.
    const reports = makeOddReports(random, 400).map((report) => ({ ...report, intervalMs: 10_000 }));
    const stepMs = random.pick([MINUTE, 5 * MINUTE, 20 * MINUTE]);
    const [from, to] = [reports[0]!.at, reports.at(-1)!.at];
    // The older part in minutes, cut where a seal would; the newer part as samples, which reach back over the seam.
    const seam = Math.floor((from + (to - from) * random.next()) / MINUTE) * MINUTE;
    const sealed = reports.filter(({ at }) => at < seam);
    const span = { ...everything(stepMs), fromAt: seam };
    const overlap = reports.filter(({ at }) => at >= seam - 10 * MINUTE);
    const pieces = [
      ...(sealed.length > 0 ? [pieceOfBlock(sealed, everything(stepMs))] : []),
      ...runsOfReports(overlap)
        .filter((run) => run.ats.at(-1)! >= seam)
        .map((run) => pieceOfRun(run, span)),
    ];
    const grid = bucketGrid(from, to, stepMs);
    const expected = chartByRows(reports, grid.timestamps[0]!, stepMs, grid.timestamps.length);
    expect(listDifferences(build(pieces, from, to, stepMs), expected)).toEqual([]);
    expect(expected.size).toBeGreaterThan(0);
  });

  it('leaves the extremes undecoded where nobody asks for them', () => {
    const reports = makeOddReports(new SeededRandom(3), 60);
    for (const { piece } of [
      pieceOfBlock(reports, everything(MINUTE), false),
      pieceOfRun(runsOfReports(reports)[0]!, everything(MINUTE), false),
    ]) {
      for (const series of piece.series.values()) expect([series.min, series.max]).toEqual([null, null]);
    }
  });

  it('adds decimals without noise: a value that stands still is its own mean', () => {
    const layout = new Layout(1, ['cpu.usagePercent']);
    const reports = Array.from({ length: 300 }, (_, index) => ({
      ...{ at: index * 1_000, bootId: null, intervalMs: 1_000, layout },
      values: Float64Array.of(5.3),
    }));
    const [piece] = runsOfReports(reports).map((run) => pieceOfRun(run, everything(5 * MINUTE)));
    const builder = new ChartBuilder(bucketGrid(0, 299_000, 5 * MINUTE), false, () => undefined);
    builder.add(piece!);
    expect([...builder.finish()[0]!.column.mean()]).toEqual([5.3]);
  });

  it('shows a metric that became another kind as what it is now, and as both when it turned back', () => {
    const gauge = new Layout(1, ['jobs'], { jobs: { kind: 'gauge', unit: null } });
    const counter = new Layout(2, ['jobs'], { jobs: { kind: 'counter', unit: 'jobs' } });
    const report = (second: number, layout: Layout, value: number): StoredReport => ({
      ...{ at: second * 1_000, bootId: 'a', intervalMs: 10_000, layout },
      values: Float64Array.of(value),
    });
    const reports = [report(0, gauge, 7), report(10, counter, 100), report(20, counter, 300)];
    const chart = (all: StoredReport[]) =>
      build(
        runsOfReports(all).map((run) => pieceOfRun(run, everything(10_000))),
        0,
        39_000,
        10_000,
      ).get('jobs')!.mean;
    expect(chart(reports)).toEqual([null, null, 20, null]);
    expect(chart([...reports, report(30, gauge, 9)])).toEqual([7, null, null, 9]);
  });
});
