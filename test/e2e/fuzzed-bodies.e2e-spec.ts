import { readFileSync } from 'node:fs';
import { Agent, request as sendRequest } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type HubClient, postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, FAST_SENDERS_ENV, HubProcess } from '../support/hub-process.js';

const isSoak = Boolean(process.env['SOAK']);
const BODIES = isSoak ? Number(process.env['FUZZ_BODIES'] ?? 1_000_000) : 4_000;
const LANES = 16;
/** The hub's whole patience takes half a minute; create-hub-app.spec.ts has the same with less of it. */
const SLOW_SENDERS = isSoak ? 2_000 : 0;
/** A run is repeated by its seed, which a failure tells. */
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);

/** In every report: no refusal and no line of the log may repeat it. */
const CANARY = 'c4n4ry';

const fixture = (name: string): object =>
  JSON.parse(
    readFileSync(fileURLToPath(new URL(`../fixtures/reports/${name}.json`, import.meta.url)), 'utf8'),
  ) as object;

let hub: HubProcess;
let admin: HubClient;
/** What those who send a byte a second were answered; they are there all the while. */
let slowHeaders: Promise<string[]>;
let slowBodies: Promise<string[]>;
const keys: string[] = [];
const agent = new Agent({ keepAlive: true, maxSockets: LANES });

beforeAll(async () => {
  hub = await HubProcess.start({ env: { ...ADMIN_ENV, ...FAST_SENDERS_ENV } });
  admin = await signIn(hub);
  for (let index = 0; index < LANES; index++) keys.push((await admin.createMonitor()).key);
  slowHeaders = openSlow(SLOW_SENDERS, `${startOfRequest()}X-Slow: `, 'x');
  slowBodies = openSlow(SLOW_SENDERS, `${startOfRequest()}Content-Length: 50000\r\n\r\n`, ' ');
}, 90_000);
afterAll(async () => {
  agent.destroy();
  await hub.clean();
}, 60_000);

/** What reports look like, with the time of each sending. */
const reports = [
  { ...fixture('contract-example'), at: undefined },
  { cpu: { usagePercent: 12.5 }, host: { hostname: CANARY } },
  { custom: [{ name: 'a.b', value: 1e-7, kind: 'counter', labels: { x: CANARY, y: 'é' } }], bootId: CANARY },
  { storage: [{ mount: `/${CANARY}`, totalBytes: 10, usedBytes: 5 }], at: Date.now() - 5_000 },
];
const bodies = [
  ...reports.map((report) => JSON.stringify(report)),
  JSON.stringify({ reports }),
  JSON.stringify({ reports: Array(40).fill(reports[1]) }),
].map((text) => Buffer.from(text));

/** Opens connections that send a byte a second; resolves with what each was answered. */
const openSlow = (count: number, head: string, rest: string): Promise<string[]> =>
  Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<string>((resolve) => {
          let answer = '';
          let timer: NodeJS.Timeout | undefined;
          const socket = connect(hub.port, '127.0.0.1', () => {
            socket.write(head);
            timer = setInterval(() => socket.write(rest), 1_000);
          });
          socket.on('data', (chunk) => (answer += String(chunk)));
          socket.on('error', () => undefined);
          socket.on('close', () => {
            clearInterval(timer);
            resolve(answer);
          });
        }),
    ),
  );
const startOfRequest = (): string =>
  `POST /api/monitoring/data HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-API-Key: ${keys[0]}\r\n`;

type Mutation = (body: Buffer) => Buffer;

const splice = (body: Buffer, at: number, length: number, insert: Buffer): Buffer =>
  Buffer.concat([body.subarray(0, at), insert, body.subarray(at + length)]);

/** Replaces the n-th number, or the n-th key, of a JSON text. */
const replaceNth =
  (pattern: RegExp, nth: number, text: string): Mutation =>
  (body) => {
    const found = [...body.toString('latin1').matchAll(pattern)];
    const match = found[nth % (found.length || 1)];
    return match ? splice(body, match.index, match[0].length, Buffer.from(text)) : body;
  };

const ODD_NUMBERS = [
  '1e400',
  '-1e400',
  '1e308',
  '-0',
  '0.1e-400',
  '18446744073709551615',
  `${'9'.repeat(400)}`,
  '0x10',
  '01',
  '1.',
  '+1',
  'NaN',
  '"1"',
  'null',
];
const ODD_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '',
  'at',
  'reports',
  'cpu',
  '\\u0000',
  '\\ud800',
  'a'.repeat(5_000),
  'length',
  '0',
  '4294967296',
];

/** Bytes as a bad line or a bad sender makes them. */
const damage: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(7)).map(([at, bit]): Mutation => (body) => {
    const copy = Buffer.from(body);
    if (copy.length > 0) copy[at % copy.length]! ^= 1 << bit;
    return copy;
  }),
  fc.nat().map(
    (at): Mutation =>
      (body) =>
        body.subarray(0, at % (body.length + 1)),
  ),
  fc.tuple(fc.nat(), fc.nat(40)).map(
    ([at, length]): Mutation =>
      (body) =>
        splice(body, at % (body.length + 1), length, Buffer.alloc(0)),
  ),
  fc.tuple(fc.nat(), fc.nat(), fc.nat(200)).map(([from, to, length]): Mutation => (body) => {
    const start = from % (body.length + 1);
    return splice(body, to % (body.length + 1), 0, body.subarray(start, start + length));
  }),
  fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 8 })).map(
    ([at, bytes]): Mutation =>
      (body) =>
        splice(body, at % (body.length + 1), 0, Buffer.from(bytes)),
  ),
);

