import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { PendingReport } from '../../src/storage/pending-report.js';
import { SampleStore } from '../support/sample-store.js';
import { stopTestPostgres } from '../support/test-database.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let store: SampleStore;
let monitorId: string;
let now: number;

beforeEach(async () => {
  store = await SampleStore.open();
  monitorId = await store.createMonitor();
  now = Date.now();
}, 60_000);
afterEach(() => store.close());
afterAll(stopTestPostgres, 30_000);

const latest = async (id = monitorId) => {
  const [row] = await store.latest.readLatest([id]);
  return row && [row.report.at, row.previous?.at ?? null];
};

/** Fails to answer what the database cannot, without a line in the test's output. */
async function quietly<Result>(work: () => Promise<Result>): Promise<Result> {
  const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  try {
    return await work();
  } finally {
    error.mockRestore();
  }
}

describe('storing reports', () => {
  it('keeps them as they came: values, boot, interval, layout', async () => {
    const series = {
      'cpu.usagePercent': 0.1 + 0.2,
      'network.bytesSent{interface="e"}': 2 ** 53,
      'a.b': -1e-300,
    };
    const row = await store.makeRow(monitorId, now, series, { bootId: null, intervalMs: 1_500 });
    expect(await store.groupCommit.store([row])).toEqual(['accepted']);
    expect(await store.reader.readRange(monitorId, now, now)).toEqual([row.report]);
    expect(row.report.layout.seriesKeys).toEqual(Object.keys(series).sort());
  });

  it('tells duplicates apart: in a request, between requests of a batch, between batches', async () => {
    const other = await store.createMonitor('web-02');
    const results = await Promise.all([
      store.store(monitorId, now, now - 1_000, now),
      store.store(monitorId, now - 1_000, now - 2_000),
      store.store(other, now),
    ]);
    expect(results).toEqual([['accepted', 'accepted', 'duplicate'], ['duplicate', 'accepted'], ['accepted']]);
    expect(await store.store(monitorId, now - 3_000, now)).toEqual(['accepted', 'duplicate']);
    expect((await store.listInstants(monitorId)).hot).toEqual([now - 3_000, now - 2_000, now - 1_000, now]);
  });

  it('keeps the first of two that have one instant', async () => {
    const first = await store.makeRow(monitorId, now, { 'cpu.usagePercent': 1 });
    const second = await store.makeRow(monitorId, now, { 'cpu.usagePercent': 2 }, { bootId: 'a clone' });
    expect(await store.groupCommit.store([first, second])).toEqual(['accepted', 'duplicate']);
    expect(await store.groupCommit.store([second])).toEqual(['duplicate']);
    expect(await store.reader.readRange(monitorId, 0, now)).toEqual([first.report]);
    expect((await store.latest.readLatest([monitorId]))[0]!.report).toEqual(first.report);
  });

  it('leads what is older than half an hour in by the late way, and knows it there again', async () => {
    const instants = [now, now - 29 * MINUTE, now - 31 * MINUTE, now - 7 * 24 * HOUR];
    expect(await store.store(monitorId, ...instants)).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'accepted',
    ]);
    expect(await store.listInstants(monitorId)).toEqual({
      hot: [now - 29 * MINUTE, now],
      late: [now - 7 * 24 * HOUR, now - 31 * MINUTE],
    });
    expect(await store.store(monitorId, ...instants)).toEqual(instants.map(() => 'duplicate'));
    expect((await store.reader.readRange(monitorId, 0, now)).map(({ at }) => at)).toEqual(
      instants.toReversed(),
    );
  });

  it('knows a report that was fresh when it came and is late when it comes again', async () => {
    const at = now - 20 * MINUTE;
    await store.store(monitorId, at);
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now + 20 * MINUTE);
    try {
      expect(await store.store(monitorId, at)).toEqual(['duplicate']);
    } finally {
      clock.mockRestore();
    }
    expect(await store.listInstants(monitorId)).toEqual({ hot: [at], late: [] });
  });

  it('answers a request of many batches once, when all of it is kept', async () => {
    const instants = Array.from({ length: 2_500 }, (_, index) => now - index * 100);
    const outcomes = await store.store(monitorId, ...instants);
    expect(outcomes).toHaveLength(2_500);
    expect(new Set(outcomes)).toEqual(new Set(['accepted']));
    expect((await store.listInstants(monitorId)).hot).toHaveLength(2_500);
    expect(await latest()).toEqual([now, now - 100]);
  });

  it('answers nothing with nothing', async () => {
    expect(await store.groupCommit.store([])).toEqual([]);
    await store.groupCommit.drain();
  });

  it('asks nothing but the statement itself when the shape is known', async () => {
    await store.store(monitorId, now - 1_000);
    const query = jest.spyOn(store.pool, 'query');
    await store.store(monitorId, now);
    expect(query).toHaveBeenCalledTimes(1);
    query.mockRestore();
    expect(await store.store(monitorId, now)).toEqual(['duplicate']);
    const client = await store.pool.connect();
    const { rows } = await client.query<{ name: string }>('select name from pg_prepared_statements');
    client.release();
    expect(rows.map(({ name }) => name)).toContain('store-fresh');
  });

  it('finds out what another hub has stored in between, and tells the rest from it', async () => {
    await store.store(monitorId, now - 10_000);
    const { report } = await store.makeRow(monitorId, now - 5_000);
    await store.pool.query(
      `insert into report (monitor_id, at, layout_id, interval_ms, "values") values ($1, $2, $3, 10000, '')`,
      [monitorId, report.at, report.layout.id],
    );
    expect(await store.store(monitorId, now - 5_000, now)).toEqual(['duplicate', 'accepted']);
    expect((await store.listInstants(monitorId)).hot).toEqual([now - 10_000, now - 5_000, now]);
    expect(await latest()).toEqual([now, now - 5_000]);
  });

  it('makes the partition that a report needs', async () => {
    await store.pool.query(
      `drop table ${(await store.partitions.list()).map((start) => `report_${start}`).join()}`,
    );
    expect(await store.store(monitorId, now, now - 10 * MINUTE)).toEqual(['accepted', 'accepted']);
    expect(await store.partitions.list()).not.toEqual([]);
  });
});

