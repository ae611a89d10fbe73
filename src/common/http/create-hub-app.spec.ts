import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { IsOptional, IsString } from 'class-validator';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHubApp } from './create-hub-app.js';

class EchoInput {
  @IsString()
  name!: string;

  @IsOptional()
  @IsString()
  note?: string;
}

@Controller('api/echo')
class EchoController {
  @Get()
  read(): object {
    return { isHere: true };
  }

  @Post()
  write(@Body() input: EchoInput): object {
    return { ...input };
  }

  @Get('asleep')
  sleep(): Promise<object> {
    return new Promise((resolve) => setTimeout(() => resolve({ isLate: true }), 1700));
  }

  @Post('broken')
  fail(): never {
    throw new Error('the wheel came off: secret-value');
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

const CONFIG = {
  basePath: '/mon',
  allowedHosts: ['hub.lan'],
  trustedProxies: [],
  publicOrigin: 'https://mon.example.com',
};

describe('the patience of the HTTP door', () => {
  let app: NestFastifyApplication;
  let port: number;

  beforeAll(async () => {
    // The hub's own are 15, 30 and 45 s: test/e2e/slow-senders proves them on real sockets.
    app = await createHubApp(EchoModule, CONFIG, false, {
      timeouts: { headersMs: 300, requestMs: 600, handlerMs: 1500 },
    });
    await app.listen(0, '127.0.0.1');
    port = (app.getHttpServer().address() as { port: number }).port;
  });
  afterAll(() => app.close());

  /** Sends one byte after the other until the hub has had enough. */
  const trickle = (head: string, rest: string): Promise<string> =>
    new Promise((resolve) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(head));
      let sent = 0;
      const timer = setInterval(() => socket.write(rest[sent++ % rest.length]!), 50);
      socket.on('data', (chunk) => (answer += String(chunk)));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearInterval(timer);
        resolve(answer);
      });
    });

  it('ends with headers, and with a body, that come a byte at a time', async () => {
    const start = 'POST /api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    const answers = await Promise.all([
      trickle(`${start}X-Slow: `, 'x'),
      trickle(`${start}Content-Length: 500000\r\n\r\n`, ' '),
      trickle(`${start}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'),
    ]);
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1.1 408 /);
      expect(answer).toContain('"code":"timeout"');
    }
  });

  it('ends with work that does not end, and outlives its late answer', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/echo/asleep`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'overloaded' });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect((await fetch(`http://127.0.0.1:${port}/api/echo`)).status).toBe(200);
  });
});

describe('the HTTP door', () => {
  let app: NestFastifyApplication;
  let port: number;

  beforeAll(async () => {
    app = await createHubApp(EchoModule, CONFIG, false);
    await app.listen(0, '127.0.0.1');
    port = (app.getHttpServer().address() as { port: number }).port;
  });

  afterAll(() => app.close());

  const post = (
    body: Buffer | string,
    headers: Record<string, string> = {},
    path = '/api/echo',
  ): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      body: body as string,
      headers: { 'content-type': 'application/json', ...headers },
    });

  const readCode = async (answer: Response): Promise<[number, unknown]> => [
    answer.status,
    ((await answer.json()) as { code: unknown }).code,
  ];

  it('answers a good body, plain and gzip', async () => {
    expect(await (await post('{"name":"web-01"}')).json()).toEqual({ name: 'web-01' });
    const zipped = gzipSync('{"name":"web-01"}');
    expect(await (await post(zipped, { 'content-encoding': 'gzip' })).json()).toEqual({ name: 'web-01' });
  });

  it('names each fault of an input and repeats nothing of it', async () => {
    const answer = await post('{"name":7,"isAdmin":"evil-text"}');
    const text = await answer.text();
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(JSON.parse(text).errors).toEqual([
      { path: 'isAdmin', code: 'unknown_field', message: 'There is no such field.' },
      { path: 'name', code: 'invalid_input', message: 'name must be a string' },
    ]);
    expect(text).not.toContain('evil-text');
  });

  it('hides what went wrong inside', async () => {
    const answer = await post('{}', {}, '/api/echo/broken');
    const text = await answer.text();
    expect(answer.status).toBe(500);
    expect(JSON.parse(text)).toEqual({
      type: 'urn:watchkeeper:problem:internal',
      title: 'Internal error',
      status: 500,
      code: 'internal',
      requestId: answer.headers.get('x-request-id'),
    });
  });

  it('answers unknown addresses and unreadable ones with problems', async () => {
    expect(await readCode(await fetch(`http://127.0.0.1:${port}/api/nothing`))).toEqual([404, 'not_found']);
    expect(await readCode(await fetch(`http://127.0.0.1:${port}/api/%zz`))).toEqual([404, 'not_found']);
  });

  it('answers with and without the sub-path and the slash at the end', async () => {
    for (const path of ['/api/echo', '/api/echo/', '/mon/api/echo', '/mon/api/echo/?x=1']) {
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(200);
    }
    expect((await fetch(`http://127.0.0.1:${port}/monapi/echo`)).status).toBe(404);
  });

  const sendRaw = (text: string): Promise<string> =>
    new Promise((resolve) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      socket.on('data', (chunk) => (answer += String(chunk)));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(answer));
    });

  it.each([
    ['evil.example', 421],
    ['mon.example.com.evil.example', 421],
    ['127.0.0.1.nip.io', 421],
    ['', 421],
    ['mon.example.com', 200],
    ['MON.example.com:8443', 200],
    ['hub.lan:3000', 200],
    ['localhost:1', 200],
    ['192.168.1.7', 200],
    ['[::1]:3000', 200],
  ])('Host %s is answered %d', async (host, status) => {
    const answer = await sendRaw(`GET /api/echo HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    if (status === 421) expect(answer).toContain('WATCHKEEPER_ALLOWED_HOSTS');
  });

  it('refuses targets that are no path, and what is no HTTP', async () => {
    const absolute = await sendRaw(
      'GET http://localhost/api/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    );
    expect(absolute).toMatch(/^HTTP\/1.1 400 /);
    expect(await sendRaw('NONSENSE\r\n\r\n')).toContain('application/problem+json');
    const longHeader = `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect(await sendRaw(longHeader)).toContain('application/problem+json');
  });

  it('answers a client that offers HTTP/2 by an upgrade', async () => {
    const answer = await sendRaw(
      'GET /api/echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
  });

  it('gives every answer the security headers and no CORS header', async () => {
    for (const path of ['/api/echo', '/api/nothing', '/api/%zz']) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { origin: 'https://evil.example' },
      });
      const headers = Object.fromEntries(answer.headers);
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000',
        'x-content-type-options': 'nosniff',
      });
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });
});
