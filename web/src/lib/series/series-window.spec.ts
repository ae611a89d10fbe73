import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeriesWindow, type SeriesAnswer } from './series-window.ts';

const CPU = 'cpu.usagePercent';
const DISK = 'storage.usagePercent{mount="/"}';

function answerOf(timestamps: number[], mean: (number | null)[], resolutionSeconds = 1): SeriesAnswer {
  return {
    timestamps,
    resolutionSeconds,
    columns: [{ metric: CPU, labels: {}, mean, min: mean, max: mean }],
  };
}

function loadedWindow(): SeriesWindow {
  const window = new SeriesWindow(1000);
  window.load(answerOf([1000, 2000, 3000], [1, 2, 3]));
  return window;
}

test('live reports are appended once, in order', () => {
  const window = loadedWindow();
  assert.equal(window.addReport(4000, [CPU], [4]), true);
  assert.equal(window.addReport(4000, [CPU], [9]), false);
  assert.equal(window.addReport(2500, [CPU], [9]), false);
  assert.deepEqual(window.timestamps, [1000, 2000, 3000, 4000]);
  assert.deepEqual(window.columns.get(CPU)?.mean, [1, 2, 3, 4]);
});

test('a series that appears later has no values before', () => {
  const window = loadedWindow();
  window.addReport(4000, [CPU, DISK], [4, 40]);
  assert.deepEqual(window.columns.get(DISK)?.mean, [null, null, null, 40]);
  assert.deepEqual(window.keysOf('storage.usagePercent'), [DISK]);
});

test('a series that is missing from a report is null there, not its old value', () => {
  const window = loadedWindow();
  window.addReport(4000, [DISK], [40]);
  assert.equal(window.lastValue(CPU), null);
});

test('the answer for a hole replaces what overlaps and fills what was missed', () => {
  const window = loadedWindow();
  window.addReport(9000, [CPU], [9]);
  window.merge(answerOf([3000, 4000, 5000, 9000], [3.5, 4, 5, 9]));
  assert.deepEqual(window.timestamps, [1000, 2000, 3000, 4000, 5000, 9000]);
  assert.deepEqual(window.columns.get(CPU)?.mean, [1, 2, 3.5, 4, 5, 9]);
});

test('a point that came while the answer was on its way stays', () => {
  const window = loadedWindow();
  window.addReport(9000, [CPU, DISK], [9, 90]);
  window.merge(answerOf([3000, 4000], [3, 4]));
  assert.deepEqual(window.timestamps, [1000, 2000, 3000, 4000, 9000]);
  assert.deepEqual(window.columns.get(DISK)?.mean, [null, null, null, null, 90]);
});

test('an empty answer changes nothing', () => {
  const window = loadedWindow();
  window.merge(answerOf([], []));
  assert.equal(window.timestamps.length, 3);
});

test('trimming keeps the one point from which the line enters', () => {
  const window = loadedWindow();
  window.trim(2500);
  assert.deepEqual(window.timestamps, [2000, 3000]);
  assert.deepEqual(window.columns.get(CPU)?.mean, [2, 3]);
});

test('in buckets a live report widens the last band and starts the next bucket on its step', () => {
  const window = new SeriesWindow(1000);
  window.load(answerOf([60_000, 120_000], [10, 20], 60));
  assert.equal(window.gapMs, 150_000);
  window.addReport(121_000, [CPU], [50]);
  assert.equal(window.timestamps.length, 2);
  assert.equal(window.columns.get(CPU)?.max[1], 50);
  assert.equal(window.columns.get(CPU)?.min[1], 20);
  window.addReport(185_000, [CPU], [30]);
  assert.deepEqual(window.timestamps, [60_000, 120_000, 180_000]);
});
