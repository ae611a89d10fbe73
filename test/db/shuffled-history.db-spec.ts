import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import type { PendingReport } from '../../src/storage/pending-report.js';
import { expectSameHistory, StoredHistory } from '../faults/stored-history.js';
import { SampleStore } from '../support/sample-store.js';
import { stopTestPostgres } from '../support/test-database.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const HISTORIES = process.env.SOAK ? 10_000 : 25;

let store: SampleStore;
let history: StoredHistory;
/** The hub's clock; it never goes back, not even between two histories. */
let now = Date.now();

beforeAll(async () => {
  store = await SampleStore.open({ isHasty: true });
  history = new StoredHistory(store.pool);
  // Between two histories the clock jumps.
  jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  jest.spyOn(Date, 'now').mockImplementation(() => now);
}, 60_000);
afterAll(async () => {
  jest.restoreAllMocks();
  await store.close();
  await stopTestPostgres();
}, 60_000);

/** A report, and how it travels. */
interface Event {
  /** Intervals since the report before. */
  readonly gap: number;
  readonly value: number;
  readonly shape: 0 | 1 | 2;
  readonly isReboot: boolean;
  /** When it arrives, and arrives again: milliseconds after it was read. */
  readonly delays: readonly number[];
}

const DELAY = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 20 * SECOND }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 6 * HOUR }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 4 * DAY }) },
);
const EVENT: fc.Arbitrary<Event> = fc.record({
  gap: fc.oneof(
    { weight: 30, arbitrary: fc.constant(1) },
    { weight: 4, arbitrary: fc.integer({ min: 2, max: 50 }) },
    { weight: 1, arbitrary: fc.integer({ min: 50, max: 300 }) },
  ),
  value: fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.double({ noNaN: true, noDefaultInfinity: true })),
  shape: fc.oneof(
    { weight: 8, arbitrary: fc.constant<0>(0) },
    { weight: 1, arbitrary: fc.constantFrom<1 | 2>(1, 2) },
  ),
  isReboot: fc.oneof(
    { weight: 12, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  delays: fc.array(DELAY, { minLength: 1, maxLength: 3 }),
});
const HISTORY = fc.record({
  intervalMs: fc.constantFrom(10 * SECOND, 60 * SECOND, 600 * SECOND),
  events: fc.array(EVENT, { minLength: 1, maxLength: 150, size: 'max' }),
  /** Arrivals of one request, and whether there is upkeep after it. */
  requests: fc.infiniteStream(
    fc.record({
      size: fc.integer({ min: 1, max: 60 }),
      upkeep: fc.constantFrom('', '', 'seal', 'merge', 'drop'),
    }),
  ),
});

async function makeReports(
  monitorId: string,
  startAt: number,
  intervalMs: number,
  events: readonly Event[],
): Promise<PendingReport[]> {
  const rows: PendingReport[] = [];
  let at = startAt;
  let boot = 0;
  let sent = 0;
  for (const event of events) {
    at += event.gap * intervalMs;
    if (event.isReboot) [boot, sent] = [boot + 1, 0];
    sent += Math.abs(Math.trunc(event.value)) % 1_000;
    const cpu = { 'cpu.usagePercent': event.value };
    const network = { 'network.bytesSent{interface="e"}': sent };
    const series = event.shape === 0 ? { ...cpu, ...network } : event.shape === 1 ? cpu : network;
    rows.push(await store.makeRow(monitorId, at, series, { bootId: `boot-${boot}`, intervalMs }));
  }
  return rows;
}

/** What has been read until then, a few minutes at a time; takes it from the list. */
async function sendInOrder(rows: PendingReport[], until: number): Promise<void> {
  while (rows.length > 0 && rows[0]!.report.at <= until) {
    const last = Math.min(until, rows[0]!.report.at + 600 * SECOND);
    const next = rows.findIndex(({ report }) => report.at > last);
    const batch = rows.splice(0, next < 0 ? rows.length : next);
    now = Math.max(now, batch.at(-1)!.report.at);
    await store.groupCommit.store(batch);
  }
}

async function settle(): Promise<void> {
  now += 2 * DAY;
  await store.sealJob.seal();
  await store.sealer.mergeLate(now);
}

const upkeep: Record<string, () => Promise<void>> = {
  '': async () => undefined,
  seal: () => store.sealJob.seal(),
  merge: () => store.sealer.mergeLate(now + 1),
  drop: () => store.retention.run(),
};

async function readLatest(monitorId: string) {
  const { rows } = await store.pool.query(
    `select at, layout_id, boot_id, interval_ms, "values",
            previous_at, previous_layout_id, previous_boot_id, previous_values
     from monitor_latest where monitor_id = $1`,
    [monitorId],
  );
  return rows;
}

async function erase(...monitorIds: string[]): Promise<void> {
  await store.pool.query('delete from monitor where id = any($1::uuid[])', [monitorIds]);
  for (const id of monitorIds) await store.eraser.erase(id);
  await store.retention.dropExpired(now + 3_000 * DAY);
}

it(
  'a history that came shuffled, repeated, split and late leaves the tables of one that came in order',
  async () => {
    await fc.assert(
      fc.asyncProperty(HISTORY, async ({ intervalMs, events, requests }) => {
        const [ordered, shuffled] = [
          await store.createMonitor('ordered'),
          await store.createMonitor('shuffled'),
        ];
        const startAt = Math.ceil(now / HOUR) * HOUR + HOUR;
        const inOrder = await makeReports(ordered, startAt, intervalMs, events);
        const arrivals = (await makeReports(shuffled, startAt, intervalMs, events))
          .flatMap((row, index) => events[index]!.delays.map((delay) => ({ row, at: row.report.at + delay })))
          .sort((a, b) => a.at - b.at);
        let accepted = 0;
        for (let sent = 0; sent < arrivals.length;) {
          const { size, upkeep: kind } = requests.next().value!;
          const batch = arrivals.slice(sent, sent + size);
          sent += batch.length;
          await sendInOrder(inOrder, batch.at(-1)!.at);
          now = Math.max(now, batch.at(-1)!.at);
          const outcomes = await store.groupCommit.store(
            batch.map(({ row }) => ({ ...row, receivedAt: now })),
          );
          accepted += outcomes.filter((outcome) => outcome === 'accepted').length;
          await upkeep[kind]!();
        }
        expect(accepted).toBe(events.length);
        await settle();
        await expectSameHistory(history, shuffled, ordered);
        expect(await readLatest(shuffled)).toEqual(await readLatest(ordered));
        expect(await history.countWaiting(shuffled)).toBe(0);
        await erase(ordered, shuffled);
        store.stored.length = store.backfilled.length = 0;
      }),
      { numRuns: HISTORIES, endOnFailure: true },
    );
  },
  HISTORIES * 5_000,
);
