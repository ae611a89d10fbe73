import { UnusedLayouts } from '../../src/storage/unused-layouts.js';
import { SampleStore } from '../support/sample-store.js';
import { stopTestPostgres } from '../support/test-database.js';

const HOUR = 3_600_000;

afterAll(stopTestPostgres, 30_000);

it('a layout goes at the start of the hub when no sample of any table uses it, and never before', async () => {
  const store = await SampleStore.open();
  const now = Date.now();
  const monitorId = await store.createMonitor();
  const shapes = ['a', 'b', 'c', 'd', 'e', 'unused'].map((name) => ({ [`custom.${name}`]: 1 }));
  const [sealed, late, hot, previous, latest] = shapes;
  await store.groupCommit.store([
    await store.makeRow(monitorId, now - 5 * HOUR, sealed),
    await store.makeRow(monitorId, now - 60_000, hot),
    await store.makeRow(monitorId, now - 1_000, previous),
    await store.makeRow(monitorId, now, latest),
  ]);
  await store.sealer.sealUntil(now - HOUR);
  await store.groupCommit.store([await store.makeRow(monitorId, now - 4 * HOUR, late)]);
  await store.makeRow(monitorId, now, shapes[5]);
  const listKeys = async (): Promise<string[]> => {
    const { rows } = await store.pool.query<{ key: string }>('select series_keys[1] as key from layout');
    return rows.map(({ key }) => key).sort();
  };
  const before = await store.reader.readRange(monitorId, 0, now);
  expect(await listKeys()).toContain('custom.unused');
  await new UnusedLayouts(store.pool).onModuleInit();
  expect(await listKeys()).toEqual(['custom.a', 'custom.b', 'custom.c', 'custom.d', 'custom.e']);
  expect(await store.reader.readRange(monitorId, 0, now)).toEqual(before);

  await store.pool.query('delete from monitor');
  await store.eraser.erase(monitorId);
  await new UnusedLayouts(store.pool).onModuleInit();
  expect(await listKeys()).toEqual([]);
  await store.close();
}, 60_000);