describe('the newest report', () => {
  it('never moves backwards, and stands beside the one before it', async () => {
    await store.store(monitorId, now - 10_000);
    expect(await latest()).toEqual([now - 10_000, null]);
    await store.store(monitorId, now);
    expect(await latest()).toEqual([now, now - 10_000]);
    await store.store(monitorId, now - 20_000);
    expect(await latest()).toEqual([now, now - 10_000]);
    await store.store(monitorId, now - 5_000);
    expect(await latest()).toEqual([now, now - 5_000]);
    await store.store(monitorId, now - 2_000, now);
    expect(await latest()).toEqual([now, now - 2_000]);
    await store.store(monitorId, now - 3_000, now - 1_000, now + 1_000);
    expect(await latest()).toEqual([now + 1_000, now]);
  });

  it('is a late one where nothing newer came', async () => {
    await store.store(monitorId, now - 2 * HOUR, now - HOUR);
    expect(await latest()).toEqual([now - HOUR, now - 2 * HOUR]);
    await store.store(monitorId, now - 5_000);
    await store.store(monitorId, now - HOUR, now - 40 * MINUTE);
    expect(await latest()).toEqual([now - 5_000, now - 40 * MINUTE]);
  });

  it('and all reports are the same, however they were shuffled, split and repeated', async () => {
    let seed = 20_261_122;
    const random = (limit: number): number => (seed = (seed * 48_271) % 2_147_483_647) % limit;
    const instants = Array.from({ length: 12 }, (_, index) => now - index * 4 * MINUTE - random(1_000));
    const readAll = async (id: string) => {
      const kept = await store.listInstants(id);
      const [row] = await store.latest.readLatest([id]);
      return {
        ...{ kept, reports: await store.reader.readRange(id, 0, now) },
        ...{ latest: row!.report, previous: { ...row!.previous, intervalMs: 0 } },
      };
    };
    const orderly = await store.createMonitor('in order');
    for (const at of instants.toReversed()) await store.store(orderly, at);
    const expected = await readAll(orderly);
    expect(expected.reports).toHaveLength(12);

    for (let history = 0; history < 60; history++) {
      const id = await store.createMonitor(`history ${history}`);
      const sent = [...instants, ...instants.filter(() => random(3) === 0)];
      for (let index = sent.length - 1; index > 0; index--) {
        const other = random(index + 1);
        [sent[index], sent[other]] = [sent[other]!, sent[index]!];
      }
      const running: Promise<unknown>[] = [];
      while (sent.length > 0) {
        running.push(store.store(id, ...sent.splice(0, 1 + random(5))));
        if (random(2) === 0) await Promise.all(running);
      }
      await Promise.all(running);
      expect(await readAll(id)).toEqual(expected);
    }
  }, 60_000);
});

