import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, callHub, type HubClient, postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, FAST_SENDERS_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { LoadGenerator } from './load-generator.js';

const BATCH = 400;
/** More than the hub keeps waiting (20,000 reports), by far. */
const FLOOD_REQUESTS = 150;
const FLOODS = process.env.SOAK ? 20 : 2;

let hub: HubProcess;
let admin: HubClient;
let load: LoadGenerator;

beforeAll(async () => {
  hub = await HubProcess.start({ env: { ...ADMIN_ENV, ...FAST_SENDERS_ENV } });
  admin = await signIn(hub);
  load = new LoadGenerator(hub, [await admin.createMonitor()]);
}, 90_000);
afterAll(async () => {
  await signalPostgres('SIGCONT');
  await load.abandon();
  await hub.clean();
}, 60_000);

/** To Postgres and all of its processes. */
async function signalPostgres(signal: NodeJS.Signals): Promise<void> {
  const postmaster = await hub.findPostgresPid();
  if (!postmaster) return;
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const isOurs = readFileSync(`/proc/${name}/status`, 'utf8').includes(`\nPPid:\t${postmaster}\n`);
      if (isOurs || Number(name) === postmaster) process.kill(Number(name), signal);
    } catch {
      // Gone in between.
    }
  }
}

const makeBatch = (startAt: number) => ({
  reports: Array.from({ length: BATCH }, (_, index) => ({
    at: startAt + index,
    cpu: { usagePercent: index % 100, load1: 1, load5: 2, load15: 3 },
    memory: { totalBytes: 8e9, availableBytes: 4e9, usedBytes: 4e9, usagePercent: 50 },
  })),
});

it(
  'more than the database takes is refused at once, in bounded memory; nothing acknowledged is lost, and all is well afterwards',
  async () => {
    const { key } = await admin.createMonitor();
    const startAt = Date.now() - 10 * 60_000;
    load.start();
    // Its shape is known, and so its memory: what comes now is the flood alone.
    for (let index = 0; index < 50; index++)
      await postReport(hub, key, makeBatch(startAt - (index + 1) * BATCH));
    const before = hub.readRssMib();

    for (let flood = 0; flood < FLOODS; flood++) {
      await signalPostgres('SIGSTOP');
      let refused = 0;
      const answers = Array.from({ length: FLOOD_REQUESTS }, async (_, index): Promise<Answer> => {
        const answer = await postReport(
          hub,
          key,
          makeBatch(startAt + (flood * FLOOD_REQUESTS + index) * BATCH),
        );
        if (answer.status === 503) refused++;
        return answer;
      });
      // Postgres stands still: who is answered now is answered without it.
      await waitFor(() => refused > FLOOD_REQUESTS / 4);
      expect((await callHub(hub, 'GET', '/livez')).status).toBe(200);
      await sleep(500);
      const grown = hub.readRssMib() - before;
      expect(grown).toBeLessThan(300);
      await signalPostgres('SIGCONT');
      const codes = new Set<string>();
      for (const { status, headers, body } of await Promise.all(answers)) {
        if (status === 200) {
          expect(body.accepted + body.duplicates).toBe(BATCH);
          continue;
        }
        codes.add(body.code);
        expect([status, Number(headers.get('retry-after')) > 0]).toEqual([503, true]);
      }
      expect(codes).toContain('overloaded');
      expect([...codes].filter((code) => !['overloaded', 'storage_unavailable'].includes(code))).toEqual([]);
      const acknowledged = load.acknowledgedCount;
      await waitFor(() => load.acknowledgedCount > acknowledged + 20);
      expect((await postReport(hub, key, makeBatch(startAt))).status).toBe(200);
    }
    await load.finish();
    expect(load.surprises).toEqual([]);
    const { lost, changed, twice } = await load.compare();
    expect({ lost, changed, twice }).toEqual({ lost: 0, changed: 0, twice: 0 });
  },
  60_000 + FLOODS * 60_000,
);
