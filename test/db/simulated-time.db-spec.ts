import { readdirSync, readFileSync } from 'node:fs';
import { TIERS } from '../../src/core/blocks/tiers.js';
import type { PendingReport } from '../../src/storage/pending-report.js';
import { StoredHistory } from '../faults/stored-history.js';
import { SeededRandom } from '../fixtures/blocks/seeded-random.js';
import { SampleStore } from '../support/sample-store.js';
import { startTestPostgres, stopTestPostgres } from '../support/test-database.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const MB = 1_000_000;

/**
 * Months of a small fleet, by a clock that runs thousands of times too fast. SOAK=1: a year (or SOAK_DAYS) of
 * 5 monitors at 10 s, sent while they are fresh; else just as long as it takes for two tiers to lose their first blocks.
 */
const { SOAK, SOAK_DAYS = '365' } = process.env;
const { monitorCount, intervalMs, days, stepMs } = SOAK
  ? { monitorCount: 5, intervalMs: 10 * SECOND, days: Number(SOAK_DAYS), stepMs: 20 * 60 * SECOND }
  : { monitorCount: 2, intervalMs: 600 * SECOND, days: 38, stepMs: 6 * HOUR };
const UPKEEP_MS = Math.max(stepMs, HOUR);
/** One in so many steps, a monitor has nothing to say until the next one: then it sends more, and late. */
const OUTAGE_EVERY = 50;

let store: SampleStore;
let history: StoredHistory;
const startAt = Math.floor(Date.now() / DAY) * DAY;
let now = startAt;
const realNow = { date: Date.now, performance: performance.now };

beforeAll(async () => {
  store = await SampleStore.open({ isHasty: true });
  history = new StoredHistory(store.pool);
  // Not spies: those remember every call, which over a year are millions.
  Date.now = () => now;
  performance.now = () => now - startAt;
}, 60_000);
afterAll(async () => {
  Object.assign(Date, { now: realNow.date });
  Object.assign(performance, { now: realNow.performance });
  await store.close();
  await stopTestPostgres();
}, 60_000);

/** A machine with values that wander. */
class Machine {
  readonly sentAt: number[] = [];
  private nextAt = startAt;
  private cpu = 20;
  private sent = 0;

  constructor(
    readonly monitorId: string,
    private readonly random: SeededRandom,
  ) {}

  async report(until: number): Promise<PendingReport[]> {
    const rows: PendingReport[] = [];
    for (; this.nextAt < until; this.nextAt += intervalMs) {
      this.cpu = Math.min(100, Math.max(0, this.cpu + this.random.normal(0, 2)));
      this.sent += this.random.below(1_000_000);
      const series = {
        'cpu.usagePercent': Math.round(this.cpu * 100) / 100,
        'memory.usedBytes': 2_000_000_000 + this.random.below(1_000) * 4_096,
        'network.bytesReceived{interface="eth0"}': this.sent,
        'network.bytesSent{interface="eth0"}': Math.floor(this.sent / 3),
      };
      rows.push(await store.makeRow(this.monitorId, this.nextAt, series, { intervalMs }));
      this.sentAt.push(this.nextAt);
    }
    return rows;
  }
}

async function keepUp(): Promise<void> {
  await store.partitions.upkeep();
  await store.sealJob.seal();
  await store.sealJob.merge();
  await store.retention.run();
}

async function readSizes() {
  const { rows } = await store.pool.query<{ name: string; mb: number; dead: number }>(
    `select relname as name, round(pg_total_relation_size(relid) / 1e6, 1)::float as mb, n_dead_tup::int as dead
     from pg_stat_user_tables where relname in ('monitor_latest', 'late_report', 'seal_mark', 'rollup_due')
     union all select 'database', round(pg_database_size(current_database()) / 1e6)::float, 0 order by name`,
  );
  return rows;
}

/** CPU that this process and its Postgres have used so far, in milliseconds: other than the time, it does not depend on what else runs. */
async function readCpuMs(): Promise<number> {
  const { embedded } = await startTestPostgres();
  const { user, system } = process.cpuUsage();
  let ticks = 0;
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')
        .map(Number);
      if (Number(name) === embedded.pid) ticks += fields.slice(11, 15).reduce((sum, part) => sum + part, 0);
      else if (fields[1] === embedded.pid) ticks += fields[11]! + fields[12]!;
    } catch {
      // Gone in between.
    }
  }
  return (user + system) / 1_000 + ticks * 10;
}

