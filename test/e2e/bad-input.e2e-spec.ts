import { constants, createGzip, gzipSync, brotliCompressSync, deflateSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { type HubClient, postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, FAST_SENDERS_ENV, HubProcess } from '../support/hub-process.js';
import {
  CANARY,
  closeRawConnections,
  expectProblem,
  expectUnharmed,
  postRaw,
  type RawAnswer,
} from '../support/raw-report.js';

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

const nest = (levels: number): string => `{"${CANARY}":`.repeat(levels) + '1' + '}'.repeat(levels);

describe('envelopes that cannot be read', () => {
  it.each([
    ['B1', 'broken JSON', `{"cpu":{"usagePercent":"${CANARY}`],
    ['B1', 'two values', `{"${CANARY}":1} {}`],
    ['B1', 'a single quote', `{'${CANARY}':1}`],
    ['B1', 'a comma too much', `{"${CANARY}":1,}`],
    ['B2', 'nothing', ''],
    ['B2', 'blanks', '  \n'],
    ['B3', 'a byte order mark', `\ufeff{"${CANARY}":1}`],
    ['B4', 'NaN', `{"${CANARY}":NaN}`],
    ['B4', 'Infinity', `{"cpu":{"usagePercent":-Infinity},"${CANARY}":1}`],
    [
      'B1',
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from(`{"${CANARY}":"`), Buffer.from([0xff, 0x22, 0x7d])]),
    ],
  ])('%s %s: malformed_json', async (_, __, body) => {
    await expectProblem(
      post(body, { 'content-length': String(Buffer.byteLength(body)) }),
      400,
      'malformed_json',
    );
  });

  it.each([
    ['17 levels', nest(17)],
    ['a million', '['.repeat(1_000_000)],
    ['a million of objects, cut', `{"${CANARY}":`.repeat(80_000)],
  ])('B7 %s: too_deep', async (_, body) => {
    await expectProblem(post(body), 400, 'too_deep');
  });

  it('B8 ten megabytes, announced or in pieces: body_too_large, and the connection is closed', async () => {
    const big = Buffer.alloc(10_000_000, CANARY);
    const announced = expectProblem(
      post(big, { 'content-length': String(big.length) }),
      413,
      'body_too_large',
    );
    expect((await announced).connection).toBe('close');
    const pieces = Array.from({ length: 160 }, (_, index) =>
      big.subarray(index * 65_536, (index + 1) * 65_536),
    );
    expect((await expectProblem(post(pieces), 413, 'body_too_large')).connection).toBe('close');
    const justOver = `{"${CANARY}":"${'x'.repeat(1_048_576)}"}`;
    await expectProblem(post(justOver), 413, 'body_too_large');
  });

  it('B9 fifty gzip bombs at once: body_too_large, and memory stays', async () => {
    const bomb = await buffer(
      Readable.from(
        (function* () {
          const chunk = Buffer.alloc(1_048_576, 0x20);
          for (let index = 0; index < 512; index++) yield chunk;
        })(),
      ).pipe(createGzip({ level: constants.Z_BEST_COMPRESSION })),
    );
    expect(bomb.length).toBeLessThan(1_048_576);
    const headers = { 'content-encoding': 'gzip' };
    await expectProblem(post(bomb, headers), 413, 'body_too_large');
    const before = hub.readRssMib();
    let highest = before;
    const watch = setInterval(() => (highest = Math.max(highest, hub.readRssMib())), 20);
    await Promise.all(
      Array.from({ length: 50 }, () => expectProblem(post(bomb, headers), 413, 'body_too_large')),
    );
    clearInterval(watch);
    // The bodies themselves are 50 × 0.5 MiB on their way in; unpacked they would be 25 GiB.
    expect(highest - before).toBeLessThan(128);
  }, 60_000);

  it.each([
    ['br', brotliCompressSync('{}'), 415, 'unsupported_media_type'],
    ['deflate', deflateSync('{}'), 415, 'unsupported_media_type'],
    ['gzip, gzip', gzipSync(gzipSync('{}')), 415, 'unsupported_media_type'],
    [CANARY, Buffer.from('{}'), 415, 'unsupported_media_type'],
    ['gzip', gzipSync(`{"${CANARY}":1}`).subarray(0, -4), 400, 'bad_encoding'],
    ['gzip', Buffer.from(`{"${CANARY}":1}`), 400, 'bad_encoding'],
    ['gzip', Buffer.from([0x1f, 0x8b]), 400, 'bad_encoding'],
  ])('B10 Content-Encoding %s: %#', async (encoding, body, status, code) => {
    await expectProblem(post(body, { 'content-encoding': encoding }), status, code);
  });

  it('B11 media types that are not ours', async () => {
    for (const type of [
      'text/plain',
      'text/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/json; charset=utf-16',
      'application/json; charset=utf-7',
      'application/json; charset=iso-8859-1',
      'application/jsonp',
      'application/json, text/plain',
      'application/vnd.api+json',
      'application/xml',
      'application/octet-stream',
      `application/json; ${CANARY}=1`,
      CANARY,
      '*/*',
      '',
    ]) {
      await expectProblem(post('{}', { 'content-type': type }), 415, 'unsupported_media_type');
    }
  });

  it('B13 keys that would reach a prototype, at each level', async () => {
    for (const body of [
      `{"__proto__":{"${CANARY}":1}}`,
      `{"cpu":{"__proto__":{"${CANARY}":1}}}`,
      `{"reports":[{"cpu":{"\\u005f_proto__":{"${CANARY}":1}}}]}`,
      `{"custom":[{"name":"a","value":1,"labels":{"__proto__":"${CANARY}"}}]}`,
      `{"constructor":{"prototype":{"${CANARY}":1}}}`,
      `{"host":{"constructor":{"prototype":{"${CANARY}":1}}}}`,
    ]) {
      await expectProblem(post(body), 400, 'forbidden_key');
    }
  });
});

