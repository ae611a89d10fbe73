import { type HubClient, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, FAST_SENDERS_ENV, HubProcess } from '../support/hub-process.js';
import {
  CANARY,
  closeRawConnections,
  expectProblem,
  expectUnharmed,
  postRaw,
  type RawAnswer,
} from '../support/raw-report.js';

/*
 * Where each bad input is proved. Below, and in the files named:
 *
 * B1–B4 not JSON, B7 depth, B8 size, B9 bombs, B10 codings, B11 media types, B13 prototypes, B25 keys   bad-input
 * B5 infinite, B6 out of range, B12 types, B15 text, B16 too long, B17 too many series, B19 times,
 *   B21 a counter as an unsafe number                                                                  here
 * B14 keys twice, B16 spellings, B18 endless labels, B20 text that would run elsewhere, B21 counters,
 *   B22 the same instant twice, B23 one bad of many, B24 another's body; requests a second of a key    odd-reports
 * B26–B29, B31 sockets and GraphQL                                              doors-websocket, doors-http
 * B30 slow senders                          src/common/http/create-hub-app.spec.ts; with real times: fuzzed-bodies
 * all of it mutated                                                                            fuzzed-bodies
 */

let hub: HubProcess;
let admin: HubClient;
let id: string;
let key: string;

beforeAll(async () => {
  hub = await HubProcess.start({ env: { ...ADMIN_ENV, ...FAST_SENDERS_ENV, LOG_LEVEL: 'debug' } });
  admin = await signIn(hub);
  ({ id, key } = await admin.createMonitor());
}, 90_000);
afterAll(async () => {
  closeRawConnections();
  await hub.clean();
}, 60_000);
afterEach(() => expectUnharmed(hub, id));

const post = (
  body: Buffer | string | readonly Buffer[],
  headers?: Record<string, string>,
): Promise<RawAnswer> => postRaw(hub, key, body, headers);

