import { readdirSync, readFileSync } from 'node:fs';
import { type HubClient, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, FAST_SENDERS_ENV, HubProcess } from '../support/hub-process.js';
import { countAbandoned, countConnections } from '../support/flood/count-connections.js';
import {
  attemptUpgrade,
  type FloodTarget,
  UPGRADE_KINDS,
  type UpgradeKind,
} from '../support/flood/hostile-upgrades.js';
import { SLOW_KINDS, SlowConnections } from '../support/flood/slow-connections.js';
import { waitFor } from '../support/wait-for.js';
import { LoadGenerator } from './load-generator.js';

/** Of so many upgrades of each kind at once. */
const ROUNDS = process.env.SOAK ? 20 : 1;
const EACH = 62;
const SLOW = process.env.SOAK ? 2_000 : 200;
/** Upgrades that wait for the database, at once. */
const MAX_UPGRADES_IN_FLIGHT = 100;

let hub: HubProcess;
let admin: HubClient;
let load: LoadGenerator;
let target: FloodTarget;
let slow: SlowConnections | undefined;

beforeAll(async () => {
  const env = { ...ADMIN_ENV, ...FAST_SENDERS_ENV, WATCHKEEPER_TRUSTED_PROXIES: '127.0.0.1' };
  hub = await HubProcess.start({ env });
  admin = await signIn(hub);
  const monitors = [await admin.createMonitor(), await admin.createMonitor()];
  load = new LoadGenerator(hub, monitors);
  target = {
    port: hub.port,
    goodKeys: monitors.map(({ key }) => key),
    isBehindProxy: true,
  };
}, 90_000);
afterAll(async () => {
  slow?.stop();
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

const countEndings = (endings: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const ending of endings) counts[ending] = (counts[ending] ?? 0) + 1;
  return counts;
};

describe('a flood of hostile upgrades and slow connections', () => {
  it(
    'costs no report: each is acknowledged and stored once, and no connection stays',
    async () => {
      load.start();
      await waitFor(() => load.acknowledgedCount > 20);
      const connections = new SlowConnections(target, { count: SLOW, everyMs: 1_000 });
      slow = connections;
      connections.start();
      await waitFor(() => connections.openCount === SLOW);
      const each = EACH * ROUNDS;
      const endings: Record<string, Record<string, number>> = {};
      const attempt = async (kind: UpgradeKind): Promise<void> => {
        const first = UPGRADE_KINDS.indexOf(kind) * each;
        const seen: string[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          const attempts = Array.from({ length: EACH }, (_, at) =>
            attemptUpgrade(target, kind, first + round * EACH + at),
          );
          seen.push(...(await Promise.all(attempts)));
        }
        endings[kind] = countEndings(seen);
      };
      const attemptInTurn = async (kinds: readonly UpgradeKind[]): Promise<void> => {
        for (const kind of kinds) await attempt(kind);
      };
      const programs: readonly UpgradeKind[] = ['no session', 'wrong subprotocol', 'garbage frames'];
      await Promise.all([
        attemptInTurn(programs),
        attemptInTurn(UPGRADE_KINDS.filter((kind) => !programs.includes(kind))),
      ]);
      const acknowledged = load.acknowledgedCount;
      await waitFor(() => load.acknowledgedCount > acknowledged + 20);
      // A key is judged before the body: nobody waits for the rest of it to say no. Good ones wait on.
      const badKeys = SLOW / SLOW_KINDS.length;
      await waitFor(() => (connections.endings.get('body with a bad key: 401') ?? 0) >= badKeys);
      const endedAtOnce = [...connections.endings.keys()].filter((ending) => !ending.endsWith(': 408'));
      expect(endedAtOnce).toEqual(['body with a bad key: 401']);
      expect(countConnections(hub.port)).toBeGreaterThan(SLOW / 2);
      connections.stop();
      await waitFor(() => countAbandoned(hub.port) === 0, {
        what: () => `${countAbandoned(hub.port)} connections are left`,
      });
      await load.finish();

      expect(endings).toMatchObject({
        'foreign origin': { 403: each },
        'made-up session': { 401: each },
        'wrong path': { 404: each },
        'oversize headers': { 400: each },
        'half a request': { left: each },
      });
      // Programs that may say who they are get in, fifty at once, and are not kept: none has answered the hub's goodbye.
      for (const [kind, code] of [
        ['no session', '101 4408'],
        ['wrong subprotocol', '101 4406'],
        ['garbage frames', '101 1002'],
      ] as const) {
        const { [code]: open = 0, 503: busy = 0, ...others } = endings[kind]!;
        expect({ kind, sum: open + busy, others }).toEqual({ kind, sum: each, others: {} });
        expect(open).toBeGreaterThan(0);
      }
      expect(load.surprises).toEqual([]);
      expect([...load.statuses.keys()]).toEqual([200]);
      expect(await load.compare()).toMatchObject({ lost: 0, changed: 0, twice: 0, unknown: 0 });
    },
    60_000 * ROUNDS,
  );

  it('of upgrades that wait for the database: a hundred wait, the next one is told to come again', async () => {
    await signalPostgres('SIGSTOP');
    const attempts = Array.from({ length: MAX_UPGRADES_IN_FLIGHT }, (_, index) =>
      attemptUpgrade(target, 'made-up session', index),
    );
    let ended = 0;
    for (const attempt of attempts) void attempt.then(() => ended++);
    const next = await waitFor(async () => {
      const ending = await Promise.race([
        attemptUpgrade(target, 'foreign origin', 0),
        new Promise<string>((resolve) => setTimeout(() => resolve('waits'), 1_000)),
      ]);
      return ending === '503' && ending;
    });
    expect({ next, ended }).toEqual({ next: '503', ended: 0 });
    await signalPostgres('SIGCONT');
    expect(countEndings(await Promise.all(attempts))).toEqual({ 401: MAX_UPGRADES_IN_FLIGHT });
    expect(await attemptUpgrade(target, 'foreign origin', 0)).toBe('403');
  }, 30_000);
});
