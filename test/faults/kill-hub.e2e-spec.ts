import { setTimeout as sleep } from 'node:timers/promises';
import { type HubClient, type Json, postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, FAST_SENDERS_ENV, HubProcess, isProcessGone } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { LoadGenerator } from './load-generator.js';

const HUB_KILLS = process.env.SOAK ? 200 : 4;
const KILLS_OF_BOTH = process.env.SOAK ? 100 : 2;

let hub: HubProcess;
let admin: HubClient;
let load: LoadGenerator | undefined;

beforeAll(async () => {
  hub = await HubProcess.start({ env: { ...ADMIN_ENV, ...FAST_SENDERS_ENV, TEST_UPKEEP_MS: '100' } });
  admin = await signIn(hub);
}, 90_000);
afterEach(() => load?.abandon());
afterAll(() => hub.clean(), 60_000);

async function startLoad(): Promise<LoadGenerator> {
  load = new LoadGenerator(hub, [await admin.createMonitor(), await admin.createMonitor()], { late: 1 });
  load.start();
  return load;
}

/** Some moment of the load, after at least one more acknowledgement. */
async function waitForLoad(load: LoadGenerator): Promise<void> {
  const before = load.acknowledgedCount;
  await waitFor(() => load.acknowledgedCount > before, { everyMs: 1 });
  await sleep(Math.random() * 400);
}

async function expectLedgerKept(load: LoadGenerator): Promise<void> {
  await load.finish();
  expect(load.surprises).toEqual([]);
  expect(load.acknowledgedCount).toBeGreaterThan(100);
  expect(await load.compare()).toEqual({ lost: 0, changed: 0, unknown: 0, twice: 0 });
  expect(await load.resendAll()).toEqual({ accepted: 0, duplicates: load.acknowledgedCount, rejected: 0 });
  expect((await load.compare()).twice).toBe(0);
  const [sealed] = await hub.query<{ count: number }>(
    'select count(*)::int as count from block where tier = 0',
  );
  expect(sealed!.count).toBeGreaterThan(0);
}

describe('kill -9 under load, with late reports and sealing going on', () => {
  it(
    'of the hub: nothing acknowledged is lost, nothing is there twice',
    async () => {
      const load = await startLoad();
      for (let round = 0; round < HUB_KILLS; round++) {
        await waitForLoad(load);
        await hub.kill9();
        await hub.restart();
        expect(hub.stderr).toBe('');
      }
      await expectLedgerKept(load);
    },
    60_000 + HUB_KILLS * 20_000,
  );

  it(
    'of the hub and its Postgres at once: the same',
    async () => {
      const load = await startLoad();
      for (let round = 0; round < KILLS_OF_BOTH; round++) {
        await waitForLoad(load);
        const postgres = (await hub.findPostgresPid())!;
        hub.signal('SIGKILL');
        process.kill(postgres, 'SIGKILL');
        await hub.exited;
        await hub.restart();
        expect(isProcessGone(postgres)).toBe(true);
      }
      await expectLedgerKept(load);
    },
    60_000 + KILLS_OF_BOTH * 20_000,
  );

  it('leaves nothing behind that the next clean stop does not end', async () => {
    const postgres = (await hub.findPostgresPid())!;
    expect(await hub.stop()).toBe(0);
    expect(isProcessGone(postgres)).toBe(true);
    await hub.restart();
  }, 60_000);
});

describe('a hub that was away', () => {
  it('calls nobody down for its own absence, and down who was down before', async () => {
    const patient = await admin.createMonitor({ intervalSeconds: 10 });
    const gone = await admin.createMonitor({ intervalSeconds: 10 });
    for (const { key } of [patient, gone]) await postReport(hub, key, {});
    // When they were heard of is written behind their reports.
    await waitFor(async () => {
      const ids = [patient.id, gone.id];
      return (await hub.query('select from monitor_latest where monitor_id = any($1)', [ids])).length === 2;
    });
    await hub.kill9();
    const now = Date.now();
    // It went an hour ago; one of the two had been silent for ten minutes by then.
    await hub.query('update hub_heartbeat set at = $1', [now - 3_600_000]);
    await hub.query('update monitor_latest set received_at = $2 where monitor_id = $1', [
      patient.id,
      now - 3_601_000,
    ]);
    await hub.query('update monitor_latest set received_at = $2 where monitor_id = $1', [
      gone.id,
      now - 4_200_000,
    ]);
    await hub.restart();
    const readHealth = async (id: string): Promise<string> =>
      (await admin.call('GET', `/api/monitoring/${id}/status`)).body.health;
    expect(await readHealth(patient.id)).toMatch(/^(up|late)$/);
    expect(await readHealth(gone.id)).toBe('down');
    await postReport(hub, gone.key, {});
    expect(await readHealth(gone.id)).toBe('up');
  }, 60_000);
});

describe('kill -9 right after a report that says what its sender says but once', () => {
  it('loses nothing of it, before the answer and after it', async () => {
    const { id, key } = await admin.createMonitor();
    const readInventory = async (): Promise<Json> =>
      (await hub.query('select inventory from monitor where id = $1', [id]))[0]!['inventory'];
    const at = Date.now();
    const first = { at, host: { hostname: 'web-01' }, agent: { clockOffsetMs: 0 } };
    expect((await postReport(hub, key, first)).body.accepted).toBe(1);
    await hub.kill9();
    await hub.restart({ TEST_KILL_AT: 'commit.done' });
    expect(await readInventory()).toMatchObject({
      host: { hostname: 'web-01' },
      agent: { clockOffsetMs: 0 },
    });

    const second = { at: at + 1, host: { hostname: 'web-02' } };
    await expect(postReport(hub, key, second)).rejects.toThrow();
    await hub.exited;
    await hub.restart();
    expect((await postReport(hub, key, second)).body).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await readInventory()).toMatchObject({
      host: { hostname: 'web-02' },
      agent: { clockOffsetMs: 0 },
    });
  }, 90_000);
});
