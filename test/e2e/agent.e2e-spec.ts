import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { signIn, type HubClient } from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';

interface Batch {
  reports: { at: string; previousAt: string | null; metrics: string[] }[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'agent-e2e-'));
const bundle = join(folder, 'agent.cjs');
const running = new Set<ChildProcess>();
let hub: HubProcess;
let user: HubClient;

beforeAll(async () => {
  execFileSync(process.execPath, [join(root, 'scripts/build-agent.mjs'), folder]);
  hub = await HubProcess.start({ env: ADMIN_ENV });
  user = await signIn(hub);
}, 90_000);
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await hub.clean();
  rmSync(folder, { recursive: true, force: true });
});

function startAgent(name: string, key: string): ChildProcess {
  const keyFile = join(folder, `${name}.key`);
  writeFileSync(keyFile, key, { mode: 0o600 });
  const args = ['--url', hub.url, '--key-file', keyFile, '--spool', join(folder, name)];
  const child = spawn(process.execPath, [bundle, ...args], { stdio: 'ignore' });
  running.add(child);
  return child;
}

async function countStored(id: string): Promise<number> {
  const [row] = await hub.query<{ count: number }>(
    'select count(*)::int as count from report where monitor_id = $1',
    [id],
  );
  return row!.count;
}

describe('the agent and the hub', () => {
  it('report each second while somebody looks at this one machine, and store what they always do', async () => {
    const { id, key } = await user.createMonitor({ intervalSeconds: 60, resources: ['cpu', 'network'] });
    const live = user.subscribe<Batch>(
      'subscription ($id: ID!) { reportsReceived(monitorIds: [$id]) { reports { at previousAt metrics } } }',
      { id },
    );
    await pass(300);
    startAgent('live', key);
    await live.waitForEvent(() => live.events.length >= 4);
    const instants = live.events.flatMap(({ reports }) => reports.map(({ at }) => Date.parse(at)));
    expect(Math.max(...instants) - Math.min(...instants)).toBeLessThan(30_000);
    expect(live.events.at(-1)!.reports[0]!.metrics).toContain('cpu.usagePercent');
    expect(live.errors).toEqual([]);
    expect(await countStored(id)).toBeLessThanOrEqual(2);
    await live.close();
  }, 60_000);

  it('know a shutdown that was meant from a failure', async () => {
    const { id, key } = await user.createMonitor({ intervalSeconds: 1 });
    const health = user.subscribe<{ id: string; health: string; lastGoodbyeAt: string | null }>(
      'subscription ($id: ID!) { monitorStatusChanged(monitorIds: [$id]) { id health lastGoodbyeAt } }',
      { id },
    );
    const agent = startAgent('goodbye', key);
    await health.waitForEvent((monitor) => monitor.health === 'UP');
    agent.kill('SIGTERM');
    expect(await once(agent, 'exit')).toEqual([0, null]);
    const { lastGoodbyeAt } = await health.waitForEvent((monitor) => monitor.health === 'OFF');
    expect(Date.now() - Date.parse(lastGoodbyeAt!)).toBeLessThan(60_000);
    expect((await user.call('GET', `/api/monitoring/${id}/status`)).body).toMatchObject({ health: 'off' });
    expect(health.events.some((monitor) => monitor.health === 'LATE')).toBe(false);

    startAgent('goodbye', key);
    await health.waitForEvent(() => health.events.at(-1)!.health === 'UP');
    const { monitor } = await user.ask(
      'query ($id: ID!) { monitor(id: $id) { host { agentVersion } agent { clockOffsetMs droppedReports } } }',
      { id },
    );
    expect(monitor.agent).toEqual({ clockOffsetMs: 0, droppedReports: null });
    await health.close();
  }, 60_000);
});
