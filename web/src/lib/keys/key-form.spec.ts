import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newKeyValues, toDay, toEndOfDay, toKeyInput, toKeyValues } from './key-form.ts';

const KEY = {
  id: '1',
  name: 'spare',
  prefix: '0a1b2c3d',
  state: 'ACTIVE' as const,
  createdAt: '2026-01-01T00:00:00.000Z',
  lastUsedAt: null,
  lastUsedAddress: null,
  expiresAt: '2026-03-01T10:20:30.000Z',
  allowedAddresses: ['10.0.0.0/8', '2001:db8::1'],
};

test('nothing is no name, no end, no limit', () => {
  assert.deepEqual(toKeyInput(newKeyValues()), { name: null, expiresAt: null, allowedAddresses: null });
});

test('a day that was not touched keeps its instant', () => {
  const values = toKeyValues(KEY);
  assert.deepEqual(toKeyInput(values, KEY), { name: 'spare', allowedAddresses: KEY.allowedAddresses });
  assert.equal(toKeyInput({ ...values, lastDay: '' }, KEY).expiresAt, null);
  assert.equal(toKeyInput({ ...values, lastDay: '2026-04-02' }, KEY).expiresAt, toEndOfDay('2026-04-02'));
});

test('addresses are taken however they are parted', () => {
  const addresses = ' 10.0.0.1, 10.0.0.2;\n\n 2001:db8::/32 ';
  const { allowedAddresses } = toKeyInput({ ...newKeyValues(), addresses });
  assert.deepEqual(allowedAddresses, ['10.0.0.1', '10.0.0.2', '2001:db8::/32']);
});

test('a day ends at its end', () => {
  const end = Date.parse(toEndOfDay('2026-01-31'));
  assert.equal(toDay(end), '2026-01-31');
  assert.equal(toDay(end + 1), '2026-02-01');
});
