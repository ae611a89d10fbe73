import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureFirstLoad } from '../scripts/first-load.mjs';

const BUDGET_BYTES = 150_000;

test('the first load stays within its budget', (context) => {
  for (const [visit, bytes] of Object.entries(measureFirstLoad())) {
    context.diagnostic(`${visit}: ${bytes} bytes of JavaScript and CSS, gzip`);
    assert.ok(bytes <= BUDGET_BYTES, `${visit}: ${bytes} bytes, at most ${BUDGET_BYTES}`);
  }
});
