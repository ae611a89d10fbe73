import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noFilter, toAuditFilter, toExportQuery } from './audit-filter.ts';

test('nothing narrows nothing', () => {
  assert.deepEqual(toAuditFilter(noFilter()), {});
  assert.equal(toExportQuery(noFilter()), '');
});

test('both days belong to the filter, whole', () => {
  const { from, to } = toAuditFilter({ ...noFilter(), fromDay: '2026-01-31', toDay: '2026-01-31' });
  assert.equal(Date.parse(to as string) - Date.parse(from as string), 86_400_000);
});

test('the export is narrowed as the list is', () => {
  const query = toExportQuery({ thing: 'monitor', actor: ' a+b@example.org ', fromDay: '', toDay: '' });
  assert.equal(query, 'action=monitor&actor=a%2Bb%40example.org');
});
