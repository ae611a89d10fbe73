/**
 * What it costs to seal reports and to roll them up, on a real Postgres, with the hours that pass given rather than
 * awaited. In the main folder:
 *
 *     node_modules/.bin/node --import ./test/db/run-typescript.mjs bench/seal.ts [machines [hours]]
 *
 * Fresh: each hour is written into the hot partitions and sealed when it is over, as in a hub that runs. Late: all
 * hours stand among the late reports at once, as after an import. Fresh is measured twice: a process that has just started
 * still compiles the codec, a hub that runs does not. Writing them is not counted. CPU time is that of
 * this process and of Postgres, so a busy machine makes it a little larger.
 */
import { CopyReports } from '../src/storage/copy-reports.js';
import { storeStatement } from '../src/storage/store-statement.js';
import type { PendingReport } from '../src/storage/pending-report.js';
import { COMMON_MACHINE, MachineHistory } from '../test/fixtures/blocks/machine-history.js';
import { SampleStore } from '../test/support/sample-store.js';
import { startTestPostgres, stopTestPostgres } from '../test/support/test-database.js';
import { readCpuSeconds } from './process/cpu-time.js';

const HOUR_MS = 3_600_000;
const INTERVAL_MS = 10_000;
const REPORTS_AN_HOUR = HOUR_MS / INTERVAL_MS;
const [machines = 20, hours = 24] = process.argv.slice(2).map(Number);

interface Machine {
  readonly monitorId: string;
  readonly history: MachineHistory;
}

/** CPU seconds of the sealing hub and of Postgres. */
interface Cost {
  hub: number;
  postgres: number;
}

async function createMachines(store: SampleStore): Promise<Machine[]> {
  const created: Machine[] = [];
  for (let index = 0; index < machines; index++) {
    const monitorId = await store.createMonitor(`machine-${index}`);
    created.push({ monitorId, history: new MachineHistory(COMMON_MACHINE, index + 1) });
  }
  return created;
}

/** The next hour of a machine, with the layout as the database knows it. */
async function makeHour(
  store: SampleStore,
  { monitorId, history }: Machine,
  startAt: number,
): Promise<PendingReport[]> {
  const reports = history.reports(startAt, INTERVAL_MS, REPORTS_AN_HOUR);
  const { layout } = (await store.layouts.resolve(reports[0]!.layout.seriesKeys, null))!;
  const receivedAt = startAt + HOUR_MS;
  return reports.map((report) => ({ monitorId, receivedAt, report: { ...report, layout } }));
}

async function noteLatest(
  store: SampleStore,
  { monitorId }: Machine,
  rows: readonly PendingReport[],
): Promise<void> {
  const { at, layout } = rows.at(-1)!.report;
  await store.pool.query(
    `insert into monitor_latest (monitor_id, at, received_at, layout_id, interval_ms, "values")
     values ($1, $2, $2, $3, $4, '') on conflict (monitor_id) do update set at = excluded.at`,
    [monitorId, at, layout.id, INTERVAL_MS],
  );
}

async function costOf(postmaster: number, work: () => Promise<void>, total: Cost): Promise<void> {
  const [postgres, hub] = [readCpuSeconds([postmaster]), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(hub);
  total.hub += (user + system) / 1e6;
  total.postgres += readCpuSeconds([postmaster]) - postgres;
}

async function sealFresh(store: SampleStore, postmaster: number, base: number): Promise<Cost> {
  const total = { hub: 0, postgres: 0 };
  const all = await createMachines(store);
  await store.partitions.ensure(base, base + hours * HOUR_MS);
  for (let hour = 0; hour < hours; hour++) {
    for (const machine of all) {
      const rows = await makeHour(store, machine, base + hour * HOUR_MS);
      const client = await store.pool.connect();
      await new Promise<void>((resolve, reject) => {
        const copy = new CopyReports(rows);
        copy.once('end', resolve);
        copy.once('error', reject);
        client.query(copy);
      });
      client.release();
      await noteLatest(store, machine, rows);
    }
    await costOf(postmaster, () => store.sealer.sealUntil(base + (hour + 1) * HOUR_MS), total);
  }
  await costOf(postmaster, () => store.partitions.dropSealed(base + hours * HOUR_MS), total);
  return total;
}

async function sealLate(store: SampleStore, postmaster: number, base: number): Promise<Cost> {
  const total = { hub: 0, postgres: 0 };
  for (const machine of await createMachines(store)) {
    for (let hour = 0; hour < hours; hour++) {
      const rows = await makeHour(store, machine, base + hour * HOUR_MS);
      await store.pool.query(storeStatement(rows, true));
      await noteLatest(store, machine, rows);
    }
  }
  await costOf(postmaster, () => store.sealer.sealUntil(base + hours * HOUR_MS), total);
  await costOf(postmaster, () => store.sealer.mergeLate(base + 2 * hours * HOUR_MS), total);
  return total;
}

async function measure(
  name: string,
  seal: (store: SampleStore, postmaster: number, base: number) => Promise<Cost>,
): Promise<void> {
  const { embedded } = await startTestPostgres();
  const store = await SampleStore.open();
  // Not written from memory: the benchmark does it itself.
  store.latest.write = async () => undefined;
  const base = Math.floor((Date.now() - (hours + 2) * HOUR_MS) / (6 * HOUR_MS)) * 6 * HOUR_MS;
  const { hub, postgres } = await seal(store, embedded.pid!, base);
  const { rows } = await store.pool.query<{ tier: number; blocks: string; bytes: string; room: string }>(
    `select tier, count(*) as blocks, sum(length(bytes)) as bytes,
            pg_total_relation_size('late_report') as room from block group by tier order by tier`,
  );
  const [first] = await store.pool
    .query<{ keys: number }>('select max(cardinality(series_keys)) as keys from layout')
    .then((answer) => answer.rows);
  const millions = (machines * hours * REPORTS_AN_HOUR * first!.keys) / 1e6;
  const cost = (seconds: number): string => (seconds / millions).toFixed(3);
  console.log(
    `${name}: ${cost(hub + postgres)} CPU-s a million samples (hub ${cost(hub)}, Postgres ${cost(postgres)}); ` +
      `${millions.toFixed(1)} M samples; ` +
      rows.map(({ tier, blocks, bytes }) => `tier ${tier} ${blocks} blocks ${bytes} B`).join(', ') +
      `; late_report holds ${(Number(rows[0]!.room) / 2 ** 20).toFixed(1)} MiB`,
  );
  await store.close();
}

await measure('fresh, by a process that has just started', sealFresh);
await measure('fresh', sealFresh);
await measure('late', sealLate);
await stopTestPostgres();
