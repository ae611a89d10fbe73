import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  newFormValues,
  parseTags,
  RESOURCES,
  toCreateInput,
  toFormValues,
  toUpdateInput,
} from './monitor-form.ts';

test('tags are trimmed, empty ones dropped, doubles kept once', () => {
  assert.deepEqual(parseTags(' prod, web ,, prod'), ['prod', 'web']);
});

test('a new monitor sends what was typed, and null for an empty description', () => {
  const input = toCreateInput({ ...newFormValues(), name: ' web-01 ', tags: 'prod' });
  assert.deepEqual(input, {
    name: 'web-01',
    kind: 'AGENT',
    intervalSeconds: 10,
    resources: [...RESOURCES],
    description: null,
    tags: ['prod'],
  });
});

test('an edit carries the version that was read and never the kind', () => {
  const values = toFormValues({
    name: 'db',
    kind: 'LOCAL',
    intervalSeconds: 5,
    resources: ['cpu'],
    description: null,
    tags: ['a', 'b'],
  });
  const input = toUpdateInput(values, 7);
  assert.equal(input.version, 7);
  assert.equal('kind' in input, false);
  assert.deepEqual(input.tags, ['a', 'b']);
});
