import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computeRetryWaitMs } from './retry-wait.ts';

test('the wait doubles and never exceeds ten seconds', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 500].map((retries) => computeRetryWaitMs(retries, 1)),
    [500, 1000, 2000, 4000, 8000, 10_000, 10_000],
  );
  assert.equal(computeRetryWaitMs(5, 0), 8000);
});