describe('what others hear', () => {
  it('is the reports of each monitor in time order, and which of them is the newest now', async () => {
    const other = await store.createMonitor('web-02');
    await Promise.all([store.store(monitorId, now, now - 1_000), store.store(other, now - 500)]);
    expect(
      store.stored.map(({ monitorId: id, reports, isLatest }) => [id, reports.map(({ at }) => at), isLatest]),
    ).toEqual([
      [monitorId, [now - 1_000, now], true],
      [other, [now - 500], true],
    ]);
    store.stored.length = 0;
    await store.store(monitorId, now - 2_000, now);
    await store.store(monitorId, now);
    expect(store.stored.map(({ reports, isLatest }) => [reports.map(({ at }) => at), isLatest])).toEqual([
      [[now - 2_000], false],
    ]);
  });

  it('is the span of history that changed', async () => {
    await store.store(monitorId, now - 60_000);
    await store.store(monitorId, now - 50_000);
    expect(store.backfilled).toEqual([]);
    await store.store(monitorId, now - 55_000, now - 70_000, now - 40_000, now - 30_000);
    await store.store(monitorId, now - 3 * HOUR, now - 2 * HOUR, now - 20_000);
    expect(store.backfilled).toEqual([
      { monitorId, fromAt: now - 70_000, toAt: now - 55_000 },
      { monitorId, fromAt: now - 3 * HOUR, toAt: now - 2 * HOUR },
    ]);
  });
});

