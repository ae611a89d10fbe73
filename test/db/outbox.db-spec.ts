import { Lane } from '../../src/forwarding/lane.js';
import { ForwardingCounts } from '../../src/forwarding/forwarding-counts.js';
import { LaneRunner } from '../../src/forwarding/lane-runner.js';
import { MAX_QUEUED_BYTES, MAX_QUEUED_REPORTS } from '../../src/forwarding/limits.js';
import { EventBus } from '../../src/events/event-bus.js';
import { Outbox } from '../../src/storage/outbox.js';
import { SampleStore } from '../support/sample-store.js';
import { stopTestPostgres } from '../support/test-database.js';

let store: SampleStore;
let outbox: Outbox;

beforeAll(async () => {
  store = await SampleStore.open();
  outbox = new Outbox(store.pool, store.layouts);
}, 60_000);
afterAll(async () => {
  await store.close();
  await stopTestPostgres();
}, 60_000);

/** A monitor with so many reports waiting, a millisecond apart, and its lane as after a start of the hub. */
async function createFullLane(reports: number, bytesEach: number): Promise<Lane> {
  const id = await store.createMonitor();
  await store.pool.query(
    `insert into outbox (monitor_id, at, layout_id, interval_ms, "values", queued_at)
     select $1, at, 1, 1000, decode(repeat('00', $3), 'hex'), to_timestamp(at / 1000.0)
     from generate_series(1, $2) as at`,
    [id, reports, bytesEach],
  );
  const lane = new Lane(id, { url: 'http://192.0.2.1/', key: undefined, isKeyUnreadable: false }, '');
  lane.setSize(await outbox.measure(id));
  return lane;
}

const readKept = async (
  id: string,
): Promise<{ first: number; count: number; bytes: number; dropped: number }> => {
  const { rows } = await store.pool.query<{ first: number; count: number; bytes: number; dropped: number }>(
    `select min(at)::int as first, count(*)::int as count, sum(octet_length("values"))::int as bytes,
            (select dropped::int from forwarding where monitor_id = $1) as dropped
     from outbox where monitor_id = $1`,
    [id],
  );
  return rows[0]!;
};

const runner = (): LaneRunner =>
  new LaneRunner(undefined as never, outbox, new EventBus(), new ForwardingCounts());

it('a queue with one report too many lets the oldest go, counts them, and knows what is left', async () => {
  const lane = await createFullLane(MAX_QUEUED_REPORTS + 1, 8);
  const neighbour = await createFullLane(10, 8);
  expect(await runner().trim(lane)).toBe(true);
  const kept = await readKept(lane.monitorId);
  expect(kept.count + kept.dropped).toBe(MAX_QUEUED_REPORTS + 1);
  expect(kept.first).toBe(kept.dropped + 1);
  expect(kept.count).toBeGreaterThan(MAX_QUEUED_REPORTS * 0.9);
  const { queued, bytes, dropped, oldestQueuedAt } = lane;
  expect({ queued, bytes, dropped }).toEqual({
    queued: kept.count,
    bytes: kept.bytes,
    dropped: kept.dropped,
  });
  expect(oldestQueuedAt).toBe(kept.first - 1);
  expect((await readKept(neighbour.monitorId)).count).toBe(10);
});

it('a full queue is left as it is', async () => {
  const lane = await createFullLane(MAX_QUEUED_REPORTS, 8);
  expect(await runner().trim(lane)).toBe(true);
  expect((await readKept(lane.monitorId)).count).toBe(MAX_QUEUED_REPORTS);
});

it('few large reports are too much by their bytes', async () => {
  const bytesEach = 16_000;
  const most = Math.floor(MAX_QUEUED_BYTES / bytesEach);
  const lane = await createFullLane(most + 1, bytesEach);
  expect(await runner().trim(lane)).toBe(true);
  const kept = await readKept(lane.monitorId);
  expect(kept.count + kept.dropped).toBe(most + 1);
  expect(kept.first).toBe(kept.dropped + 1);
  expect(kept.bytes).toBeLessThanOrEqual(MAX_QUEUED_BYTES);
  expect(kept.bytes).toBeGreaterThan(MAX_QUEUED_BYTES * 0.9);
  expect(lane.bytes).toBe(kept.bytes);
});

it('what is over after a change of the limits goes in steps', async () => {
  const lane = await createFullLane(MAX_QUEUED_REPORTS + 3_000, 8);
  while (lane.queued > MAX_QUEUED_REPORTS) expect(await runner().trim(lane)).toBe(true);
  const kept = await readKept(lane.monitorId);
  expect(kept.count).toBeLessThanOrEqual(MAX_QUEUED_REPORTS);
  expect({ queued: lane.queued, dropped: lane.dropped }).toEqual({
    queued: kept.count,
    dropped: kept.dropped,
  });
  expect(kept.count + kept.dropped).toBe(MAX_QUEUED_REPORTS + 3_000);
});
