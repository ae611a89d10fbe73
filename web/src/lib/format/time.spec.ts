import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAge, formatDuration } from './time.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

test('a duration shows its two largest parts', () => {
  assert.equal(plain(formatDuration(14_900)), '14 s');
  assert.equal(plain(formatDuration(754_000)), '12 min 34 s');
  assert.equal(plain(formatDuration(3 * 86_400_000 + 4 * 3_600_000 + 59_000)), '3 d 4 h');
  assert.equal(plain(formatDuration(3_600_000)), '1 h');
  assert.equal(plain(formatDuration(-5)), '0 s');
});

test('an age shows one part', () => {
  assert.equal(plain(formatAge(754_000)), '12 min');
  assert.equal(plain(formatAge(0)), '0 s');
});
