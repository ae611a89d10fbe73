import { RESOURCES } from '../../src/core/model/metric-catalog.js';
import { gzipSync } from 'node:zlib';
import {
  type Answer,
  callHub,
  type HubClient,
  type Json,
  postReport,
  signIn,
} from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import * as stored from '../support/stored-reports.js';
import { waitFor } from '../support/wait-for.js';

const HOUR_MS = 3_600_000;

let hub: HubProcess;
let admin: HubClient;
let id: string;
let key: string;

beforeAll(async () => {
  hub = await HubProcess.start({ env: ADMIN_ENV });
  admin = await signIn(hub);
}, 90_000);
afterAll(() => hub.clean(), 60_000);
beforeEach(async () => {
  ({ id, key } = await admin.createMonitor());
});

const post = (body: unknown): Promise<Answer> => postReport(hub, key, body);

const readLatest = (): Promise<Record<string, Json>> => stored.readLatest(admin, id);
const countStored = (): Promise<number> => stored.countStored(hub, id);

describe('one report', () => {
  it('as small as it can be', async () => {
    const before = Date.now();
    const { status, headers, body } = await post({ cpu: { usagePercent: 12.5 } });
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect(body).toEqual({
      accepted: 1,
      duplicates: 0,
      rejected: [],
      ignored: [],
      now: expect.any(Number),
      config: {
        intervalSeconds: 10,
        resources: [...RESOURCES],
        state: 'running',
        version: 1,
      },
    });
    expect(body.now).toBeGreaterThanOrEqual(before);
    expect(await readLatest()).toEqual({ 'cpu.usagePercent': 12.5 });
    const { lastReportAt } = (await admin.call('GET', `/api/monitoring/${id}/status`)).body;
    expect(Date.parse(lastReportAt)).toBeGreaterThanOrEqual(before);
  });

  it('as large as the contract has it', async () => {
    const report = {
      at: Date.now() - 1_000,
      bootId: '8a1c',
      intervalSeconds: 10,
      host: {
        hostname: 'web-01',
        os: 'Debian 12',
        kernel: '6.1.0',
        arch: 'x64',
        cpuModel: 'Xeon',
        cores: 2,
        agentVersion: '1.0.0',
      },
      cpu: { usagePercent: 12.34, cores: 2, load1: 0.21, stealPercent: 0, perCorePercent: [11.2, 13.1] },
      memory: {
        totalBytes: 8_242_417_664,
        availableBytes: 6_120_071_168,
        swapTotalBytes: 0,
        swapUsedBytes: 0,
      },
      storage: [
        { mount: '/', device: '/dev/vda1', fsType: 'ext4', totalBytes: 100, usedBytes: 40, freeBytes: 55 },
        { mount: '/srv/"a\\b"', usagePercent: 41.2 },
      ],
      network: [{ interface: 'eth0', bytesSent: 5, bytesReceived: '18446744073709551615' }],
      custom: [{ name: 'queue.depth', value: -17, unit: 'jobs', kind: 'gauge', labels: { b: '2', a: '1' } }],
    };
    expect((await post(report)).body).toMatchObject({ accepted: 1, rejected: [], ignored: [] });
    expect(await readLatest()).toEqual({
      'cpu.usagePercent': 12.34,
      'cpu.cores': 2,
      'cpu.load1': 0.21,
      'cpu.stealPercent': 0,
      'cpu.perCorePercent{core="0"}': 11.2,
      'cpu.perCorePercent{core="1"}': 13.1,
      'memory.totalBytes': 8_242_417_664,
      'memory.availableBytes': 6_120_071_168,
      'memory.swapTotalBytes': 0,
      'memory.swapUsedBytes': 0,
      'storage.totalBytes{mount="/"}': 100,
      'storage.usedBytes{mount="/"}': 40,
      'storage.freeBytes{mount="/"}': 55,
      'storage.usagePercent{mount="/srv/\\"a\\\\b\\""}': 41.2,
      // Counters are rates, and a first report has none.
      'network.bytesSent{interface="eth0"}': null,
      'network.bytesReceived{interface="eth0"}': null,
      'queue.depth{a="1",b="2"}': -17,
    });
    const host = await waitFor(
      async () => (await admin.call('GET', `/api/monitoring/${id}`)).body.host ?? undefined,
    );
    expect(host).toEqual(report.host);
  });

  it('with either header, plain or gzipped', async () => {
    const send = (
      headers: Record<string, string>,
      body: string | Uint8Array<ArrayBuffer>,
    ): Promise<Response> => fetch(`${hub.url}/api/monitoring/data`, { method: 'POST', headers, body });
    const json = { 'content-type': 'application/json' };
    const bearer = { authorization: `Bearer ${key}` };
    expect((await send({ ...json, ...bearer }, '{"cpu":{"usagePercent":1}}')).status).toBe(200);
    const gzipped = { ...json, 'x-api-key': key, 'content-encoding': 'gzip' };
    const answer = await send(gzipped, new Uint8Array(gzipSync('{"cpu":{"usagePercent":2}}')));
    expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ accepted: 1 })]);
    expect(await readLatest()).toEqual({ 'cpu.usagePercent': 2 });
    expect((await send({ ...json, authorization: `Basic ${key}` }, '{}')).status).toBe(401);
    expect((await send({ ...json, ...bearer, 'x-api-key': 'wk_wrong' }, '{}')).status).toBe(401);
  });

  it('at an instant of its own, as a number or as text', async () => {
    const at = Math.floor(Date.now() / 1000) * 1000;
    const texts = [
      new Date(at - 5_000).toISOString(),
      `${new Date(at - 4_000).toISOString().slice(0, 19)}Z`,
      `${new Date(at - 3_000 + 2 * HOUR_MS).toISOString().slice(0, 19)}.250+02:00`,
    ];
    for (const text of texts) expect((await post({ at: text })).body.accepted).toBe(1);
    expect((await post({ at: at - 5_000 })).body.duplicates).toBe(1);
    expect((await post({ at: at - 2_750 })).body.duplicates).toBe(1);
    expect((await post({ at: at + 9 * 60_000 })).body.accepted).toBe(1);
    expect((await post({ at: at - 8 * 24 * HOUR_MS + 60_000 })).body.accepted).toBe(1);
    expect(await countStored()).toBe(5);
  });

  it('with parts that this hub does not know: named, and no loss', async () => {
    const { status, body } = await post({
      cpu: { usagePercent: 5, temperatureCelsius: 40 },
      gpu: [{ name: 'a', usagePercent: 3 }],
      host: { hostname: 'x', colour: 'red' },
      network: [{ interface: 'eth0', bytesSent: 1, mtu: 1500 }],
      custom: [{ name: 'a.b', value: 1, extra: {} }],
    });
    expect([status, body.accepted]).toEqual([200, 1]);
    expect([...body.ignored].sort()).toEqual([
      'cpu.temperatureCelsius',
      'custom.extra',
      'gpu',
      'host.colour',
      'network.mtu',
    ]);
    expect(Object.keys(await readLatest())).toEqual([
      'a.b',
      'cpu.usagePercent',
      'network.bytesSent{interface="eth0"}',
    ]);
  });

  it('is answered after its commit', async () => {
    for (let index = 0; index < 20; index++) {
      expect((await post({ at: Date.now() - 60_000 + index })).status).toBe(200);
      // On a connection of its own: what it sees is committed.
      expect(await countStored()).toBe(index + 1);
    }
  });
});

