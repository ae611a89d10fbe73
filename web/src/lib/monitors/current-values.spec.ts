import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCurrentValues, toLatestReport } from './current-values.ts';

test('the fullest disk is named and interfaces are added up', () => {
  const latest = toLatestReport({
    at: '2026-11-22T12:00:00.000Z',
    metrics: [
      'storage.usagePercent{mount="/"}',
      'storage.usagePercent{mount="/data"}',
      'network.bytesSent{interface="eth0"}',
      'network.bytesSent{interface="wlan0"}',
      'network.bytesReceived{interface="eth0"}',
    ],
    values: [41, 93, 10, 5, null],
  });
  const current = readCurrentValues(latest);
  assert.deepEqual(current.fullestDisk, { mount: '/data', percent: 93 });
  assert.equal(current.sent, 15);
  assert.equal(current.received, null);
  assert.equal(current.cpuPercent, null);
});

test('without a report nothing is known', () => {
  assert.equal(readCurrentValues(undefined).memoryPercent, null);
});
