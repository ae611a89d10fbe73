import { Body, Controller, Module, Post } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { request as sendRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createGzip, gzipSync, brotliCompressSync, deflateSync } from 'node:zlib';
import { createHubApp } from './create-hub-app.js';

@Controller('api/echo')
class EchoController {
  @Post()
  write(@Body() body: object): object {
    return { bytes: JSON.stringify(body).length };
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

describe('bad bodies', () => {
  let app: NestFastifyApplication;
  let port: number;

  beforeAll(async () => {
    const config = { basePath: '', allowedHosts: [], trustedProxies: [] };
    app = await createHubApp(EchoModule, config, false);
    await app.listen(0, '127.0.0.1');
    port = (app.getHttpServer().address() as AddressInfo).port;
  });
  afterAll(() => app.close());

  interface Outcome {
    readonly status: number;
    readonly code?: string;
    readonly connection?: string;
    readonly text: string;
  }

  /** Over node:http, as it sends what fetch would not: any header, any length, in pieces. */
  const post = (body: Buffer | string | Buffer[], headers: Record<string, string> = {}): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      const request = sendRequest(
        {
          port,
          host: '127.0.0.1',
          path: '/api/echo',
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
        },
        (answer) => {
          let text = '';
          answer.on('data', (chunk) => (text += String(chunk)));
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              code: (JSON.parse(text) as { code?: string }).code,
              connection: answer.headers.connection,
              text,
            }),
          );
        },
      );
      // The hub hangs up on what is too long; the answer has come by then.
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
      });
      for (const part of Array.isArray(body) ? body : [body]) request.write(part);
      request.end();
    });

  it.each([
    ['empty', ''],
    ['broken', '{"a":'],
    ['NaN', '{"a":NaN}'],
    ['Infinity', '{"a":-Infinity}'],
    ['a byte order mark', '\ufeff{"a":1}'],
    ['two values', '{} {}'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a million brackets that close nothing', ']'.repeat(1_000_000)],
  ])('%s: malformed_json, nothing repeated', async (_, body) => {
    const outcome = await post(body, { 'content-length': String(Buffer.byteLength(body)) });
    expect([outcome.status, outcome.code]).toEqual([400, 'malformed_json']);
    expect(outcome.text).not.toMatch(/NaN|Infinity|position|token/);
  });

  it('counts depth outside of strings only', async () => {
    const nest = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);
    expect((await post(nest(16))).status).toBe(201);
    expect((await post(nest(17))).code).toBe('too_deep');
    expect((await post('['.repeat(1_000_000))).code).toBe('too_deep');
    expect((await post(JSON.stringify({ a: '[[[[[[[[[[[[[[[[[[[[\\"[[[[' }))).status).toBe(201);
  });

  it.each([
    '{"__proto__":{"x":1}}',
    '{"a":[{"b":{"\\u005f_proto__":1}}]}',
    '{"constructor":{"prototype":{"x":1}}}',
    '{"a":{"constructor":{"prototype":1}}}',
  ])('%s: forbidden_key', async (body) => {
    expect(await post(body)).toMatchObject({ status: 400, code: 'forbidden_key' });
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('10 MB, announced, in pieces and zipped: body_too_large, and the connection is closed', async () => {
    const big = Buffer.alloc(10_000_000, 0x20);
    const announced = await post(big, { 'content-length': String(big.length) });
    const inPieces = await post(Array.from({ length: 160 }, () => Buffer.alloc(65_536, 0x20)));
    const noise = gzipSync(randomBytes(1_600_000));
    const zipped = await post(noise, { 'content-encoding': 'gzip' });
    for (const outcome of [announced, inPieces, zipped]) {
      expect(outcome).toMatchObject({ status: 413, code: 'body_too_large', connection: 'close' });
    }
  });

  it('takes 1 MiB on the wire and 8 MiB unpacked, not a byte more', async () => {
    const fill = (bytes: number): string => `"${'x'.repeat(bytes - 2)}"`;
    expect((await post(fill(1_048_576))).status).toBe(201);
    expect((await post(fill(1_048_577))).code).toBe('body_too_large');
    const whole = gzipSync(buildText(8_388_608));
    const tooMuch = gzipSync(buildText(8_388_609));
    expect(tooMuch.length).toBeLessThan(1_048_576);
    const headers = { 'content-encoding': 'gzip' };
    expect((await post(whole, headers)).status).toBe(201);
    expect((await post(tooMuch, headers)).code).toBe('body_too_large');
  });

  it.each([
    ['br', brotliCompressSync('{}')],
    ['deflate', deflateSync('{}')],
    ['gzip, gzip', gzipSync(gzipSync('{}'))],
    ['gzip,identity', gzipSync('{}')],
    ['zstd', Buffer.from('{}')],
    ['*', Buffer.from('{}')],
  ])('Content-Encoding %s: 415', async (encoding, body) => {
    expect(await post(body, { 'content-encoding': encoding })).toMatchObject({
      status: 415,
      code: 'unsupported_media_type',
    });
  });

  it('takes gzip and identity in any case; broken gzip is bad_encoding', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const small = gzipSync('{"a":1}');
    const large = gzipSync(Array.from({ length: 60_000 }, () => Math.random()).join());
    expect((await post(small, { 'content-encoding': 'GZIP' })).status).toBe(201);
    expect((await post('{}', { 'content-encoding': 'identity' })).status).toBe(201);
    for (const body of [
      small.subarray(0, -3),
      large.subarray(0, -3),
      Buffer.from('plain'),
      Buffer.alloc(0),
    ]) {
      expect(await post(body, headers)).toMatchObject({ status: 400, code: 'bad_encoding' });
    }
  });

  it('fifty bombs of 1 GiB at once cost little memory', async () => {
    const bomb = await buildBomb(1024);
    expect(bomb.length).toBeLessThanOrEqual(1_048_576);
    const before = process.memoryUsage().rss;
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => post(bomb, { 'content-encoding': 'gzip' })),
    );
    clearInterval(watch);
    expect(new Set(outcomes.map((outcome) => outcome.code))).toEqual(new Set(['body_too_large']));
    // The senders live in this process too: their sockets are in the figure.
    expect((peak - before) / 1_048_576).toBeLessThan(120);
  }, 60_000);

  it.each([
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/json; charset=utf-7',
    'application/json; charset=utf-8; charset=utf-16',
    'application/json; charset=',
    'application/json; charset=iso-8859-1',
    'application/json;charset=utf-8;x=1',
    'application/json; boundary=x',
    'application/json;',
    'application/json,',
    'application/json, text/plain',
    'application/json/x',
    'application/jsonx',
    'application/json5',
    'application/json+x',
    'application/problem+json',
    'application/vnd.api+json',
    'application/ld+json',
    'application/jsonl',
    'application/x-ndjson',
    'application/graphql',
    'application/octet-stream',
    'application',
    'application/',
    '/json',
    'json',
    '*/*',
    'application/*',
    'application/json\ttext',
    'application/json text/plain',
    'application/j son',
    '"application/json"',
    'text/plain; application/json',
    'multipart/form-data; application/json',
    'application/json\u00a0',
    'application/json\u000b',
    '__proto__',
  ])('Content-Type %j: 415', async (type) => {
    const sent = /[\u0080-\uffff\u000b]/.test(type)
      ? await postRaw(type)
      : await post('{}', { 'content-type': type });
    // What no header may hold is refused by the HTTP parser itself.
    expect([400, 415]).toContain(sent.status);
    if (sent.status === 400) expect(type).toMatch(/[\u000b]/);
  });

  it.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=UTF-8',
    'application/json;charset="utf-8"',
  ])('Content-Type %s is JSON', async (type) => {
    expect((await post('{}', { 'content-type': type })).status).toBe(201);
    expect(await post('{"a":', { 'content-type': type })).toMatchObject({ code: 'malformed_json' });
  });

  const postRaw = (type: string): Promise<Outcome> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        const head = `POST /api/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: 2\r\n\r\n{}`;
        socket.write(Buffer.from(head, 'latin1'));
      });
      let text = '';
      socket.on('data', (chunk) => (text += String(chunk)));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve({ status: Number(text.slice(9, 12)), text }));
    });
});

/** A JSON string that shrinks to about a twentieth: not noise, and no bomb. */
function buildText(bytes: number): string {
  let text = '';
  while (text.length < bytes) text += 'the same again '.repeat(1200) + randomBytes(1000).toString('hex');
  return `"${text.slice(0, bytes - 2)}"`;
}

/** Zeros, `mebibytes` of them, packed piece by piece. */
async function buildBomb(mebibytes: number): Promise<Buffer> {
  const gzip = createGzip({ level: 9 });
  const chunks: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
  const zeros = Buffer.alloc(1_048_576);
  for (let count = 0; count < mebibytes; count++) {
    if (!gzip.write(zeros)) await new Promise((resolve) => gzip.once('drain', resolve));
  }
  await new Promise<void>((resolve) => {
    gzip.once('end', resolve);
    gzip.end();
  });
  return Buffer.concat(chunks);
}