describe('B25 keys that are none', () => {
  it('get one and the same answer, whatever is wrong with them', async () => {
    const spare = await admin.ask(
      'mutation ($id: ID!) { one: createApiKey(monitorId: $id) { apiKey key { id } } two: createApiKey(monitorId: $id) { apiKey key { id } } }',
      { id },
    );
    await admin.ask('mutation ($id: ID!) { revokeApiKey(id: $id) { key { id } } }', { id: spare.one.key.id });
    await hub.query(`update api_key set expires_at = now() - interval '1 second' where id = $1`, [
      spare.two.key.id,
    ]);
    const gone = await admin.createMonitor();
    await admin.call('DELETE', `/api/monitoring/${gone.id}`);
    const unknown = `wk_${'0'.repeat(49)}`;
    const answers = [];
    for (const headers of [
      { 'x-api-key': '' },
      { 'x-api-key': CANARY },
      { 'x-api-key': unknown },
      { 'x-api-key': `${key}x` },
      { 'x-api-key': key.slice(0, -1) },
      { 'x-api-key': key.replace('wk_', 'wkp_') },
      { 'x-api-key': spare.one.apiKey as string },
      { 'x-api-key': spare.two.apiKey as string },
      { 'x-api-key': gone.key },
      { 'x-api-key': '', authorization: `Bearer ${unknown}` },
      { 'x-api-key': '', authorization: `Basic ${CANARY}` },
      { 'x-api-key': '', cookie: admin.cookie },
    ] as Record<string, string>[]) {
      // A body that nobody may read: the key is judged first.
      const { status, text } = await expectProblem(post(`{"${CANARY}":`, headers), 401, 'unauthenticated');
      const { requestId, ...same } = JSON.parse(text) as Record<string, unknown>;
      expect(requestId).toEqual(expect.any(String));
      answers.push({ status, same });
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it('do not disturb those that are: after it all, a good report is stored', async () => {
    const other = await admin.createMonitor();
    const answer = await postReport(hub, other.key, { cpu: { usagePercent: 5 } });
    expect([answer.status, answer.body?.accepted]).toEqual([200, 1]);
  });
});
