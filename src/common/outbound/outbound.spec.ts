import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createTestAuthority, type TestAuthority } from '../../../test/support/certificates.js';
import { DnsServer } from '../../../test/support/dns-server.js';
import { OutboundError, type OutboundErrorCode } from './outbound-error.js';
import { createOutboundFetch } from './outbound-fetch.js';
import { Outbound, type OutboundRequest } from './outbound.js';

// 127.0.0.2 plays a public address: the one loopback address that is allowed. The rest of loopback is not.
const OPEN = '127.0.0.2';

describe('a request that a user directs', () => {
  let dns: DnsServer;
  let authority: TestAuthority;
  let outbound: Outbound;
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  async function listen(server: Server, host = OPEN): Promise<number> {
    servers.push(server);
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return (server.address() as AddressInfo).port;
  }

  const serve = (listener: RequestListener, host = OPEN): Promise<number> =>
    listen(createHttpServer(listener), host);
  const serveRaw = (answer: (socket: Socket) => void): Promise<number> =>
    listen(createTcpServer((socket) => socket.once('data', () => answer(socket))));

  async function fail(request: OutboundRequest, by: Outbound = outbound): Promise<OutboundErrorCode> {
    try {
      await by.request(request);
    } catch (error) {
      if (error instanceof OutboundError) {
        expect(error.message).not.toContain('\n');
        return error.code;
      }
      throw error;
    }
    throw new Error('the request came to a good end');
  }

  beforeAll(async () => {
    dns = await DnsServer.start();
    authority = await createTestAuthority();
    outbound = new Outbound({ allowedCidrs: [OPEN], resolve: dns.createResolve(), ca: authority.cert });
    dns.set('open.test', [OPEN]);
  });

  afterAll(() => {
    outbound.close();
    for (const socket of sockets) socket.destroy();
    for (const server of servers) server.close();
    dns.stop();
  });

  it('arrives as it was meant, and its answer comes back', async () => {
    let seen: unknown;
    const port = await serve((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        seen = {
          method: request.method,
          url: request.url,
          headers: request.headers,
          body: String(Buffer.concat(parts)),
        };
        response.writeHead(202, { 'content-type': 'text/plain', 'retry-after': '7', 'set-cookie': 'a=b' });
        response.end('taken');
      });
    });
    const answer = await outbound.request({
      url: `http://open.test:${port}/hook?a=b`,
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Signature': 'abc' },
      body: '{"text":"grün"}',
    });
    expect(answer).toMatchObject({
      status: 202,
      headers: { 'content-type': 'text/plain', 'retry-after': '7' },
      isCut: false,
    });
    expect(Object.keys(answer.headers)).toHaveLength(2);
    expect(answer.body.toString()).toBe('taken');
    expect(seen).toMatchObject({
      method: 'POST',
      url: '/hook?a=b',
      body: '{"text":"grün"}',
      headers: {
        host: `open.test:${port}`,
        'content-length': '16',
        'accept-encoding': 'identity',
        'x-signature': 'abc',
      },
    });
  });

  it('keeps a few connections, and asks again where one was closed meanwhile', async () => {
    let connections = 0;
    const server = createHttpServer((_request, response) => response.end('ok'));
    server.on('connection', () => connections++);
    const port = await listen(server);
    const url = `http://${OPEN}:${port}/`;
    await outbound.request({ url });
    await outbound.request({ url });
    expect(connections).toBe(1);
    await Promise.all(Array.from({ length: 12 }, () => outbound.request({ url })));
    expect(connections).toBeLessThanOrEqual(4);
    // Closed on their side, not yet noticed on ours.
    server.closeIdleConnections();
    expect((await outbound.request({ url, method: 'POST', body: 'x' })).status).toBe(200);
  });

  it('goes to the address that was checked: a name that turns round is of no use', async () => {
    let innerRequests = 0;
    const inner = await serve((_request, response) => response.end(String(++innerRequests)), '127.0.0.1');
    const outer = createHttpServer((_request, response) =>
      response.writeHead(200, { connection: 'close' }).end(),
    );
    servers.push(outer);
    await new Promise<void>((resolve) => outer.listen(inner, OPEN, resolve));
    dns.set('rebind.test', [OPEN], ['127.0.0.1']);
    dns.questions.length = 0;
    expect((await outbound.request({ url: `http://rebind.test:${inner}/` })).status).toBe(200);
    // One look-up (A and AAAA), and none between check and connection.
    expect(dns.questions).toEqual(['rebind.test', 'rebind.test']);
    expect(await fail({ url: `http://rebind.test:${inner}/` })).toBe('blocked_address');
    expect(innerRequests).toBe(0);
  });

  it.each([
    ['one private address', ['10.0.0.1']],
    ['a public and a private one', [OPEN, '127.0.0.1']],
    ['a private one in IPv6', [OPEN, '::1']],
    ['an IPv4 address in disguise', ['::ffff:127.0.0.1']],
    ['the metadata of a cloud', ['169.254.169.254']],
  ])('goes nowhere for a name with %s', async (_what, addresses) => {
    dns.set('inside.test', addresses);
    expect(await fail({ url: 'http://inside.test/' })).toBe('blocked_address');
  });

  it.each(['localhost', 'localhost.', 'LOCALHOST'])('goes nowhere for %s', async (name) => {
    const plain = new Outbound();
    // Not every resolver knows the one with a dot.
    expect(['blocked_address', 'dns']).toContain(await fail({ url: `http://${name}:1/` }, plain));
  });

  it('never reaches the hub itself or its database, allowed network or not', async () => {
    const port = await serve((_request, response) => response.end('the hub'), '127.0.0.1');
    let isClosed = true;
    const lax = new Outbound({
      allowedCidrs: ['127.0.0.0/8', '::1'],
      resolve: dns.createResolve(),
      closedDoors: () => (isClosed ? [{ port }, { host: 'db.test', port: 5433 }] : []),
    });
    dns.set('db.test', ['127.0.0.9']);
    dns.set('alias.test', ['127.0.0.1']);
    for (const host of ['127.0.0.1', '127.1', '127.0.0.1.', 'alias.test', '[::1]']) {
      expect([host, await fail({ url: `http://${host}:${port}/` }, lax)]).toEqual([host, 'blocked_address']);
    }
    expect(await fail({ url: 'http://127.0.0.9:5433/' }, lax)).toBe('blocked_address');
    expect(await fail({ url: 'http://127.0.0.8:5433/' }, lax)).toBe('refused');
    await expect(lax.openSocket({ host: 'alias.test', port })).rejects.toMatchObject({
      code: 'blocked_address',
    });
    isClosed = false;
    expect((await lax.request({ url: `http://alias.test:${port}/` })).status).toBe(200);
    lax.close();
  });

  it.each([301, 302, 303, 307, 308])('does not follow %d to anywhere', async (status) => {
    let reached = 0;
    const inner = await serve(() => reached++, '127.0.0.1');
    const port = await serve((_request, response) => {
      response.writeHead(status, { location: `http://127.0.0.1:${inner}/` }).end();
    });
    const url = `http://${OPEN}:${port}/`;
    expect(await fail({ url })).toBe('redirect');
    expect(await fail({ url, answer: 'start', method: 'POST', body: 'x' })).toBe('redirect');
    expect(reached).toBe(0);
  });

  it('sends no header that would change the message, its way or its sender', async () => {
    const names = ['Host', 'content-length', 'Transfer-Encoding', 'CONNECTION', 'Cookie', 'Upgrade', 'TE', 'Expect',
      'Proxy-Authorization', 'Accept-Encoding', 'x y', 'x:y', '']; // prettier-ignore
    for (const name of names) {
      expect([name, await fail({ url: 'http://open.test:1/', headers: { [name]: 'x' } })]).toEqual([
        name,
        'bad_header',
      ]);
    }
    for (const value of ['a\r\nX-Evil: 1', 'a\nb', 'a\0b', '\u2028', 'x'.repeat(9000)]) {
      expect(await fail({ url: 'http://open.test:1/', headers: { 'X-A': value } })).toBe('bad_header');
    }
  });

  it.each<[string, OutboundErrorCode, (socket: Socket) => void]>([
    ['breaks off with a reset', 'reset', (socket) => socket.resetAndDestroy()],
    ['hangs up without a word', 'reset', (socket) => socket.end()],
    ['breaks off within the answer', 'reset', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab')],
    ['speaks something else', 'bad_answer', (socket) => socket.end('220 mail.example ESMTP\r\n')],
    ['has endless headers', 'bad_answer', (socket) => socket.end(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`)],
    ['switches protocols', 'bad_answer', (socket) => socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')],
    ['says nothing', 'timeout', () => undefined],
    ['begins and goes silent', 'timeout', (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab')],
    ['is announced as longer than allowed', 'answer_too_large', (socket) => socket.write(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(70_000)}`)],
  ])('ends when the server %s', async (_what, code, answer) => {
    const port = await serveRaw(answer);
    expect(await fail({ url: `http://${OPEN}:${port}/secret-path`, timeoutMs: 400 })).toBe(code);
  }); // prettier-ignore

  it('ends in time with a server that sends a byte now and then, and with one that never ends', async () => {
    const drip = await serveRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const timer = setInterval(() => socket.write('x'), 50);
      socket.on('close', () => clearInterval(timer));
    });
    expect(await fail({ url: `http://${OPEN}:${drip}/`, timeoutMs: 400 })).toBe('timeout');
    const endless = await serve((_request, response) => {
      const pour = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384))) continue;
      };
      response.on('drain', pour);
      pour();
    });
    const url = `http://${OPEN}:${endless}/`;
    expect(await fail({ url })).toBe('answer_too_large');
    const start = await outbound.request({ url, answer: 'start', maxAnswerBytes: 1000 });
    expect([start.status, start.body.length, start.isCut]).toEqual([200, 1000, true]);
    const slow = await outbound.request({ url: `http://${OPEN}:${drip}/`, answer: 'start', timeoutMs: 300 });
    expect([slow.status, slow.isCut]).toEqual([200, true]);
  });

  it('unpacks nothing', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
    const port = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    });
    const url = `http://${OPEN}:${port}/`;
    expect(await fail({ url })).toBe('bad_answer');
    const answer = await outbound.request({ url, answer: 'start' });
    expect(answer.body.length).toBeLessThanOrEqual(64 * 1024);
  });

  it('tells a closed port, a silent name server and an unknown name apart', async () => {
    dns.set('none.test', []);
    expect(await fail({ url: `http://${OPEN}:1/` })).toBe('refused');
    expect(await fail({ url: 'http://none.test/' })).toBe('dns');
    expect(['dns', 'timeout']).toContain(await fail({ url: 'http://silent.test/' }));
  });

  it('is given up with its signal', async () => {
    const port = await serveRaw(() => undefined);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    expect(await fail({ url: `http://${OPEN}:${port}/`, signal: stop.signal })).toBe('aborted');
    expect(await fail({ url: `http://${OPEN}:${port}/`, signal: stop.signal })).toBe('aborted');
  });

  describe('over TLS', () => {
    const serveTls = async (names: string[], options: { notAfter?: Date } = {}): Promise<number> =>
      listen(
        createHttpsServer(await authority.issue(names, options), (request, response) =>
          response.end(JSON.stringify((request.socket as unknown as { servername: unknown }).servername)),
        ),
      );

    it('asks for the name and checks it, though connected by address', async () => {
      const port = await serveTls(['open.test']);
      const answer = await outbound.request({ url: `https://open.test:${port}/` });
      expect(answer.body.toString()).toBe('"open.test"');
      const byAddress = await serveTls([OPEN]);
      expect((await outbound.request({ url: `https://${OPEN}:${byAddress}/` })).status).toBe(200);
    });

    it('refuses wrong certificates and says what is wrong with them', async () => {
      const wrongName = await serveTls(['other.test']);
      await expect(outbound.request({ url: `https://open.test:${wrongName}/` })).rejects.toMatchObject({
        code: 'tls',
        message: expect.stringContaining('another name'),
      });
      const expired = await serveTls(['open.test'], { notAfter: new Date(Date.now() - 60_000) });
      await expect(outbound.request({ url: `https://open.test:${expired}/` })).rejects.toMatchObject({
        code: 'tls',
        message: expect.stringContaining('expired'),
      });
      const port = await serveTls(['open.test']);
      const stranger = new Outbound({ allowedCidrs: [OPEN], resolve: dns.createResolve() });
      await expect(stranger.request({ url: `https://open.test:${port}/` })).rejects.toMatchObject({
        code: 'tls',
        message: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
      });
      const plain = await serve((_request, response) => response.end());
      expect(await fail({ url: `https://${OPEN}:${plain}/` })).toBe('tls');
    });

    it('opens a checked socket for other protocols', async () => {
      const port = await serveTls(['open.test']);
      const socket = await outbound.openSocket({ host: 'open.test', port, isTls: true });
      expect(socket.remoteAddress).toBe(OPEN);
      socket.destroy();
      for (const host of ['127.0.0.1', 'a.test/', 'a.test:80', 'x@a.test', 'a.test/:25?']) {
        await expect(outbound.openSocket({ host, port: 25 })).rejects.toBeInstanceOf(OutboundError);
      }
    });
  });

  it('serves libraries that want a fetch', async () => {
    const port = await serve((request, response) => {
      let body = '';
      request.on('data', (part) => (body += String(part)));
      request.on('end', () => response.end(JSON.stringify({ body, type: request.headers['content-type'] })));
    });
    const fetchGuarded = createOutboundFetch(outbound);
    const answer = await fetchGuarded(`http://open.test:${port}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant: 'code' }),
    });
    expect(await answer.json()).toEqual({
      body: 'grant=code',
      type: 'application/x-www-form-urlencoded;charset=UTF-8',
    });
    await expect(fetchGuarded('http://10.0.0.1/')).rejects.toMatchObject({ code: 'blocked_address' });
  });
});
