import { setTimeout as sleep } from 'node:timers/promises';
import { callHub, type HubClient, type LiveSubscription, postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, FAST_SENDERS_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { LoadGenerator } from './load-generator.js';

const KILLS = process.env.SOAK ? 200 : 3;

let hub: HubProcess;
let admin: HubClient;
let monitors: { id: string; key: string }[];
let changes: LiveSubscription<{ id: string; health: string }>;
let load: LoadGenerator;

beforeAll(async () => {
  hub = await HubProcess.start({ env: { ...ADMIN_ENV, ...FAST_SENDERS_ENV, TEST_UPKEEP_MS: '100' } });
  admin = await signIn(hub);
  monitors = [
    await admin.createMonitor({ intervalSeconds: 1 }),
    await admin.createMonitor({ intervalSeconds: 1 }),
  ];
  changes = admin.subscribe('subscription { monitorStatusChanged { id health } }');
}, 90_000);
afterAll(async () => {
  await changes.close();
  await hub.clean();
}, 60_000);
beforeEach(() => {
  load = new LoadGenerator(hub, monitors, { late: 1 });
  load.start();
});
afterEach(() => load.abandon());

const waitForAcknowledgements = async (count: number): Promise<void> => {
  const before = load.acknowledgedCount;
  await waitFor(() => load.acknowledgedCount >= before + count, { deadlineMs: 60_000 });
};

async function expectLedgerKept(): Promise<void> {
  await load.finish();
  expect(load.surprises).toEqual([]);
  const { lost, changed, twice } = await load.compare();
  expect({ lost, changed, twice }).toEqual({ lost: 0, changed: 0, twice: 0 });
  expect(await load.resendAll()).toEqual({ accepted: 0, duplicates: load.acknowledgedCount, rejected: 0 });
}

/** Kills it, and resolves when the senders have noticed. */
async function killPostgres(): Promise<void> {
  const refused = load.statuses.get(503) ?? 0;
  process.kill((await hub.findPostgresPid())!, 'SIGKILL');
  await waitFor(() => (load.statuses.get(503) ?? 0) > refused, { everyMs: 5 });
}

async function expectHealthy(): Promise<void> {
  await waitFor(async () => (await callHub(hub, 'GET', '/readyz')).status === 200);
  expect(hub.isRunning).toBe(true);
  expect(changes.closeCode).toBeUndefined();
  for (const { id } of monitors) {
    expect((await admin.call('GET', `/api/monitoring/${id}/status`)).body.health).not.toBe('down');
  }
  expect(changes.events.filter(({ health }) => health === 'DOWN')).toEqual([]);
}

describe('under load, a Postgres', () => {
  it(
    'that is killed comes back: 503 meanwhile, no acknowledgement without a commit, nobody down',
    async () => {
      for (let round = 0; round < KILLS; round++) {
        await waitForAcknowledgements(50);
        const postgres = await hub.findPostgresPid();
        await killPostgres();
        await waitForAcknowledgements(50);
        expect(await hub.findPostgresPid()).not.toBe(postgres);
      }
      expect(load.statuses.get(0)).toBeUndefined();
      await expectLedgerKept();
      await expectHealthy();
    },
    60_000 + KILLS * 20_000,
  );

  it('that is gone takes nothing down with it: other questions are refused, and answered again later', async () => {
    await waitForAcknowledgements(10);
    await killPostgres();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => admin.call('GET', '/api/monitoring/')),
    );
    for (const { status, headers, text } of answers.filter((answer) => answer.status !== 200)) {
      expect(status).toBe(503);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(text).not.toMatch(/postgres|ECONN|\bat \S+ \(/i);
    }
    expect((await callHub(hub, 'GET', '/livez')).status).toBe(200);
    await waitForAcknowledgements(10);
    await waitFor(async () => (await admin.call('GET', '/api/monitoring/')).status === 200);
    await expectLedgerKept();
    await expectHealthy();
  }, 120_000);

  it('that stays away for a while costs live subscribers nothing that happened meanwhile', async () => {
    const quiet = await admin.createMonitor({ intervalSeconds: 1 });
    await postReport(hub, quiet.key, {});
    await changes.waitForEvent(({ id, health }) => id === quiet.id && health === 'UP');
    const until = Date.now() + 4_000;
    while (Date.now() < until) {
      const postgres = await hub.findPostgresPid();
      if (postgres) process.kill(postgres, 'SIGKILL');
      await sleep(20);
    }
    await changes.waitForEvent(({ id, health }) => id === quiet.id && health === 'LATE', 60_000);
    await expectLedgerKept();
    await expectHealthy();
  }, 120_000);

  it('that cuts every connection again and again stops nothing for good', async () => {
    for (let round = 0; round < 10; round++) {
      await waitForAcknowledgements(5);
      await hub.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()',
      );
    }
    await waitForAcknowledgements(50);
    await expectLedgerKept();
    await expectHealthy();
  }, 120_000);

  it('that is told to stop at once, and restarts, does no harm either', async () => {
    await waitForAcknowledgements(20);
    process.kill((await hub.findPostgresPid())!, 'SIGQUIT');
    await waitForAcknowledgements(50);
    await expectLedgerKept();
    await expectHealthy();
  }, 120_000);
});
