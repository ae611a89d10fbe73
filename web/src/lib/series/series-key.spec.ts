import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSeriesKey, parseSeriesKey } from './series-key.ts';

test('a key with awkward characters comes back as it was', () => {
  const labels = { mount: '/mnt/a "b"\\c\nd', zone: 'x,y}' };
  const key = formatSeriesKey('storage.usedBytes', labels);
  const parsed = parseSeriesKey(key);
  assert.deepEqual({ ...parsed, labels: { ...parsed.labels } }, { name: 'storage.usedBytes', labels });
  assert.equal(parsed.labels['constructor'], undefined);
});

test('labels are sorted and a name without labels stands alone', () => {
  assert.equal(formatSeriesKey('a.b', { z: '1', a: '2' }), 'a.b{a="2",z="1"}');
  assert.equal(formatSeriesKey('a.b'), 'a.b');
  assert.equal(formatSeriesKey('a.b{x="1"}', { x: '1' }), 'a.b{x="1"}');
});