describe('reports that cannot be meant', () => {
  const nowMs = Date.now();

  /** Refused, alone and beside others in a batch, with the code and the place. */
  async function expectRejection(report: string, code: string, path: string): Promise<void> {
    const alone = await expectProblem(post(report), 422, 'nothing_accepted');
    expect([report, alone.body.rejected]).toEqual([report, [{ index: 0, code, path }]]);
    const batch = await expectProblem(post(`{"reports":[${report},${report}]}`), 422, 'nothing_accepted');
    expect(batch.body.rejected).toEqual([
      { index: 0, code, path },
      { index: 1, code, path },
    ]);
  }

  const CASES: readonly (readonly [string, string, string, string])[] = [
    ['B5', '{"cpu":{"usagePercent":1e400}}', 'not_finite', '/cpu/usagePercent'],
    ['B5', '{"memory":{"usedBytes":-1e400}}', 'not_finite', '/memory/usedBytes'],
    ['B5', '{"custom":[{"name":"a","value":1e999}]}', 'not_finite', '/custom/0/value'],
    ['B6', '{"memory":{"usedBytes":-1}}', 'out_of_range', '/memory/usedBytes'],
    ['B6', '{"network":[{"interface":"eth0","bytesSent":-5}]}', 'out_of_range', '/network/0/bytesSent'],
    ['B6', '{"cpu":{"usagePercent":100.1}}', 'out_of_range', '/cpu/usagePercent'],
    ['B6', '{"cpu":{"cores":4,"usagePercent":401}}', 'out_of_range', '/cpu/usagePercent'],
    ['B6', '{"cpu":{"usagePercent":401,"cores":4}}', 'out_of_range', '/cpu/usagePercent'],
    ['B6', '{"cpu":{"perCorePercent":[5,-1]}}', 'out_of_range', '/cpu/perCorePercent/1'],
    ['B6', '{"memory":{"totalBytes":10,"usedBytes":11}}', 'out_of_range', '/memory/usedBytes'],
    [
      'B6',
      '{"storage":[{"mount":"/","totalBytes":10,"usedBytes":11}]}',
      'out_of_range',
      '/storage/0/usedBytes',
    ],
    ['B12', '{"cpu":null}', 'wrong_type', '/cpu'],
    ['B12', '{"cpu":[]}', 'wrong_type', '/cpu'],
    ['B12', `{"cpu":"${CANARY}"}`, 'wrong_type', '/cpu'],
    ['B12', `{"cpu":{"usagePercent":"${CANARY}"}}`, 'wrong_type', '/cpu/usagePercent'],
    ['B12', '{"cpu":{"usagePercent":null}}', 'wrong_type', '/cpu/usagePercent'],
    ['B12', '{"cpu":{"usagePercent":true}}', 'wrong_type', '/cpu/usagePercent'],
    ['B12', '{"cpu":{"usagePercent":[1]}}', 'wrong_type', '/cpu/usagePercent'],
    ['B12', '{"cpu":{"perCorePercent":5}}', 'wrong_type', '/cpu/perCorePercent'],
    ['B12', '{"memory":{"totalBytes":"5"}}', 'wrong_type', '/memory/totalBytes'],
    ['B12', '{"storage":{"mount":"/"}}', 'wrong_type', '/storage'],
    ['B12', '{"storage":[null]}', 'wrong_type', '/storage/0'],
    ['B12', '{"storage":[{"usedBytes":1}]}', 'wrong_type', '/storage/0/mount'],
    ['B12', '{"network":[{"interface":5}]}', 'wrong_type', '/network/0/interface'],
    ['B12', `{"network":[{"interface":"e","bytesSent":"${CANARY}"}]}`, 'wrong_type', '/network/0/bytesSent'],
    ['B12', '{"custom":{}}', 'wrong_type', '/custom'],
    ['B12', '{"host":"x"}', 'wrong_type', '/host'],
    ['B12', '{"host":{"cores":"4"}}', 'wrong_type', '/host/cores'],
    ['B12', '{"intervalSeconds":"10"}', 'wrong_type', '/intervalSeconds'],
    ['B12', '{"bootId":5}', 'wrong_type', '/bootId'],
    ['B15', '{"storage":[{"mount":"a\\u0000b"}]}', 'bad_text', '/storage/0/mount'],
    ['B15', '{"host":{"hostname":"a\\u001bb"}}', 'bad_text', '/host/hostname'],
    ['B15', '{"network":[{"interface":"\\ud800"}]}', 'bad_text', '/network/0/interface'],
    ['B15', '{"storage":[{"mount":"/","device":"a\\u007f"}]}', 'bad_text', '/storage/0/device'],
    ['B15', '{"custom":[{"name":"a","value":1,"unit":"\\u0085"}]}', 'bad_text', '/custom/0/unit'],
    [
      'B15',
      '{"custom":[{"name":"a","value":1,"labels":{"x":"\\udc00\\ud800"}}]}',
      'bad_text',
      '/custom/0/labels/x',
    ],
    ['B15', '{"bootId":"a\\nb"}', 'bad_text', '/bootId'],
    ['B16', `{"storage":[{"mount":"${'x'.repeat(257)}"}]}`, 'too_long', '/storage/0/mount'],
    ['B16', `{"storage":[{"mount":"${'😀'.repeat(257)}"}]}`, 'too_long', '/storage/0/mount'],
    ['B16', `{"host":{"os":"e${'\u0301'.repeat(1_000)}"}}`, 'too_long', '/host/os'],
    [
      'B16',
      '{"storage":[{"mount":"\u00e9","usedBytes":1},{"mount":"e\u0301","usedBytes":2}]}',
      'duplicate_series',
      '',
    ],
    ['B17', `{"cpu":{"perCorePercent":[${'1,'.repeat(9_999)}1]}}`, 'too_many_series', '/cpu/perCorePercent'],
    [
      'B17',
      `{"custom":[${Array.from({ length: 1_500 }, (_, index) => `{"name":"a${index}","value":1}`).join()}],"cpu":{"perCorePercent":[${'1,'.repeat(600)}1]}}`,
      'too_many_series',
      '',
    ],
    [
      'B21',
      '{"network":[{"interface":"e","bytesSent":18446744073709551615}]}',
      'unsafe_integer',
      '/network/0/bytesSent',
    ],
    [
      'B21',
      '{"network":[{"interface":"e","bytesSent":"18446744073709551616"}]}',
      'out_of_range',
      '/network/0/bytesSent',
    ],
    ['B19', '{"at":0}', 'timestamp_out_of_range', '/at'],
    ['B19', '{"at":7258118400000}', 'timestamp_out_of_range', '/at'],
    ['B19', '{"at":8640000000000001}', 'timestamp_out_of_range', '/at'],
    ['B19', `{"at":${Math.floor(nowMs / 1000)}}`, 'timestamp_out_of_range', '/at'],
    ['B19', `{"at":${nowMs}000}`, 'timestamp_out_of_range', '/at'],
    ['B19', `{"at":${nowMs + 15 * 60_000}}`, 'timestamp_out_of_range', '/at'],
    ['B19', `{"at":${nowMs - 9 * 24 * 3_600_000}}`, 'timestamp_out_of_range', '/at'],
    ['B19', `{"at":${nowMs}000000}`, 'bad_timestamp', '/at'],
    ['B19', `{"at":${nowMs}.5}`, 'bad_timestamp', '/at'],
    ['B19', `{"at":"${CANARY}"}`, 'bad_timestamp', '/at'],
    ['B19', `{"at":"${nowMs}"}`, 'bad_timestamp', '/at'],
    ['B19', '{"at":"2026-02-30T00:00:00Z"}', 'bad_timestamp', '/at'],
    ['B19', '{"at":"2026-11-22"}', 'bad_timestamp', '/at'],
    ['B19', '{"at":null}', 'bad_timestamp', '/at'],
    ['B19', '{"at":{}}', 'bad_timestamp', '/at'],
  ];
  it.each(CASES.map(([row, ...rest]) => [`${row} ${rest[0].slice(0, 60)}`, ...rest] as const))(
    '%s',
    async (_, report, code, path) => {
      await expectRejection(report, code, path);
    },
  );

  it.each([['null'], ['5'], [`"${CANARY}"`], ['true'], ['[]']])('B12 a report that is %s', async (report) => {
    await expectRejection(report, 'wrong_type', '');
  });

  it('never repeats names that a sender made up', async () => {
    const monstrous = `${CANARY}\u0000${'x'.repeat(5_000)}`;
    for (const labels of [{ [monstrous]: 'x' }, { [`${CANARY} x`]: 'x' }, { [`${CANARY}/~`]: 1 }]) {
      const answer = await expectProblem(
        post(JSON.stringify({ custom: [{ name: 'a', value: 1, labels }] })),
        422,
        'nothing_accepted',
      );
      expect(answer.body.rejected).toEqual([{ index: 0, code: 'bad_name', path: '/custom/0/labels' }]);
    }
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const { lastError } = (await admin.call('GET', `/api/monitoring/${id}/status`)).body;
    expect(lastError).toBe('report refused: bad_name /custom/0/labels');
  });
});
