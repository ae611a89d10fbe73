import { type Answer, type HubClient, type Json, postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import * as stored from '../support/stored-reports.js';

const HOUR_MS = 3_600_000;
const PARTITION_MS = 6 * HOUR_MS;

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

describe('what was sent before', () => {
  it('is a duplicate, in one request, in the next, from many at once: the first is kept', async () => {
    const at = Date.now();
    const first = { at, cpu: { usagePercent: 1 } };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => post({ at, cpu: { usagePercent: index } })),
    );
    const sum = (name: string): number => answers.reduce((total, { body }) => total + body[name], 0);
    expect([sum('accepted'), sum('duplicates')]).toEqual([1, 19]);
    const kept = await readLatest();
    const again = await post({ reports: [first, first, { at, custom: [{ name: 'x', value: 1 }] }] });
    expect(again.body).toMatchObject({ accepted: 0, duplicates: 3 });
    expect(await readLatest()).toEqual(kept);
    expect(await countStored()).toBe(1);
  });

  it('is one after a restart, and when it was late', async () => {
    const now = Date.now();
    const reports = [0, 10 * 60_000, 2 * HOUR_MS, 7 * 24 * HOUR_MS].map((age) => ({
      at: now - age,
      cpu: { usagePercent: 7 },
    }));
    expect((await post({ reports })).body).toMatchObject({ accepted: 4, duplicates: 0 });
    expect((await post({ reports })).body).toMatchObject({ accepted: 0, duplicates: 4 });
    const latest = await readLatest();
    await hub.stop();
    await hub.restart();
    expect((await post({ reports: reports.toReversed() })).body).toMatchObject({
      accepted: 0,
      duplicates: 4,
    });
    expect(await countStored()).toBe(4);
    expect(await readLatest()).toEqual(latest);
  }, 60_000);

  it('is one too when it has grown late since, and stands among the fresh ones still', async () => {
    const { body } = await post({ at: Date.now() - 10_000, cpu: { usagePercent: 1 } });
    expect(body.accepted).toBe(1);
    // The fresh window of half an hour has moved on: as if it had been sent an hour ago.
    const at = Date.now() - HOUR_MS;
    const start = Math.floor(at / PARTITION_MS) * PARTITION_MS;
    await hub.query(
      `create table if not exists report_${start} partition of report for values from (${start}) to (${start + PARTITION_MS})`,
    );
    await hub.query('update report set at = $2 where monitor_id = $1', [id, at]);
    expect((await post({ at, cpu: { usagePercent: 2 } })).body).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await countStored()).toBe(1);
  });

  it('is another monitor’s own at the same instant', async () => {
    const other = await admin.createMonitor();
    const report = { at: Date.now(), cpu: { usagePercent: 1 } };
    expect((await post(report)).body.accepted).toBe(1);
    expect((await postReport(hub, other.key, report)).body.accepted).toBe(1);
  });
});

describe('custom metrics', () => {
  it.each([
    ['a built-in’s name', [{ name: 'cpu.usagePercent', value: 1 }], 'reserved_name', '/custom/0/name'],
    ['a name in a built-in part', [{ name: 'storage.inodes', value: 1 }], 'reserved_name', '/custom/0/name'],
    ['a name that is none', [{ name: 'a b', value: 1 }], 'bad_name', '/custom/0/name'],
    ['no name', [{ value: 1 }], 'wrong_type', '/custom/0/name'],
    ['no value', [{ name: 'a' }], 'wrong_type', '/custom/0/value'],
    ['a gauge as text', [{ name: 'a', value: '1' }], 'wrong_type', '/custom/0/value'],
    ['a kind that is none', [{ name: 'a', value: 1, kind: 'summary' }], 'wrong_type', '/custom/0/kind'],
    ['a counter below zero', [{ name: 'a', value: -1, kind: 'counter' }], 'out_of_range', '/custom/0/value'],
    [
      'a label that is no text',
      [{ name: 'a', value: 1, labels: { x: 1 } }],
      'wrong_type',
      '/custom/0/labels/x',
    ],
    [
      'the same series twice',
      [
        { name: 'a', value: 1 },
        { name: 'a', value: 2 },
      ],
      'duplicate_series',
      '',
    ],
    [
      'two meanings of one name',
      [
        { name: 'a', value: 1, labels: { x: '1' } },
        { name: 'a', value: 2, kind: 'counter', labels: { x: '2' } },
      ],
      'duplicate_series',
      '/custom/1',
    ],
  ])('are refused: %s', async (_, custom, code, path) => {
    const { status, body } = await post({ custom });
    expect([status, body.rejected]).toEqual([422, [{ index: 0, code, path }]]);
    expect(await countStored()).toBe(0);
  });

  it('count as rates where they are counters, told as text beyond 2^53', async () => {
    const at = Date.now() - 20_000;
    const send = (age: number, value: number | string): Promise<Answer> =>
      post({ at: at + age, custom: [{ name: 'requests', kind: 'counter', unit: 'requests', value }] });
    await send(0, '9007199254740992');
    await send(10_000, '9007199254741992');
    // As a number it would have lost digits on the way.
    expect((await send(15_000, 9_007_199_254_741_992)).body.rejected[0].code).toBe('unsafe_integer');
    expect(await readLatest()).toEqual({ requests: 100 });
    const { monitor } = await admin.ask(
      'query ($id: ID!) { monitor(id: $id) { metrics { key unit kind } } }',
      {
        id,
      },
    );
    expect(monitor.metrics).toEqual([{ key: 'requests', unit: 'requests', kind: 'COUNTER' }]);
  });
});
