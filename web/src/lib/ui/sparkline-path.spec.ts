import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawSparkline } from './sparkline-path.ts';

const frame = { fromMs: 0, toMs: 100, gapMs: 25, top: 100, width: 100, height: 43 };

test('points become one run, scaled to the frame', () => {
  const points = [
    [0, 0],
    [20, 50],
    [40, 100],
  ] as const;
  assert.equal(drawSparkline(points, frame).line, 'M0 42L20 22L40 2');
});

test('a gap is not crossed, and points outside the frame are left out', () => {
  const points = [
    [-10, 1],
    [0, 0],
    [20, null],
    [60, 0],
  ] as const;
  assert.equal(drawSparkline(points, frame).line, 'M0 42M60 42');
});

test('no points draw nothing', () => {
  assert.deepEqual(drawSparkline([], frame), { line: '', area: '' });
});
