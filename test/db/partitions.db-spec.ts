import { TIERS } from '../../src/core/blocks/tiers.js';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { PARTITION_SPAN_MS } from '../../src/storage/hot-window.js';
import { SampleStore } from '../support/sample-store.js';
import { stopTestPostgres } from '../support/test-database.js';

const DAY = 24 * 3_600_000;

let store: SampleStore;

beforeEach(async () => {
  store = await SampleStore.open();
}, 60_000);
afterEach(() => store.close());
afterAll(stopTestPostgres, 30_000);

const list = () => store.partitions.list();
const dropAll = async (): Promise<void> => {
  for (const start of await list()) await store.pool.query(`drop table report_${start}`);
};

/** Runs with a hub's clock that shows this. */
async function at<Result>(now: number, work: () => Promise<Result>): Promise<Result> {
  const clock = jest.spyOn(Date, 'now').mockReturnValue(now);
  try {
    return await work();
  } finally {
    clock.mockRestore();
  }
}

describe('hot partitions', () => {
  it('are there from the start: for the half hour before and for what is to come', async () => {
    const now = Date.now();
    const starts = await list();
    expect(starts[0]!).toBeLessThanOrEqual(now - 30 * 60_000);
    expect(starts.at(-1)! + PARTITION_SPAN_MS).toBeGreaterThan(now + 2 * PARTITION_SPAN_MS);
    expect(starts.every((start) => start % PARTITION_SPAN_MS === 0)).toBe(true);
    for (let index = 1; index < starts.length; index++) {
      expect(starts[index]! - starts[index - 1]!).toBe(PARTITION_SPAN_MS);
    }
  });

  it('hold exactly their six hours', async () => {
    await dropAll();
    const start = 300 * PARTITION_SPAN_MS;
    await store.partitions.ensure(start, start + PARTITION_SPAN_MS - 1);
    expect(await list()).toEqual([start]);
    await store.partitions.ensure(start - 1, start + PARTITION_SPAN_MS);
    expect(await list()).toEqual([start - PARTITION_SPAN_MS, start, start + PARTITION_SPAN_MS]);
  });

  it.each([
    ['1970', 0],
    ['shortly after', 90_000],
    ['2038', 2 ** 31 * 1000],
    ['2199', Date.UTC(2199, 11, 31, 23, 59)],
  ])('are made by a hub whose clock stands at %s, and take its reports', async (_, now) => {
    await dropAll();
    await at(now, async () => {
      await store.partitions.onModuleInit();
      const monitorId = await store.createMonitor();
      expect(await store.store(monitorId, now, now + 1_000)).toEqual(['accepted', 'accepted']);
    });
    expect((await list()).every((start) => start >= 0)).toBe(true);
  });

  it('leave when all of them is older than retention, never before; late reports with them', async () => {
    await dropAll();
    const edge = 5_000 * PARTITION_SPAN_MS;
    await store.partitions.ensure(edge - 2 * PARTITION_SPAN_MS, edge + 1);
    const monitorId = await store.createMonitor();
    await at(edge + 20 * DAY, () => store.store(monitorId, edge - 1, edge, edge + 1));
    await store.partitions.dropExpired(edge - 1);
    expect(await list()).toEqual([edge - PARTITION_SPAN_MS, edge]);
    expect((await store.listInstants(monitorId)).late).toEqual([edge - 1, edge, edge + 1]);
    await store.partitions.dropExpired(edge);
    expect(await list()).toEqual([edge]);
    expect((await store.listInstants(monitorId)).late).toEqual([edge, edge + 1]);
  });

  it('keep every report that may still be sent again', async () => {
    const now = Date.now();
    const monitorId = await store.createMonitor();
    await at(now - 8 * DAY, async () => {
      await store.partitions.onModuleInit();
      await store.store(monitorId, now - 8 * DAY);
    });
    await store.retention.dropExpired(now);
    expect((await store.listInstants(monitorId)).hot).toEqual([now - 8 * DAY]);
    expect(await store.store(monitorId, now - 8 * DAY)).toEqual(['duplicate']);
    await store.retention.dropExpired(now + TIERS[0].retentionMs - 7 * DAY);
    expect(await store.listInstants(monitorId)).toEqual({ hot: [], late: [] });
  });

  it('come and go under traffic without a report refused', async () => {
    const monitorId = await store.createMonitor();
    const now = Date.now();
    const old = 10 * PARTITION_SPAN_MS;
    let sent = 0;
    let isOver = false;
    const send = async (): Promise<void> => {
      while (!isOver) expect(await store.store(monitorId, now - sent++)).toEqual(['accepted']);
    };
    const senders = [send(), send()];
    for (let round = 0; round < 10; round++) {
      await Promise.all([
        store.partitions.ensure(old, old + 2 * PARTITION_SPAN_MS),
        store.partitions.ensure(now, now + (3 + round) * PARTITION_SPAN_MS),
      ]);
      await store.partitions.dropExpired(now - 2 * DAY);
    }
    isOver = true;
    await Promise.all(senders);
    expect((await store.listInstants(monitorId)).hot).toHaveLength(sent);
  });

  it('are seen to again after a round that failed', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const query = jest
      .spyOn(store.pool, 'query')
      .mockImplementationOnce(() => Promise.reject(new Error('cut')) as never);
    await store.partitions.upkeep();
    expect(error).toHaveBeenCalledTimes(1);
    query.mockRestore();
    error.mockRestore();
    await dropAll();
    await store.partitions.upkeep();
    expect(await list()).not.toEqual([]);
  });
});
