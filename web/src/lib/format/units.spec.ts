import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatByUnit,
  formatBytes,
  formatBytesPerSecond,
  formatLoad,
  formatMark,
  formatPercent,
  formatSeconds,
  NO_VALUE,
} from './units.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

test('bytes climb in steps of 1,024 and keep three digits', () => {
  assert.equal(plain(formatBytes(0)), '0 B');
  assert.equal(plain(formatBytes(999)), '999 B');
  assert.equal(plain(formatBytes(1024)), '1.00 KiB');
  assert.equal(plain(formatBytes(8_242_417_664)), '7.68 GiB');
  assert.equal(plain(formatBytes(150 * 1024 ** 2)), '150 MiB');
  assert.equal(plain(formatBytes(1000 * 1024 ** 2)), '0.98 GiB');
});

test('marks of an axis are round, thousands too', () => {
  assert.equal(formatMark('count', 1_500), '1,500');
  assert.equal(formatMark('count', 1_000), '1,000');
  assert.equal(plain(formatMark('celsius', 60)), '60 °C');
});

test('rates say per second, and a missing value is a dash, never a zero', () => {
  assert.equal(plain(formatBytesPerSecond(2048)), '2.00 KiB/s');
  assert.equal(formatBytesPerSecond(null), NO_VALUE);
  assert.equal(formatPercent(undefined), NO_VALUE);
});

test('percent shows a decimal only where it matters', () => {
  assert.equal(plain(formatPercent(0)), '0 %');
  assert.equal(plain(formatPercent(3.14)), '3.1 %');
  assert.equal(plain(formatPercent(42.4)), '42 %');
  assert.equal(plain(formatPercent(100)), '100 %');
});

test('load keeps two decimals while small', () => {
  assert.equal(formatLoad(0.214), '0.21');
  assert.equal(formatLoad(12.34), '12.3');
});

test('marks of an axis drop the zeros that say nothing', () => {
  assert.equal(plain(formatMark('bytes', 16 * 1024 ** 3)), '16 GiB');
  assert.equal(plain(formatMark('bytesPerSecond', 1.5 * 1024 ** 2)), '1.5 MiB/s');
  assert.equal(plain(formatMark('bytes', 0)), '0 B');
  assert.equal(plain(formatMark('bytes', 512 * 1024)), '512 KiB');
  assert.equal(plain(formatMark('percent', 100)), '100 %');
});

test('numbers of other people keep what counts, however large or small, with their unit', () => {
  const show = (value: number | null, unit = '') => plain(formatByUnit(`number:${unit}`, value));
  assert.equal(show(17, 'jobs'), '17 jobs');
  assert.equal(show(0.0421), '0.0421');
  assert.equal(show(1.5, '/s'), '1.50/s');
  assert.equal(show(-12_345), '-12,345');
  assert.equal(show(12_345_678), '12.3M');
  assert.equal(show(1e300), '1E300');
  assert.equal(show(2e-9), '2E-9');
  assert.equal(show(null, 'jobs'), NO_VALUE);
});

test('a span of seconds has the unit that fits', () => {
  assert.equal(plain(formatSeconds(0)), '0 s');
  assert.equal(plain(formatSeconds(0.00025)), '250 µs');
  assert.equal(plain(formatSeconds(0.12)), '120 ms');
  assert.equal(plain(formatSeconds(1.2)), '1.20 s');
  assert.equal(plain(formatSeconds(7_200)), '2.00 h');
});