describe('when something is wrong', () => {
  it('a deleted monitor costs only its own reports', async () => {
    const gone = await store.createMonitor('gone');
    const rows: PendingReport[] = [];
    for (let index = 0; index < 20; index++) {
      rows.push(await store.makeRow(index % 7 === 3 ? gone : monitorId, now - index * 1_000));
      rows.push(await store.makeRow(index % 7 === 3 ? gone : monitorId, now - HOUR - index * 1_000));
    }
    await store.pool.query('delete from monitor where id = $1', [gone]);
    store.events.announce('monitor.deleted', { monitorId: gone });
    const outcomes = await store.groupCommit.store([...rows, ...rows]);
    expect(outcomes.slice(0, 40)).toEqual(
      rows.map((row) => (row.monitorId === gone ? 'monitor_deleted' : 'accepted')),
    );
    expect(outcomes.slice(40)).toEqual(
      rows.map((row) => (row.monitorId === gone ? 'monitor_deleted' : 'duplicate')),
    );
    expect(await store.listInstants(gone)).toEqual({ hot: [], late: [] });
  });

  it('a monitor deleted in flight leaves nothing behind', async () => {
    await store.store(monitorId, now - 1_000, now - HOUR);
    const underWay = store.store(monitorId, now, now - 2 * HOUR);
    await store.pool.query('delete from monitor where id = $1', [monitorId]);
    store.events.announce('monitor.deleted', { monitorId });
    await underWay;
    await store.latest.write();
    await store.eraser.erase(monitorId);
    expect(await store.listInstants(monitorId)).toEqual({ hot: [], late: [] });
    expect(await latest()).toBeUndefined();
  });

  it('a lost connection refuses everybody who waits for it, also the sender of the same report, and only them', async () => {
    await store.store(monitorId, now - 10_000);
    const blocker = await store.pool.connect();
    await blocker.query('begin; lock table report in access exclusive mode');
    const requests = [
      store.store(monitorId, now),
      store.store(monitorId, now),
      store.store(monitorId, now - 1_000, now),
    ];
    const settled = quietly(() => Promise.allSettled(requests));
    for (let cut = 0; cut === 0;) {
      const { rows } = await store.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
      );
      cut = rows.length;
    }
    const results = await settled;
    await blocker.query('rollback');
    blocker.release();
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { code: 'storage_unavailable', retryAfterSeconds: 2 },
      });
    }
    expect((await store.listInstants(monitorId)).hot).toEqual([now - 10_000]);
    expect(await store.store(monitorId, now)).toEqual(['accepted']);
  });

  it('a database that does not answer is given up, and asked again by the next one', async () => {
    await store.store(monitorId, now - 10_000);
    const blocker = await store.pool.connect();
    await blocker.query('begin; lock table report in access exclusive mode');
    await quietly(() =>
      expect(store.store(monitorId, now)).rejects.toMatchObject({ code: 'storage_unavailable' }),
    );
    await blocker.query('rollback');
    blocker.release();
    // The statement that was given up may have been carried out meanwhile: then it is a duplicate, never two.
    expect(['accepted', 'duplicate']).toContain((await store.store(monitorId, now))[0]);
    expect((await store.listInstants(monitorId)).hot).toEqual([now - 10_000, now]);
  }, 30_000);

  it('a new shape that cannot be written down is a matter of the database, too, and asked for again', async () => {
    const query = jest
      .spyOn(store.pool, 'query')
      .mockImplementationOnce(() => Promise.reject(new Error('cut')) as never);
    const shape = () => Promise.resolve(store.layouts.resolve(['never.seen'], null));
    await quietly(() => expect(shape()).rejects.toMatchObject({ code: 'storage_unavailable' }));
    query.mockRestore();
    expect((await shape())!.layout.seriesKeys).toEqual(['never.seen']);
  });

  it('too much that waits is refused at once, and taken again when there is room', async () => {
    const report = await store.makeReport(now);
    const rowsOf = (count: number, ago: number): PendingReport[] =>
      Array.from({ length: count }, (_, index) => ({
        ...{ monitorId, receivedAt: now },
        report: { ...report, at: now - ago - index },
      }));
    const overloaded = { code: 'overloaded', retryAfterSeconds: 5 };
    // Of a backlog four fifths of the room; the last fifth is the present's.
    const first = store.groupCommit.store(rowsOf(16_000, 1_000));
    await expect(store.groupCommit.store(rowsOf(51, 100_000))).rejects.toMatchObject(overloaded);
    const present = Array.from({ length: 80 }, (_, index) =>
      store.groupCommit.store(rowsOf(50, 200_000 + 50 * index)),
    );
    await expect(store.groupCommit.store(rowsOf(1, 0))).rejects.toMatchObject(overloaded);
    expect(new Set(await first)).toEqual(new Set(['accepted']));
    expect(new Set((await Promise.all(present)).flat())).toEqual(new Set(['accepted']));
    expect(await store.groupCommit.store(rowsOf(1, 0))).toEqual(['accepted']);

    const wide = { ...report, values: new Float64Array(2_000) };
    const heavy = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        monitorId,
        receivedAt: now,
        report: { ...wide, at: now - index },
      }));
    const waiting = store.groupCommit.store(heavy(3_200));
    await expect(store.groupCommit.store(heavy(200))).rejects.toMatchObject(overloaded);
    await waiting;
  }, 60_000);
});

describe('draining', () => {
  it('waits for what is there, not for what keeps coming', async () => {
    let isOver = false;
    let arrived = 0;
    const keepComing = async (): Promise<void> => {
      while (!isOver) await store.store(monitorId, now - arrived++);
    };
    const senders = [keepComing(), keepComing(), keepComing()];
    await store.store(monitorId, now + 1);
    const row = await store.makeRow(monitorId, now + 2);
    let outcomes: unknown;
    void store.groupCommit.store([row]).then((answer) => (outcomes = answer));
    await store.groupCommit.drain();
    isOver = true;
    expect(outcomes).toEqual(['accepted']);
    await Promise.all(senders);
  });

  it('at the end stores all that was taken in', async () => {
    const requests = Array.from({ length: 50 }, (_, index) => store.makeRow(monitorId, now - index));
    const stored = (await Promise.all(requests)).map((row) => store.groupCommit.store([row]));
    await store.groupCommit.beforeApplicationShutdown();
    expect((await store.listInstants(monitorId)).hot).toHaveLength(50);
    await Promise.all(stored);
  });
});