describe('a batch', () => {
  it('counts each report; a bad one costs no other', async () => {
    const at = Date.now();
    const { status, body } = await post({
      reports: [
        { at: at - 3, cpu: { usagePercent: 1 } },
        { at: at - 2, cpu: { usagePercent: -1 } },
        { at: at - 1, memory: { usedBytes: '5' } },
        { at, cpu: { usagePercent: 2 }, extra: 1 },
        { at: at - 3, cpu: { usagePercent: 99 } },
        5,
      ],
    });
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({
        accepted: 2,
        duplicates: 1,
        rejected: [
          { index: 1, code: 'out_of_range', path: '/cpu/usagePercent' },
          { index: 2, code: 'wrong_type', path: '/memory/usedBytes' },
          { index: 5, code: 'wrong_type', path: '' },
        ],
        ignored: ['extra'],
      }),
    ]);
    expect(await countStored()).toBe(2);
    expect(await readLatest()).toEqual({ 'cpu.usagePercent': 2 });
  });

  it('of nothing is a question: what does the hub want', async () => {
    const { status, body } = await post({ reports: [] });
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ accepted: 0, duplicates: 0, rejected: [] }),
    ]);
    expect(await countStored()).toBe(0);
    expect((await admin.call('GET', `/api/monitoring/${id}/status`)).body.health).toBe('pending');
  });

  it('of bad reports only is refused with all the reasons, and shown to the owner', async () => {
    const { status, headers, body } = await post({ reports: [{ cpu: 5 }, { at: 5 }] });
    expect([status, headers.get('content-type')]).toEqual([
      422,
      expect.stringMatching(/^application\/problem/),
    ]);
    expect(body).toMatchObject({
      code: 'nothing_accepted',
      accepted: 0,
      rejected: [
        { index: 0, code: 'wrong_type', path: '/cpu' },
        { index: 1, code: 'timestamp_out_of_range', path: '/at' },
      ],
      config: { state: 'running' },
    });
    await waitFor(async () =>
      (await admin.call('GET', `/api/monitoring/${id}/status`)).body.lastError?.includes('wrong_type'),
    );
    await post({ cpu: { usagePercent: 1 } });
    await waitFor(
      async () => (await admin.call('GET', `/api/monitoring/${id}/status`)).body.lastError === null,
    );
  });

  it('may hold thousands, in any order', async () => {
    const start = Date.now() - 3_000_000;
    const reports = Array.from({ length: 3_000 }, (_, index) => ({
      at: start + ((index * 7919) % 3_000) * 1_000,
      cpu: { usagePercent: index % 100 },
    }));
    const { status, body } = await post({ reports });
    expect([status, body.accepted, body.duplicates]).toEqual([200, 3_000, 0]);
    const newestAt = Math.max(...reports.map(({ at }) => at));
    const told = await admin.call('GET', `/api/monitoring/${id}/status`);
    expect(Date.parse(told.body.lastReportAt)).toBe(newestAt);
  }, 30_000);

  it.each([
    ['reports that are no list', { reports: {} }],
    ['more reports than a batch may hold', { reports: Array.from({ length: 10_001 }, () => 0) }],
  ])('is refused whole: %s', async (_, body) => {
    const answer = await post(body);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_input']);
  });
});

describe('the monitor’s settings', () => {
  it('come with every answer, as they are now', async () => {
    await post({});
    await admin.call('PATCH', `/api/monitoring/${id}`, { intervalSeconds: 60, resources: ['cpu'] });
    const config = { intervalSeconds: 60, resources: ['cpu'], state: 'running', version: 2 };
    expect((await post({})).body.config).toEqual(config);
    expect((await post({ reports: [] })).body.config).toEqual(config);
    const asked = await callHub(hub, 'GET', '/api/monitoring/data', { headers: { 'x-api-key': key } });
    expect(asked.body).toEqual({
      now: expect.any(Number),
      config,
      lastReceivedAt: expect.any(Number),
    });
  });
});