/** The text stays JSON, most of the time. */
const rewriting: fc.Arbitrary<Mutation> = fc.oneof(
  fc
    .tuple(fc.nat(100), fc.constantFrom(...ODD_NUMBERS))
    .map(([nth, text]) => replaceNth(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g, nth, text)),
  fc
    .tuple(fc.nat(100), fc.constantFrom(...ODD_KEYS))
    .map(([nth, key]) => replaceNth(/"[^"]*"(?=:)/g, nth, `"${key}"`)),
  fc
    .tuple(fc.nat(100), fc.integer({ min: 1, max: 3_000 }), fc.constantFrom('[', '{"a":'))
    .map(([nth, depth, open]) =>
      replaceNth(
        /-?\d+(?:\.\d+)?/g,
        nth,
        open.repeat(depth) + '1' + (open === '[' ? ']' : '}').repeat(depth),
      ),
    ),
);

interface Fuzzed {
  readonly body: Buffer;
  readonly headers: Record<string, string>;
}

const GZIP = { 'content-encoding': 'gzip' };
const fuzzed: fc.Arbitrary<Fuzzed> = fc
  .tuple(
    fc.constantFrom(...bodies),
    fc.oneof(fc.array(damage, { minLength: 1, maxLength: 2 }), {
      arbitrary: fc.array(rewriting, { minLength: 1, maxLength: 3 }),
      weight: 4,
    }),
    fc.constantFrom('plain', 'plain', 'plain', 'gzip', 'damaged gzip'),
  )
  .map(([body, mutations, coding]): Fuzzed => {
    const mutate = (bytes: Buffer): Buffer => mutations.reduce((mutated, change) => change(mutated), bytes);
    if (coding === 'plain') return { body: mutate(body), headers: {} };
    if (coding === 'gzip') return { body: gzipSync(mutate(body), { level: 1 }), headers: GZIP };
    return { body: mutate(gzipSync(body, { level: 1 })), headers: GZIP };
  });

function post(key: string, { body, headers }: Fuzzed): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = sendRequest(
      {
        agent,
        host: '127.0.0.1',
        port: hub.port,
        path: '/api/monitoring/data',
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': String(body.length),
          'x-api-key': key,
          ...headers,
        },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => resolve({ status: answer.statusCode!, text }));
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

const ALLOWED = new Set([200, 400, 413, 415, 422]);

/** What is wrong with an answer, or undefined. */
function judge(status: number, text: string): string | undefined {
  if (!ALLOWED.has(status)) return 'a status that no bad report should get';
  const answer = JSON.parse(text) as Record<string, unknown>;
  if (status === 200) return typeof answer['accepted'] === 'number' ? undefined : 'no count';
  if (text.includes(CANARY)) return 'an echo';
  return typeof answer['code'] === 'string' ? undefined : 'no code';
}

describe('mutated bodies', () => {
  it(
    `harm nothing: ${BODIES.toLocaleString('en')} of them`,
    async () => {
      const { pid } = hub;
      let warmRss = 0;
      const tally = new Map<number, number>();
      for (let done = 0; done < BODIES;) {
        const seed = SEED + done;
        const batch = fc.sample(fuzzed, { numRuns: Math.min(500, BODIES - done), seed });
        let next = 0;
        const lane = async (key: string): Promise<void> => {
          while (next < batch.length) {
            const one = batch[next++]!;
            const { status, text } = await post(key, one);
            tally.set(status, (tally.get(status) ?? 0) + 1);
            const fault = judge(status, text);
            if (fault)
              throw new Error(
                `${fault}: FUZZ_SEED=${seed} ${status} ${text.slice(0, 300)} for ${JSON.stringify(one.headers)} ${one.body.toString('base64').slice(0, 4_000)}`,
              );
          }
        };
        await Promise.all(keys.map(lane));
        done += batch.length;
        const good = await postReport(hub, keys[0]!, { cpu: { usagePercent: 1 } });
        expect([good.status, (good.body.accepted as number) + good.body.duplicates]).toEqual([200, 1]);
        if (warmRss === 0 && done >= Math.min(BODIES / 3, 50_000)) warmRss = hub.readRssMib();
      }
      // The mutations are neither too wild nor too tame.
      for (const status of [200, 400, 422]) expect(tally.get(status)).toBeGreaterThan(BODIES / 100);
      expect([hub.isRunning, hub.pid]).toEqual([true, pid]);
      expect(hub.readRssMib() - warmRss).toBeLessThan(96);
      expect(hub.output).not.toContain(CANARY);
      expect(hub.output).not.toMatch(/"level":(50|60)/);
    },
    isSoak ? 3_600_000 : 120_000,
  );

  it('leave nothing behind that cannot be read', async () => {
    const odd = await hub.query(
      `select at from report join layout on layout.id = layout_id
       where octet_length("values") <> 8 * cardinality(series_keys)`,
    );
    expect(odd).toEqual([]);
    const { latest } = await admin.ask('{ latest { metrics values } }');
    expect(latest.length).toBeGreaterThanOrEqual(LANES);
    for (const { metrics, values } of latest) expect(metrics).toHaveLength(values.length);
  });
});

(isSoak ? it : it.skip)(
  'B30 (only in the soak test, for its half minute): senders that take their time are answered 408 and cut, and hold up nobody',
  async () => {
    for (const answer of [...(await slowHeaders), ...(await slowBodies)]) {
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      expect(answer).toContain('"code":"timeout"');
    }
    expect((await postReport(hub, keys[0]!, {})).status).toBe(200);
  },
  60_000,
);
