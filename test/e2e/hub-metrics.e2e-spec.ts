import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../browser/free-port.js';
import { startBadServer } from '../support/bad-server.js';
import { callHub, type HubClient, postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';

const TOKEN = 'a-token-of-thirty-characters-x';
const DOCUMENT = fileURLToPath(new URL('../../docs/metrics.md', import.meta.url));

let hub: HubProcess;
let admin: HubClient;
let metricsPort: number;

beforeAll(async () => {
  metricsPort = await findFreePort();
  const doors = { WATCHKEEPER_METRICS_PORT: String(metricsPort), WATCHKEEPER_METRICS_TOKEN: TOKEN };
  hub = await HubProcess.start({
    env: { ...ADMIN_ENV, ...doors, WATCHKEEPER_OUTBOUND_ALLOW_CIDRS: '127.0.0.0/8' },
  });
  admin = await signIn(hub);
}, 90_000);
afterAll(() => hub.clean(), 60_000);

const read = async (): Promise<string> => {
  const answer = await callHub(hub, 'GET', '/metrics', { headers: { authorization: `Bearer ${TOKEN}` } });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  return answer.text;
};

/** The value of one series, spelled as it stands in the text. */
const find = (text: string, series: string): number => {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  if (line === undefined) throw new Error(`no ${series} in:\n${text}`);
  return Number(line.slice(series.length + 1));
};

describe('the hub’s own metrics', () => {
  it('count what became of reports', async () => {
    const { id, key } = await admin.createMonitor();
    const before = await read();
    const at = Date.now() - 2 * 3_600_000;
    await postReport(hub, key, {
      reports: [
        { at, cpu: { usagePercent: 1, load1: 2 } },
        { at, cpu: { usagePercent: 1 } },
        { at: 5, cpu: {} },
        { cpu: { usagePercent: -1 } },
      ],
    });
    await postReport(hub, key, { cpu: { usagePercent: '1' } });
    await postReport(hub, `wk_${'0'.repeat(49)}`, {});
    await callHub(hub, 'POST', '/api/monitoring/data', {
      body: [],
      headers: { 'x-api-key': key, 'content-type': 'text/plain' },
    });
    await admin.call('POST', `/api/monitoring/${id}/stop`);
    await postReport(hub, key, {});
    await waitFor(async () => find(await read(), 'watchkeeper_conflicting_reports_total') === 1, {
      what: 'a conflict',
    });
    // The database is asked once in two seconds.
    await waitFor(async () => find(await read(), 'watchkeeper_late_reports') === 1, {
      what: 'a late report',
    });
    const after = await read();
    const grown = (series: string): number =>
      find(after, series) - (before.includes(`${series} `) ? find(before, series) : 0);
    // The local monitor of this machine reports beside.
    expect(grown('watchkeeper_reports_total{outcome="accepted"}')).toBeGreaterThanOrEqual(1);
    expect(grown('watchkeeper_reports_total{outcome="duplicate"}')).toBe(1);
    expect(grown('watchkeeper_reports_rejected_total{code="timestamp_out_of_range"}')).toBe(1);
    expect(grown('watchkeeper_reports_rejected_total{code="out_of_range"}')).toBe(1);
    expect(grown('watchkeeper_reports_rejected_total{code="wrong_type"}')).toBe(1);
    expect(grown('watchkeeper_samples_total')).toBeGreaterThanOrEqual(2);
    for (const code of ['unauthenticated', 'unsupported_media_type', 'monitor_stopped'])
      expect([code, grown(`watchkeeper_ingestion_refusals_total{code="${code}"}`)]).toEqual([code, 1]);
    expect(grown('watchkeeper_ingestion_duration_seconds_count')).toBe(2);
    expect(grown('watchkeeper_commit_reports_sum')).toBeGreaterThanOrEqual(2);
    expect(find(after, 'watchkeeper_monitors{health="paused"}')).toBe(1);
    expect(find(after, 'watchkeeper_postgres_up')).toBe(1);
    expect(find(after, 'watchkeeper_storage_free_bytes')).toBeGreaterThan(1e8);
  });

  it('count live connections, and requests by the template of their route', async () => {
    const { id } = await admin.createMonitor({ name: 'a monitor’s own name' });
    const watching = admin.subscribe(
      'subscription ($ids: [ID!]!) { reportsReceived(monitorIds: $ids) { reports { at } } }',
      { ids: [id] },
    );
    await waitFor(async () => find(await read(), 'watchkeeper_live_subscribers') === 1, {
      what: 'a subscriber',
    });
    await admin.call('GET', `/api/monitoring/${id}`);
    const text = await read();
    expect(find(text, 'watchkeeper_websockets')).toBe(1);
    const route = '{method="GET",route="/api/monitoring/:id",status="2xx"}';
    expect(find(text, `watchkeeper_http_request_duration_seconds_count${route}`)).toBe(1);
    for (const secret of [id, 'own name', 'admin@example.com']) expect(text).not.toContain(secret);
    await watching.close();
    await waitFor(async () => find(await read(), 'watchkeeper_live_subscribers') === 0, { what: 'nobody' });
  });

  it('say how it goes with what is sent on, and name no server', async () => {
    const server = await startBadServer('down');
    const { id, key } = await admin.createMonitor({ endpointUrl: `${server.url}/a-secret-path` });
    await postReport(hub, key, { cpu: { usagePercent: 1 } });
    const silent = 'watchkeeper_forwarding_servers{state="silent"}';
    await waitFor(async () => find(await read(), silent) === 1, { what: 'a silent server' });
    const waiting = await read();
    expect(find(waiting, 'watchkeeper_forwarding_monitors{state="retrying"}')).toBe(1);
    expect(find(waiting, 'watchkeeper_forwarding_queued_reports')).toBe(1);
    expect(find(waiting, 'watchkeeper_forwarding_queued_bytes')).toBeGreaterThan(0);
    expect(find(waiting, 'watchkeeper_forwarding_lag_seconds')).toBeGreaterThan(0);
    expect(find(waiting, 'watchkeeper_forwarding_requests_total{outcome="retry"}')).toBeGreaterThan(0);
    for (const secret of [server.url.slice('http://'.length), 'a-secret-path', id])
      expect(waiting).not.toContain(secret);
    server.become('well');
    await admin.ask('mutation ($id: ID!) { retryForwarding(id: $id) { userErrors { code } } }', { id });
    await waitFor(async () => find(await read(), 'watchkeeper_forwarding_queued_reports') === 0, {
      what: 'nothing waits',
    });
    const after = await read();
    expect(find(after, silent)).toBe(0);
    expect(find(after, 'watchkeeper_forwarding_monitors{state="idle"}')).toBe(1);
    expect(find(after, 'watchkeeper_forwarding_sent_reports_total')).toBe(1);
    expect(find(after, 'watchkeeper_forwarding_requests_total{outcome="taken"}')).toBe(1);
    server.close();
  });

  it('grow no series for addresses and methods that somebody makes up (S23)', async () => {
    const countSeries = async (): Promise<number> =>
      (await read()).split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
    const makeUp = async (round: string): Promise<void> => {
      for (let count = 0; count < 100; count++) {
        for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND']) {
          await (await fetch(`${hub.url}/api/${round}/${count}`, { method })).arrayBuffer();
        }
      }
    };
    await makeUp('first');
    const before = await countSeries();
    await makeUp('second');
    expect(await countSeries()).toBe(before);
  });

  it('are all described, and nothing is described that is not there', async () => {
    const names = Array.from(
      (await read()).matchAll(/^# TYPE (\S+) (\S+)$/gm),
      ([, name, kind]) => `${name} ${kind}`,
    );
    const rows = readFileSync(DOCUMENT, 'utf8').matchAll(
      /^\| `([a-z0-9_]+)` +\| (counter|gauge|histogram) /gm,
    );
    expect(names.toSorted()).toEqual(Array.from(rows, ([, name, kind]) => `${name} ${kind}`).toSorted());
  });

  const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
  (hasPromtool ? it : it.skip)('are as Prometheus wants them (needs promtool)', async () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await read(),
      encoding: 'utf8',
    });
    expect([stdout + stderr, status]).toEqual(['', 0]);
  });

  it('are behind their token, on both ports, and nothing else is on the second', async () => {
    const ask = (
      port: number,
      path: string,
      headers: Record<string, string> = {},
      method = 'GET',
    ): Promise<number> =>
      new Promise((resolve, reject) => {
        request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode!);
        })
          .on('error', reject)
          .end();
      });
    const good = { authorization: `Bearer ${TOKEN}` };
    for (const port of [hub.port, metricsPort]) {
      expect(await ask(port, '/metrics', good)).toBe(200);
      for (const authorization of ['', 'Bearer ', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, `Bearer ${TOKEN} x`])
        expect([authorization, await ask(port, '/metrics', { authorization })]).toEqual([authorization, 401]);
      expect(await ask(port, '/metrics', { ...good, host: 'evil.example' })).toBe(421);
    }
    expect(await ask(hub.port, '/metrics', { cookie: admin.cookie })).toBe(401);
    expect(await ask(metricsPort, '/')).toBe(404);
    expect(await ask(metricsPort, '/api/monitoring/', good)).toBe(404);
    expect(await ask(metricsPort, '/metrics', good, 'POST')).toBe(404);
    expect(hub.output).not.toContain(TOKEN);
  });
});
