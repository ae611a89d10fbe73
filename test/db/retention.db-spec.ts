import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Client } from 'pg';
import { TIERS } from '../../src/core/blocks/tiers.js';
import { PARTITION_SPAN_MS } from '../../src/storage/hot-window.js';
import { RetentionClock } from '../../src/storage/retention-clock.js';
import { SampleStore } from '../support/sample-store.js';
import { stopTestPostgres } from '../support/test-database.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LOOK = HOUR;

let store: SampleStore;

beforeEach(async () => {
  store = await SampleStore.open();
  jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
}, 60_000);
afterEach(async () => {
  jest.restoreAllMocks();
  await store.close();
});
afterAll(stopTestPostgres, 30_000);

describe('the clock of retention', () => {
  let clock: RetentionClock;
  let now: number;
  let monotonic: number;

  beforeEach(() => {
    clock = new RetentionClock(store.pool);
    now = Date.UTC(2027, 0, 1);
    monotonic = 0;
  });

  /** Time passes evenly; the last verdict. */
  async function run(ms: number): Promise<boolean> {
    let isTrusted = await clock.isTrusted(now, monotonic);
    for (let passed = 0; passed < ms; passed += LOOK) {
      now += LOOK;
      monotonic += LOOK;
      isTrusted = await clock.isTrusted(now, monotonic);
    }
    return isTrusted;
  }
  const restart = (): void => {
    clock = new RetentionClock(store.pool);
    monotonic = 0;
  };

  it('is believed after a day, over restarts', async () => {
    expect(await run(12 * HOUR)).toBe(false);
    restart();
    now += 3 * HOUR;
    expect(await run(11 * HOUR)).toBe(false);
    expect(await run(HOUR)).toBe(true);
    restart();
    expect(await run(0)).toBe(true);
  });

  it.each([9, -9, 400])(
    'is believed no more when it jumped by %d days, until it ran evenly for a day',
    async (days) => {
      expect(await run(DAY)).toBe(true);
      now += days * DAY;
      expect(await run(DAY - HOUR)).toBe(false);
      expect(await run(HOUR)).toBe(true);
    },
  );

  it('is not believed either where it jumped while the hub was off, nor by starting the hub again', async () => {
    expect(await run(DAY)).toBe(true);
    restart();
    now += 9 * DAY;
    expect(await run(HOUR)).toBe(false);
    restart();
    expect(await run(22 * HOUR)).toBe(false);
    expect(await run(HOUR)).toBe(true);
  });

  it('is believed where the machine sleeps at night', async () => {
    for (let night = 0; night < 2; night++) {
      await run(9 * HOUR);
      now += 15 * HOUR;
    }
    expect(await run(9 * HOUR)).toBe(true);
  });
});

describe('a hub whose clock jumps days ahead', () => {
  it('drops nothing, and has all of it when the clock is right again', async () => {
    const now = Date.now();
    const monitorId = await store.createMonitor();
    await store.store(monitorId, now - 7 * DAY, now - 2 * DAY, now - HOUR, now - MINUTE, now);
    await store.pool.query('insert into retention_clock (seen_at, steady_ms) values ($1, $2)', [
      now,
      2 * DAY,
    ]);
    await store.sealJob.seal();
    const before = await store.reader.readRange(monitorId, 0, now);
    expect(before).toHaveLength(5);

    const wrong = now + 40 * DAY;
    jest.spyOn(Date, 'now').mockImplementation(() => wrong);
    await store.sealJob.seal();
    await store.retention.run();
    await store.partitions.upkeep();
    jest.restoreAllMocks();
    expect(await store.reader.readRange(monitorId, 0, now)).toEqual(before);
    // What comes now is older than what is sealed: it takes the late way, and is neither lost nor there twice.
    expect(await store.store(monitorId, now - 30_000, now, now + 1_000)).toEqual([
      'accepted',
      'duplicate',
      'accepted',
    ]);
    expect(await store.reader.readRange(monitorId, 0, now + 1_000)).toHaveLength(7);
  });
});

describe('retention', () => {
  it('of a clock that is believed drops what is too old, of every tier, and nothing else', async () => {
    const now = Date.now();
    const monitorId = await store.createMonitor();
    const old = now - 3 * DAY;
    await store.store(monitorId, old, now);
    await store.sealer.sealUntil(now - HOUR);
    await store.pool.query('insert into retention_clock (seen_at, steady_ms) values ($1, $2)', [
      now,
      2 * DAY,
    ]);
    await store.retention.run();
    expect(await store.reader.readRange(monitorId, 0, now)).toHaveLength(2);
    await store.retention.dropExpired(old + TIERS[0].retentionMs + 3 * DAY);
    expect((await store.reader.readRange(monitorId, 0, now)).map(({ at }) => at)).toEqual([now]);
  });

  it('leaves what is being read for the next round, and goes on with the rest', async () => {
    const monitorId = await store.createMonitor();
    const now = Date.now();
    for (const daysAgo of [7, 5, 3, 1]) await store.store(monitorId, now - daysAgo * DAY);
    await store.sealer.sealUntil(now - HOUR);
    const listPartitions = async (): Promise<string[]> => {
      const { rows } = await store.pool.query<{ name: string }>(
        `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'block'::regclass`,
      );
      return rows.map(({ name }) => name);
    };
    const partitions = await listPartitions();
    const reader = new Client(store.database.connection);
    await reader.connect();
    await reader.query('begin');
    await reader.query(`select from ${partitions[1]}`);
    const later = now + TIERS[0].retentionMs + 400 * DAY;
    await store.retention.dropExpired(later);
    expect(await listPartitions()).toEqual([partitions[1]]);
    await reader.end();
    await store.retention.dropExpired(later);
    expect(await listPartitions()).toEqual([]);
    expect(await store.reader.readRange(monitorId, 0, now - HOUR)).toEqual([]);
  });

  it('does not hold up reports behind somebody who reads for long', async () => {
    const monitorId = await store.createMonitor();
    const now = Date.now();
    const old = Math.floor((now - 40 * DAY) / PARTITION_SPAN_MS) * PARTITION_SPAN_MS;
    await store.partitions.ensure(old, old);
    const reader = new Client(store.database.connection);
    await reader.connect();
    await reader.query('begin');
    await reader.query('select count(*) from report');
    const dropping = store.partitions.dropExpired(now - 20 * DAY);
    expect(await store.store(monitorId, now)).toEqual(['accepted']);
    await dropping;
    expect(await store.partitions.list()).toContain(old);
    await reader.end();
    await store.partitions.dropExpired(now - 20 * DAY);
    expect(await store.partitions.list()).not.toContain(old);
  });
});

describe('a write that was begun long ago and not yet ended', () => {
  it('is waited for before anything is sealed or dropped', async () => {
    const now = Date.now();
    const monitorId = await store.createMonitor();
    await store.store(monitorId, now - 3 * HOUR);
    const stuck = new Client(store.database.connection);
    await stuck.connect();
    await stuck.query('begin');
    await stuck.query(`update monitor set name = 'changed'`);
    expect(await store.barrier.close(now - HOUR, 0)).toBe(false);
    expect(await store.barrier.close(now - HOUR)).toBe(true);
    jest.spyOn(store.barrier, 'close').mockResolvedValueOnce(false);
    await store.sealJob.seal();
    const countMarks = async () => (await store.pool.query('select from seal_mark')).rowCount;
    expect(await countMarks()).toBe(0);
    await stuck.query('rollback');
    await stuck.end();
    expect(await store.barrier.close(now - HOUR, 0)).toBe(true);
    await store.sealJob.seal();
    expect(await countMarks()).toBe(1);
  });
});
