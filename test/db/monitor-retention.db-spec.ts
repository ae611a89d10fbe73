import { DEFAULT_RETENTION } from '../../src/core/blocks/retention.js';
import { TIERS } from '../../src/core/blocks/tiers.js';
import { SampleStore } from '../support/sample-store.js';
import { stopTestPostgres } from '../support/test-database.js';

const DAY = 86_400_000;
const NOW = Math.floor(Date.now() / DAY) * DAY;

let store: SampleStore;
beforeAll(async () => {
  store = await SampleStore.open();
}, 60_000);
afterAll(async () => {
  await store.close();
  await stopTestPostgres();
}, 30_000);

const keep = async (monitorId: string, tier: number, ages: readonly number[]): Promise<void> => {
  for (const age of ages) {
    const start = NOW - age * DAY;
    await store.blocks.ensurePartition(TIERS[tier]!, start);
    await store.pool.query(
      `insert into block (monitor_id, tier, start, until, layout_id, row_count, bytes) values ($1, $2, $3, $4, 1, 1, 'x')`,
      [monitorId, tier, start, start + DAY / 4],
    );
  }
};
const listAges = async (monitorId: string, tier: number): Promise<number[]> => {
  const { rows } = await store.pool.query<{ start: string }>(
    'select start from block where monitor_id = $1 and tier = $2 order by start desc',
    [monitorId, tier],
  );
  return rows.map(({ start }) => (NOW - Number(start)) / DAY);
};

it('a monitor that keeps less than the hub loses what is older, and no other does', async () => {
  const [short, usual] = [await store.createMonitor(), await store.createMonitor()];
  const own = JSON.stringify({ oneMinuteDays: 14, fifteenMinuteDays: 60 });
  await store.pool.query('update monitor set retention = $2 where id = $1', [short, own]);
  for (const id of [short, usual]) {
    await keep(id, 0, [1, 9]);
    await keep(id, 1, [1, 13, 14, 15, 29]);
    await keep(id, 2, [59, 61, 300]);
    await keep(id, 3, [61, 1_800]);
  }
  await store.retention.dropExpired(NOW);
  expect(await listAges(short, 0)).toEqual([1, 9]);
  // The block of fourteen days ago reaches into what is kept.
  expect(await listAges(short, 1)).toEqual([1, 13, 14]);
  expect(await listAges(short, 2)).toEqual([59]);
  expect(await listAges(short, 3)).toEqual([61, 1_800]);
  expect(await listAges(usual, 1)).toEqual([1, 13, 14, 15, 29]);
  expect(await listAges(usual, 2)).toEqual([59, 61, 300]);
});

it('deletes in short statements, until all of it is gone', async () => {
  const id = await store.createMonitor();
  await store.pool.query(`update monitor set retention = '{"oneMinuteDays": 14}' where id = $1`, [id]);
  await store.blocks.ensurePartition(TIERS[1], NOW - 20 * DAY);
  await store.pool.query(
    `insert into block (monitor_id, tier, start, until, layout_id, row_count, bytes)
     select $1, 1, $2::bigint + n, $2::bigint + n + 1, 1, 1, 'x' from generate_series(1, 1200) n`,
    [id, NOW - 20 * DAY],
  );
  await store.monitorRetention.deleteExpired(NOW, DEFAULT_RETENTION);
  expect(await listAges(id, 1)).toEqual([]);
});
