import { rmSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { callHub, type HubClient, postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, canMountVolumes, FAST_SENDERS_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { LoadGenerator } from './load-generator.js';

const MIB = 1024 * 1024;
const FILLS = process.env.SOAK ? 20 : 2;
const STATUS = '{ hubStatus { storage { isFull freeBytes floorBytes } } }';

(canMountVolumes() ? describe : describe.skip)(
  'a disk that fills up (needs the right to mount a small one)',
  () => {
    let hub: HubProcess;
    let admin: HubClient;
    /** Asked with empty reports. */
    let probe: { id: string; key: string };
    let load: LoadGenerator;

    beforeAll(async () => {
      hub = await HubProcess.start({ env: { ...ADMIN_ENV, ...FAST_SENDERS_ENV }, volumeMib: 320 });
      admin = await signIn(hub);
      const monitors = [await admin.createMonitor(), await admin.createMonitor()];
      probe = await admin.createMonitor();
      load = new LoadGenerator(hub, monitors);
      load.start();
    }, 90_000);
    afterAll(async () => {
      await load.abandon();
      await hub.clean();
    }, 60_000);

    afterEach(() => rmSync(ballast(), { force: true }));

    const ballast = (): string => path.join(hub.dataDir, 'ballast');

    /** Fills the volume until so much is free. */
    async function fill(freeMib: number): Promise<void> {
      const { bavail, bsize } = await statfs(hub.dataDir);
      const bytes = Math.max(0, bavail * bsize - freeMib * MIB);
      try {
        writeFileSync(ballast(), Buffer.alloc(bytes));
      } catch (error) {
        // The hub writes too: then the last bytes are its own, and the volume is full all the same.
        if ((error as { code?: string }).code !== 'ENOSPC') throw error;
      }
    }

    const waitForRefusal = (): Promise<unknown> =>
      waitFor(async () => (await postReport(hub, probe.key, {})).body.code === 'storage_full');

    async function waitForAcknowledgements(count: number): Promise<void> {
      const before = load.acknowledgedCount;
      await waitFor(() => load.acknowledgedCount >= before + count, { deadlineMs: 60_000 });
    }

    const readStorage = async () => (await admin.ask(STATUS)).hubStatus.storage;

    it('refuses reports before Postgres would fail; all else goes on, and reports by themselves when there is room', async () => {
      await waitForAcknowledgements(50);
      expect((await readStorage()).isFull).toBe(false);
      await fill(70);
      await waitForRefusal();
      const refusal = await postReport(hub, probe.key, {});
      expect(refusal.status).toBe(503);
      expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0);

      const { isFull, freeBytes, floorBytes } = await readStorage();
      expect(isFull).toBe(true);
      expect(freeBytes).toBeLessThan(floorBytes);
      const changes = admin.subscribe<{ id: string }>('subscription { monitorStatusChanged { id } }');
      const again = await signIn(hub);
      const { id } = await again.createMonitor({ name: 'made while the disk was full' });
      await changes.waitForEvent((changed) => changed.id === id);
      await changes.close();
      expect((await again.ask('{ latest { at } }')).latest[0].at).not.toBeNull();
      expect((await callHub(hub, 'GET', '/readyz')).status).toBe(200);
      expect(hub.output.match(/nearly full, /g)).toHaveLength(1);

      rmSync(ballast());
      await waitForAcknowledgements(50);
      expect((await readStorage()).isFull).toBe(false);
      expect(hub.output).toMatch(/there is room for reports again/);
    }, 120_000);

    it(
      'and meets Postgres all the same costs nothing that was acknowledged, and needs nobody',
      async () => {
        for (let round = 0; round < FILLS; round++) {
          await waitForAcknowledgements(20);
          await sleep(Math.random() * 500);
          const postgres = await hub.findPostgresPid();
          await fill(0);
          // Log (WAL) alone, more than the room that Postgres has set aside for it: it panics.
          const writeLog = `select pg_logical_emit_message(false, 'test', repeat('x', 1000000)) from generate_series(1, 200)`;
          await expect(hub.query(writeLog)).rejects.toThrow();
          await waitFor(async () => (await hub.findPostgresPid()) !== postgres);
          await waitForRefusal();
          rmSync(ballast());
          await waitForAcknowledgements(20);
          expect(await hub.findPostgresPid()).not.toBe(postgres);
        }
        await load.finish();
        expect(hub.isRunning).toBe(true);
        expect(load.surprises).toEqual([]);
        const { lost, changed, twice } = await load.compare();
        expect({ lost, changed, twice }).toEqual({ lost: 0, changed: 0, twice: 0 });
        expect(await load.resendAll()).toEqual({
          accepted: 0,
          duplicates: load.acknowledgedCount,
          rejected: 0,
        });
      },
      60_000 + FILLS * 60_000,
    );
  },
);
