import { setTimeout as sleep } from 'node:timers/promises';
import { ActiveHubLock } from '../../src/database/active-hub-lock.js';
import { ACTIVE_HUB_LOCK, LOCK_CLASS } from '../../src/database/advisory-locks.js';
import type { StartLog } from '../../src/database/start-log.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';
import { runQuery } from './hub-child.js';

describe('ActiveHubLock', () => {
  let database: TestDatabase;
  let lines: string[];
  let lost: number;
  const locks: ActiveHubLock[] = [];
  const say = (line: string) => lines.push(line);
  const log: StartLog = { info: say, warn: say, error: say };

  beforeEach(async () => {
    database = await createTestDatabase({ migrations: [] });
    lines = [];
    lost = 0;
  }, 60_000);
  afterEach(async () => {
    for (const lock of locks.splice(0)) await lock.release();
    await database.drop();
  });
  afterAll(stopTestPostgres);

  function makeLock(): ActiveHubLock {
    const lock = new ActiveHubLock(database.connection, log, () => lost++);
    locks.push(lock);
    return lock;
  }

  async function waitForLine(pattern: RegExp): Promise<void> {
    const deadlineAt = Date.now() + 15_000;
    while (!lines.some((line) => pattern.test(line))) {
      if (Date.now() > deadlineAt) throw new Error(`no ${pattern} in:\n${lines.join('\n')}`);
      await sleep(20);
    }
  }

  async function cutHolder(): Promise<void> {
    await runQuery(
      database.connection,
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
        WHERE locktype = 'advisory' AND classid = ${LOCK_CLASS} AND objid = ${ACTIVE_HUB_LOCK} AND granted`,
    );
  }

  it('goes from hub to hub, one at a time', async () => {
    const first = makeLock();
    await first.acquire();
    const second = makeLock();
    let isSecondActive = false;
    const waiting = second.acquire().then(() => (isSecondActive = true));
    await waitForLine(/another hub is active.*standby/);
    expect(isSecondActive).toBe(false);
    await first.release();
    await waiting;
    expect(lost).toBe(0);
  }, 60_000);

  it('is taken again after its connection was cut, again and again', async () => {
    await makeLock().acquire();
    for (let cut = 1; cut <= 3; cut++) {
      lines = [];
      await cutHolder();
      await waitForLine(/held again/);
    }
    expect(lost).toBe(0);
  }, 60_000);

  it('is lost when another hub has it by the time it is asked for again', async () => {
    await makeLock().acquire();
    // The other hub takes it in the very statement that cuts the first: no retry is quick enough.
    const { Client } = await import('pg');
    const other = new Client(database.connection);
    await other.connect();
    await other.query(
      `SELECT pg_terminate_backend(pid), pg_advisory_lock(${LOCK_CLASS}, ${ACTIVE_HUB_LOCK}) FROM pg_locks
        WHERE locktype = 'advisory' AND granted`,
    );
    const deadlineAt = Date.now() + 15_000;
    while (lost === 0 && !lines.some((line) => line.includes('held again')) && Date.now() < deadlineAt)
      await sleep(20);
    await other.end();
    expect(lost).toBe(1);
  }, 60_000);

  it('gives up waiting when told to', async () => {
    await makeLock().acquire();
    const stop = new AbortController();
    const waiting = makeLock().acquire(stop.signal);
    await waitForLine(/standby/);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ exitCode: 0 });
  }, 60_000);
});
