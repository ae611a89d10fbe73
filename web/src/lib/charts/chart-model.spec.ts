import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeriesWindow } from '../series/series-window.ts';
import { layOutChartData, summariseLine, type ChartLine } from './chart-model.ts';

const KEY = 'cpu.usagePercent';

function lineOf(window: SeriesWindow, options: Partial<ChartLine> = {}): ChartLine {
  const column = window.columns.get(KEY)!;
  return { key: KEY, label: 'CPU', color: 0, column, isMain: true, isMirrored: false, ...options };
}

test('a gap of more than 2.5 intervals breaks the line, a shorter one does not', () => {
  const window = new SeriesWindow(1000);
  for (const at of [1000, 3000, 6000]) window.addReport(at, [KEY], [at]);
  const { arrays } = layOutChartData(window, [lineOf(window)]);
  assert.deepEqual(arrays, [
    [1, 3, 4.5, 6],
    [1000, 3000, null, 6000],
  ]);
});

test('a mirrored line hangs below zero and keeps its gaps', () => {
  const window = new SeriesWindow(1000);
  window.addReport(1000, [KEY], [5]);
  window.addReport(2000, [KEY], [null]);
  const { arrays } = layOutChartData(window, [lineOf(window, { isMirrored: true })]);
  assert.deepEqual(arrays[1], [-5, null]);
});

test('in buckets a main line brings its band', () => {
  const window = new SeriesWindow(1000);
  window.load({
    timestamps: [60_000],
    resolutionSeconds: 60,
    columns: [{ metric: KEY, labels: {}, mean: [5], min: [1], max: [9] }],
  });
  const { arrays, isBanded } = layOutChartData(window, [lineOf(window)]);
  assert.equal(isBanded, true);
  assert.deepEqual(arrays.slice(1), [[5], [9], [1]]);
});

test('a summary tells now, extremes, when, and where it is heading', () => {
  const window = new SeriesWindow(1000);
  for (let step = 1; step <= 40; step += 1) window.addReport(step * 1000, [KEY], [step === 10 ? 97 : step]);
  const summary = summariseLine(window.timestamps, window.columns.get(KEY)!);
  assert.deepEqual(summary, { now: 40, min: 1, max: 97, maxAt: 10_000, trend: 'steady' });
  for (let step = 41; step <= 50; step += 1) window.addReport(step * 1000, [KEY], [step * 10]);
  assert.equal(summariseLine(window.timestamps, window.columns.get(KEY)!)?.trend, 'rising');
});
