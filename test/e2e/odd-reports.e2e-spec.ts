import {
  type Answer,
  callHub,
  type HubClient,
  type Json,
  postReport,
  signIn,
} from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { postRaw } from '../support/raw-report.js';
import * as stored from '../support/stored-reports.js';

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

describe('a report that is odd, and taken', () => {
  it('B14: of a key that stands there twice the last counts, for the check as for the store', async () => {
    const twice = '{"cpu":{"usagePercent":-1},"cpu":{"usagePercent":1e400,"usagePercent":7}}';
    expect((await postRaw(hub, key, twice)).body).toMatchObject({ accepted: 1, rejected: [] });
    expect(await readLatest()).toEqual({ 'cpu.usagePercent': 7 });
    const worse = await postRaw(hub, key, '{"cpu":{"usagePercent":7,"usagePercent":-1}}');
    expect(worse.body.rejected).toEqual([{ index: 0, code: 'out_of_range', path: '/cpu/usagePercent' }]);
    expect((await postRaw(hub, key, '{"reports":5,"reports":[{}]}')).body.accepted).toBe(1);
  });

  it('B16: has names in any script, each in one spelling', async () => {
    const names = ['\u202egnp.exe\u2066', '😀'.repeat(200), 'e\u0301', '\u212b', 'שלום/ملف', 'ẗ\u0323'];
    const storage = names.map((mount) => ({ mount, usedBytes: 1 }));
    expect((await post({ storage })).body).toMatchObject({ accepted: 1, rejected: [] });
    const kept = names.map((name) => `storage.usedBytes{mount="${name.normalize('NFC')}"}`);
    expect(Object.keys(await readLatest()).toSorted()).toEqual(kept.toSorted());
  });

  it('B20: carries text that would run elsewhere as text', async () => {
    const texts = [
      `'; drop table report; --`,
      '{ monitors { id } } #',
      '$(reboot) `reboot` && reboot',
      '{{7*7}} ${7*7} <%= 7*7 %>',
      '<script>alert(1)</script>',
      '%s%n \\x00 ../../etc/passwd',
      '"},"at":0,"x":{"y":"',
    ];
    const sent = {
      bootId: texts[0],
      host: { hostname: texts[1], os: texts[2] },
      storage: texts.map((mount) => ({ mount, device: mount, usedBytes: 5 })),
      custom: [{ name: 'a', value: 1, unit: texts[3], labels: { x: texts[6] } }],
    };
    expect((await post(sent)).body).toMatchObject({ accepted: 1, rejected: [], ignored: [] });
    const escape = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
    expect(await readLatest()).toEqual({
      ...Object.fromEntries(texts.map((text) => [`storage.usedBytes{mount="${escape(text)}"}`, 5])),
      [`a{x="${escape(texts[6]!)}"}`]: 1,
    });
    expect(await countStored()).toBe(1);
  });

  it('B21: has counters of 64 bits as text, the nearest double each', async () => {
    const send = (at: number, bytesSent: string | number): Promise<Answer> =>
      post({ at, network: [{ interface: 'e', bytesSent }] });
    const at = Date.now() - 20_000;
    expect((await send(at, '18446744073709549568')).body.accepted).toBe(1);
    expect((await send(at + 10_000, '18446744073709551615')).body.accepted).toBe(1);
    // Doubles of this size are 2,048 apart.
    expect(await readLatest()).toEqual({ 'network.bytesSent{interface="e"}': 204.8 });
  });

  it('B23: is one of five thousand, beside one that is bad', async () => {
    const now = Date.now();
    const reports: unknown[] = Array.from({ length: 5_000 }, (_, index) => ({
      at: now - index,
      cpu: { load1: 1 },
    }));
    reports[1_234] = { at: now - 1_234, cpu: { load1: '1' } };
    const { status, body } = await post({ reports });
    expect([status, body.accepted, body.duplicates]).toEqual([200, 4_999, 0]);
    expect(body.rejected).toEqual([{ index: 1_234, code: 'wrong_type', path: '/cpu/load1' }]);
    expect(await countStored()).toBe(4_999);
  });

  it('B24: is its key’s monitor’s, whatever its body says', async () => {
    const other = await admin.createMonitor();
    const { body } = await post({ monitorId: other.id, id: other.id, cpu: { usagePercent: 3 } });
    expect(body).toMatchObject({ accepted: 1, ignored: ['monitorId', 'id'] });
    expect(await readLatest()).toEqual({ 'cpu.usagePercent': 3 });
    const { lastReportAt } = (await admin.call('GET', `/api/monitoring/${other.id}/status`)).body;
    expect(lastReportAt).toBeNull();
  });
});