async function listPartitions(): Promise<{ tier: number; start: number }[]> {
  const { rows } = await store.pool.query<{ name: string }>(
    `select relname as name from pg_inherits join pg_class on oid = inhrelid where inhparent = 'block'::regclass`,
  );
  return rows.map(({ name }) => {
    const [, tier, start] = /^block_(\d)_(\d+)$/.exec(name)!;
    return { tier: Number(tier), start: Number(start) };
  });
}

it(
  `${days} days of ${monitorCount} monitors: what is kept is complete, what is past its time is gone, and tables stay small`,
  async () => {
    const random = new SeededRandom(1);
    const machines: Machine[] = [];
    for (let index = 0; index < monitorCount; index++) {
      machines.push(new Machine(await store.createMonitor(`machine-${index}`), new SeededRandom(index)));
    }
    const spent = { store: 0, upkeep: 0 };
    let cpuBefore = await readCpuMs();
    for (let step = 1; now < startAt + days * DAY; step++) {
      now += stepMs;
      const started = process.hrtime.bigint();
      const rows: PendingReport[] = [];
      for (const machine of machines) {
        if (random.below(OUTAGE_EVERY) > 0) rows.push(...(await machine.report(now)));
      }
      await store.groupCommit.store(rows);
      const stored = process.hrtime.bigint();
      store.stored.length = store.backfilled.length = 0;
      if ((now - startAt) % UPKEEP_MS === 0) await keepUp();
      spent.store += Number(stored - started) / 1e6;
      spent.upkeep += Number(process.hrtime.bigint() - stored) / 1e6;
      if (SOAK && (now - startAt) % (10 * DAY) === 0) {
        const cpuMs = await readCpuMs();
        const perDay = `${Math.round((cpuMs - cpuBefore) / 10)} ms of CPU, ${Math.round(spent.store / 10)} ms to store, ${Math.round(spent.upkeep / 10)} ms of upkeep`;
        process.stdout.write(
          `day ${(now - startAt) / DAY}: ${perDay} a day; ${JSON.stringify(await readSizes())}\n`,
        );
        [spent.store, spent.upkeep, cpuBefore] = [0, 0, cpuMs];
      }
    }
    now += 30 * 60 * SECOND;
    await store.groupCommit.store((await Promise.all(machines.map((machine) => machine.report(now)))).flat());
    now += 5 * 60 * SECOND;
    await keepUp();

    const keptFrom = now - TIERS[0].retentionMs;
    for (const { monitorId, sentAt } of machines) {
      const kept = (await history.readReports(monitorId)).map(({ at }) => at);
      expect(kept.filter((at) => at >= keptFrom)).toEqual(sentAt.filter((at) => at >= keptFrom));
      expect(await history.countRows(monitorId)).toBe(kept.length);
      const [rawUntil] = await history.readMarks(monitorId);
      expect(rawUntil).toBeGreaterThan(now - 2 * DAY);
    }

    const partitions = await listPartitions();
    for (const { tier, retentionMs, partitionMs, blockMs } of TIERS) {
      const starts = partitions.filter((one) => one.tier === tier).map(({ start }) => start);
      expect(Math.min(...starts)).toBeGreaterThan(now - retentionMs - partitionMs - blockMs - UPKEEP_MS);
      // Nothing that is young enough was dropped.
      const oldestDue = Math.max(startAt, now - retentionMs);
      if (tier <= 2) expect(Math.min(...starts)).toBeLessThanOrEqual(oldestDue);
    }
    expect(partitions.some(({ tier, start }) => tier === 1 && start <= startAt)).toBe(false);
    // Of the hot ones: the last, the one that is written to, and those made ahead.
    expect((await store.partitions.list()).length).toBeLessThanOrEqual(6);

    // As autovacuum does each minute, for which these days went by too fast.
    for (const table of ['monitor_latest', 'late_report', 'seal_mark', 'rollup_due']) {
      await store.pool.query(`vacuum ${table}`);
    }
    for (const { name, mb } of await readSizes()) {
      if (name !== 'database') expect([name, mb < 1]).toEqual([name, true]);
    }
    expect((await readSizes()).find(({ name }) => name === 'database')!.mb * MB).toBeLessThan(
      60 * MB + machines.length * (SOAK ? 60 * MB : 5 * MB),
    );
  },
  days * 60 * SECOND,
);