describe('what a monitor sends and the hub does not keep', () => {
  const readLosses = async (): Promise<Json> =>
    (await admin.call('GET', `/api/monitoring/${id}`)).body.losses;

  it('B22: is another report for the same instant: the first is kept, the page is told how many', async () => {
    const at = Date.now() - 10_000;
    const first = { at, bootId: 'a', cpu: { usagePercent: 1, load1: 2 } };
    const late = { at: at - 2 * 3_600_000, cpu: { usagePercent: 5 } };
    await post({ reports: [first, late] });
    // What is the same to the bit is no conflict, however its keys stand and whatever interval it names.
    const same = { bootId: 'a', intervalSeconds: 5, cpu: { load1: 2, usagePercent: 1 }, at };
    expect((await post({ reports: [same, first, late] })).body.duplicates).toBe(3);
    const others = [
      { ...first, cpu: { usagePercent: 1.5, load1: 2 } },
      { ...first, bootId: 'b' },
      { ...first, cpu: { usagePercent: 1 } },
      { ...late, cpu: { usagePercent: 6 } },
    ];
    expect((await post({ reports: others })).body).toMatchObject({ accepted: 0, duplicates: 4 });
    await waitFor(async () => (await readLosses()).conflicts > 0, { what: 'conflicts are counted' });
    const losses = await readLosses();
    expect(losses).toMatchObject({ conflicts: 4, droppedValues: 0, droppedValuesAt: null });
    expect(Math.abs(Date.parse(losses.conflictsAt) - Date.now())).toBeLessThan(60_000);
    expect(await readLatest()).toEqual({ 'cpu.usagePercent': 1, 'cpu.load1': 2 });
  });

  it('B18: is a series beyond ten thousand within a day; known ones go on, also after a restart', async () => {
    const at = Date.now() - 60_000;
    const send = (index: number, shard: (n: number) => string, count = 2_000): Promise<Answer> =>
      post({
        at: at + index,
        cpu: { usagePercent: index },
        custom: Array.from({ length: count - 1 }, (_, n) => ({
          name: 'jobs',
          value: n,
          labels: { shard: shard(n) },
        })),
      });
    for (let index = 0; index < 5; index++) {
      expect((await send(index, (n) => `${index}/${n}`)).body).not.toHaveProperty('droppedValues');
    }
    // cpu.usagePercent is the same in each: four places are left.
    const { body } = await send(5, (n) => `5/${n}`);
    expect(body).toMatchObject({ accepted: 1, rejected: [], droppedValues: 1_995 });
    expect(Object.keys(await readLatest())).toHaveLength(5);
    expect((await send(6, (n) => `3/${n}`)).body).not.toHaveProperty('droppedValues');
    const layouts = await hub.query('select id from layout');
    for (let index = 7; index < 20; index++) await send(index, () => `${index}`, 2);
    // What is left of each is one shape, and no new one for each report.
    expect((await hub.query('select id from layout')).length).toBeLessThanOrEqual(layouts.length + 1);
    await waitFor(async () => (await readLosses()).droppedValues > 0, {
      what: 'values left out are counted',
    });
    await hub.stop();
    await hub.restart();
    expect((await send(20, (n) => `5/${n}`)).body).toMatchObject({ accepted: 1, droppedValues: 1_995 });
    expect((await send(21, (n) => `1/${n}`)).body).not.toHaveProperty('droppedValues');
    await waitFor(async () => (await readLosses()).droppedValues === 1_995 * 2 + 13, {
      what: 'all are counted',
    });
  }, 60_000);
});

describe('a key that sends too often', () => {
  it('is told when to go on, and holds up no other', async () => {
    const other = await admin.createMonitor();
    const answers = await Promise.all(Array.from({ length: 100 }, () => post({ reports: [] })));
    const refused = answers.filter(({ status }) => status === 429);
    // Sixty at once, and ten for each second that this took.
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(60);
    expect(refused.length).toBeGreaterThan(0);
    for (const { headers, body } of refused) {
      expect([body.code, headers.get('retry-after')]).toEqual(['too_many_requests', '1']);
    }
    expect((await postReport(hub, other.key, {})).status).toBe(200);
    // Asking what the hub wants is a request too.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await post({ cpu: { usagePercent: 1 } })).body.accepted).toBe(1);
  });
});

it('the hub’s own metrics are nowhere where no door was set for them', async () => {
  const answer = await callHub(hub, 'GET', '/metrics', { headers: { authorization: 'Bearer undefined' } });
  expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
});
