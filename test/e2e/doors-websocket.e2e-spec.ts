import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { installShutdown } from '../../src/common/http/shutdown.js';
import { WebsocketDoor } from '../../src/graphql/websocket-door.js';
import { stopTestPostgres } from '../support/test-database.js';
import { countOpenStreams, type DoorsHub, type SignedInUser, startDoorsHub } from './doors-hub.js';

const PROTOCOL = 'graphql-transport-ws';

describe('the WebSocket door', () => {
  let hub: DoorsHub;
  let user: SignedInUser;

  beforeAll(async () => {
    hub = await startDoorsHub();
    user = await hub.signIn();
  }, 60_000);
  afterAll(async () => {
    await hub.close();
    await stopTestPostgres();
  });

  const openSocket = (
    options: { cookie?: string; origin?: string; path?: string; protocol?: string; host?: string } = {},
  ): WebSocket => {
    const { cookie = user.cookie, path = '/graphql', protocol = PROTOCOL, host } = options;
    return new WebSocket(`ws://127.0.0.1:${hub.port}${path}`, protocol, {
      headers: { ...(cookie && { cookie }), ...(host && { host }) },
      origin: 'origin' in options ? options.origin : hub.url,
    });
  };

  const waitForOpen = (socket: WebSocket): Promise<void> =>
    new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));

  /** `open`, or the status of the refusal. */
  const tryOpen = (options: Parameters<typeof openSocket>[0]): Promise<number | 'open'> =>
    new Promise((resolve) => {
      const socket = openSocket(options);
      socket.once('open', () => {
        resolve('open');
        socket.terminate();
      });
      socket.once('unexpected-response', (_request, answer) => {
        resolve(answer.statusCode ?? 0);
        answer.resume();
      });
      socket.on('error', () => undefined);
    });

  const waitForClose = (socket: WebSocket): Promise<number> =>
    new Promise((resolve) => {
      socket.on('error', () => undefined);
      socket.once('close', resolve);
    });

  const openAcknowledged = async (
    cookie = user.cookie,
  ): Promise<{ socket: WebSocket; messages: string[] }> => {
    const socket = openSocket({ cookie });
    const messages: string[] = [];
    await waitForOpen(socket);
    socket.on('message', (data) => messages.push(String(data)));
    socket.send('{"type":"connection_init"}');
    while (messages.length === 0) await sleep(5);
    expect(messages.shift()).toContain('connection_ack');
    return { socket, messages };
  };

  const subscribe = (id: string, query: string, variables?: object): string =>
    JSON.stringify({ id, type: 'subscribe', payload: { query, variables } });

  it('carries queries, mutations and subscriptions for the user of the cookie', async () => {
    const client = createClient({
      url: `ws://127.0.0.1:${hub.port}/graphql`,
      webSocketImpl: class extends WebSocket {
        constructor(address: string, protocol: string) {
          super(address, protocol, { headers: { cookie: user.cookie }, origin: hub.url });
        }
      },
    });
    const results: unknown[] = [];
    for await (const result of client.iterate({ query: '{ whoAmI column }' })) results.push(result);
    expect(results).toEqual([{ data: { whoAmI: 'admin@example.com', column: [1, null, 2.5] } }]);
    const ticks: unknown[] = [];
    for await (const { data } of client.iterate({ query: 'subscription { ticks }' })) {
      if (ticks.push(data) === 3) break;
    }
    expect(ticks).toEqual([{ ticks: 0 }, { ticks: 1 }, { ticks: 2 }]);
    while (countOpenStreams() > 0) await sleep(5);
    await client.dispose();
  });

  it('answers faults as HTTP does', async () => {
    const { socket, messages } = await openAcknowledged();
    const ask = async (query: string, variables?: object): Promise<unknown> => {
      socket.send(subscribe('x', query, variables));
      while (!messages.some((message) => /"(error|complete)"/.test(message))) await sleep(5);
      return JSON.parse(messages.splice(0)[0]!) as unknown;
    };
    const error = (code: string): object => ({ payload: [{ extensions: { code } }] });
    const next = (code: string): object => ({ payload: { errors: [{ extensions: { code } }] } });
    expect(await ask('{ whoAmy }')).toEqual({
      id: 'x',
      type: 'error',
      payload: [
        {
          message: 'Cannot query field "whoAmy" on type "Query".',
          locations: [{ line: 1, column: 3 }],
          extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
        },
      ],
    });
    expect(await ask('{ nonsense')).toMatchObject(error('GRAPHQL_PARSE_FAILED'));
    expect(await ask(`{ ${'whoAmI '.repeat(999)} }`)).toMatchObject(error('GRAPHQL_PARSE_FAILED'));
    expect(await ask(`{ ${'a: whoAmI '.repeat(16)} }`)).toMatchObject(error('GRAPHQL_VALIDATION_FAILED'));
    const deep = `{ branch ${'{ next '.repeat(5)} { level } ${'}'.repeat(5)} }`;
    expect(await ask(deep)).toMatchObject(error('GRAPHQL_VALIDATION_FAILED'));
    expect(await ask('query ($at: DateTime!) { echoInstant(at: $at) }', { at: 'soon' })).toMatchObject(
      next('BAD_USER_INPUT'),
    );
    expect(await ask('mutation { note(input: { text: "far too long" }) }')).toMatchObject(
      next('invalid_input'),
    );
    expect(await ask('subscription { breakingStream }')).toMatchObject(next('not_found'));
    const crash = await ask('mutation { crash }');
    expect(crash).toMatchObject(next('internal'));
    expect(JSON.stringify(crash)).not.toContain('hunter2');
    socket.terminate();
  });

  it.each([
    ['no session', { cookie: 'session=x' }, 401],
    ['no cookie from our own page', { cookie: '' }, 401],
    ['a foreign origin', { origin: 'https://evil.example' }, 403],
    ['a null origin', { origin: 'null' }, 403],
    ['a cookie without an origin', { origin: undefined }, 403],
    ['a name that is not ours', { host: 'evil.example', origin: 'http://evil.example' }, 421],
    ['another path', { path: '/graphqlx' }, 404],
    ['a path below', { path: '/graphql/x' }, 404],
    ['a query string', { path: '/graphql?x=1' }, 404],
    ['an encoded path', { path: '/%67raphql' }, 404],
    ['our own page', {}, 'open'],
  ] as const)('%s: %s', async (_, options, outcome) => {
    expect(await tryOpen(options)).toBe(outcome);
  });

  it('lets a program in that will say who it is: fifty at once, three seconds, and nothing before', async () => {
    const opened = Array.from({ length: 55 }, () => openSocket({ origin: undefined, cookie: '' }));
    const outcomes = await Promise.allSettled(opened.map(waitForOpen));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
    // The page's own users are not held up by them.
    expect(await tryOpen({})).toBe('open');
    const sockets = opened.filter(({ readyState }) => readyState === WebSocket.OPEN);
    const closed = sockets.map(waitForClose);
    sockets[0]!.send(subscribe('1', '{ whoAmI }'));
    sockets[1]!.send('{"type":"connection_init"}');
    sockets[2]!.send('{"type":"connection_init","payload":{"authorization":"Bearer wkp_x"}}');
    sockets[3]!.send('{"type":"connection_init","payload":{"authorization":{"toString":1}}}');
    const codes = await Promise.all(closed);
    expect(codes.slice(0, 5)).toEqual([4401, 4403, 4403, 4403, 4408]);
  }, 10_000);

  it('closes what does not speak the protocol', async () => {
    const closeCode = async (send: (socket: WebSocket) => void, protocol = PROTOCOL): Promise<number> => {
      const socket = openSocket({ protocol });
      const closed = waitForClose(socket);
      await waitForOpen(socket).catch(() => undefined);
      if (socket.readyState === WebSocket.OPEN) send(socket);
      return closed;
    };
    const init = '{"type":"connection_init"}';
    expect(await closeCode((socket) => socket.send('x'.repeat(65 * 1024)))).toBe(1009);
    expect(await closeCode((socket) => socket.send(Buffer.from(init), { binary: true }))).toBe(4400);
    expect(await closeCode((socket) => socket.send('{nonsense'))).toBe(4400);
    expect(await closeCode((socket) => socket.send('['.repeat(60_000)))).toBe(4400);
    expect(await closeCode((socket) => socket.send('{"type":"next","id":"1","payload":{}}'))).toBe(4400);
    expect(await closeCode((socket) => socket.send(subscribe('1', '{ whoAmI }')))).toBe(4401);
    const initTwice = (socket: WebSocket): void => {
      socket.send(init);
      socket.send(init);
    };
    expect(await closeCode(initTwice)).toBe(4429);
    const { socket: sameId } = await openAcknowledged();
    sameId.send(subscribe('1', 'subscription { ticks }'));
    sameId.send(subscribe('1', 'subscription { ticks }'));
    expect(await waitForClose(sameId)).toBe(4409);
    expect(await closeCode((socket) => sendInPieces(socket, 5_000))).toBe(1008);
    expect(await closeCode(() => undefined)).toBe(4408);
  }, 20_000);

  it('refuses another subprotocol with 4406', async () => {
    // A client that offers something else does not accept an answer without it: read the close frame itself.
    const answer = await sendRaw(upgradeRequest({ protocol: 'graphql-ws' }), 300);
    expect(answer.toString('latin1')).toMatch(/^HTTP\/1.1 101 /);
    expect(answer.includes(Buffer.from([0x88, 2 + 'Subprotocol not acceptable'.length, 0x11, 0x36]))).toBe(
      true,
    );
  });

  it('takes 50 operations on a socket, and says so of the 51st without closing', async () => {
    const { socket, messages } = await openAcknowledged();
    for (let id = 1; id <= 51; id++) socket.send(subscribe(String(id), 'subscription { ticks }'));
    while (!messages.some((message) => message.includes('"error"'))) await sleep(5);
    const errors = messages.filter((message) => message.includes('"error"'));
    expect(errors.map((message) => JSON.parse(message) as unknown)).toMatchObject([
      { id: '51', payload: [{ extensions: { code: 'too_many_requests' } }] },
    ]);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.terminate();
    while (countOpenStreams() > 0) await sleep(5);
  });

  it('lets a user have 10 sockets, and others theirs', async () => {
    const other = await hub.signIn('other@example.com');
    const sockets = Array.from({ length: 10 }, () => openSocket());
    await Promise.all(sockets.map(waitForOpen));
    expect(await tryOpen({})).toBe(429);
    expect(await tryOpen({ cookie: other.cookie })).toBe('open');
    const closed = waitForClose(sockets[0]!);
    sockets[0]!.close();
    await closed;
    expect(await tryOpen({})).toBe('open');
    sockets.forEach((socket) => socket.terminate());
    await sleep(50);
  });

  it('closes the sockets of a session that ends, within a second, and only those', async () => {
    const other = await hub.signIn('leaving@example.com');
    const { socket: staying } = await openAcknowledged();
    const { socket } = await openAcknowledged(other.cookie);
    socket.send(subscribe('1', 'subscription { ticks }'));
    while (countOpenStreams() === 0) await sleep(5);
    const endedAt = Date.now();
    const closed = waitForClose(socket);
    await other.end();
    expect(await closed).toBe(4403);
    expect(Date.now() - endedAt).toBeLessThan(1_000);
    expect(staying.readyState).toBe(WebSocket.OPEN);
    expect(await tryOpen({ cookie: other.cookie })).toBe(401);
    staying.terminate();
    while (countOpenStreams() > 0) await sleep(5);
  });

  it('holds back the operation of a reader that stops reading, instead of piling up', async () => {
    const { socket } = await openAcknowledged();
    socket.pause();
    const before = process.memoryUsage().rss;
    socket.send(subscribe('1', 'subscription { pages }'));
    await sleep(1_500);
    expect((process.memoryUsage().rss - before) / 1_048_576).toBeLessThan(60);
    socket.terminate();
  });

  const upgradeRequest = (options: { path?: string; protocol?: string; cookie?: string } = {}): string =>
    [
      `GET ${options.path ?? '/graphql'} HTTP/1.1`,
      `Host: 127.0.0.1:${hub.port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      `Sec-WebSocket-Protocol: ${options.protocol ?? PROTOCOL}`,
      `Origin: ${hub.url}`,
      `Cookie: ${options.cookie ?? user.cookie}`,
      '\r\n',
    ].join('\r\n');

  const dial = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect(hub.port, '127.0.0.1', () => resolve(socket));
      socket.once('error', reject);
    });

  const sendRaw = async (text: string, forMs: number): Promise<Buffer> => {
    const socket = await dial();
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.write(text);
    await sleep(forMs);
    socket.destroy();
    return Buffer.concat(chunks);
  };

  it('outlives a thousand hostile upgrades that end in a reset', async () => {
    const paths = ['/other', '/graphql', '/', '/graphql?', '/api/monitoring/data', '/graphqlXYZ'];
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const socket = await dial();
          socket.on('error', () => undefined);
          const cookie = index % 2 === 0 ? 'session=none' : user.cookie;
          socket.write(upgradeRequest({ path: paths[index % paths.length]!, cookie }));
          if (index % 3 === 0) await sleep(index % 7);
          socket.resetAndDestroy();
        }),
      );
    }
    expect((await fetch(`${hub.url}/livez`)).status).toBe(200);
    while ((await tryOpen({})) !== 'open') await sleep(20);
  }, 30_000);

  it('answers and drops an upgrade to any other path at once', async () => {
    const socket = await dial();
    let answer = '';
    socket.on('data', (chunk) => (answer += String(chunk)));
    const sentAt = Date.now();
    socket.write(upgradeRequest({ path: '/other' }));
    await new Promise((resolve) => socket.once('close', resolve));
    expect(Date.now() - sentAt).toBeLessThan(1_000);
    expect(answer).toMatch(/^HTTP\/1.1 404 /);
    expect(answer).toContain('"code":"not_found"');
  });
});

describe('the doors when the hub stops', () => {
  it('sends sockets away, finishes requests, and closes what lies below last', async () => {
    const hub = await startDoorsHub();
    const user = await hub.signIn();
    const socket = new WebSocket(`ws://127.0.0.1:${hub.port}/graphql`, PROTOCOL, {
      headers: { cookie: user.cookie },
      origin: hub.url,
    });
    await new Promise((resolve) => socket.once('open', resolve));
    const hanging = connect(hub.port, '127.0.0.1');
    hanging.on('error', () => undefined);
    hanging.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n');
    const code = new Promise((resolve) => socket.once('close', resolve));
    const events: string[] = [];
    const inFlight = fetch(`${hub.url}/graphql`, {
      method: 'POST',
      body: '{"query":"{ slow }"}',
      headers: { 'content-type': 'application/json', cookie: user.cookie },
    }).then(async (answer) => events.push(await answer.text()));
    await sleep(100);
    const stop = installShutdown({
      app: hub.app,
      closeSockets: () => hub.app.get(WebsocketDoor).stop(),
      closeLast: async () => void events.push('below'),
      log: (message) => events.push(message),
      exit: (exitCode) => events.push(`exit ${exitCode}`),
      deadlineMs: 6_000,
    });
    await stop(0);
    expect(await code).toBe(1001);
    await inFlight;
    expect(events).toEqual(['{"data":{"slow":"done"}}\n', 'below', 'exit 0']);
    await expect(fetch(`${hub.url}/livez`)).rejects.toThrow();
    await hub.close();
    await stopTestPostgres();
  }, 60_000);
});

/** One message of `count` frames of one byte each. */
function sendInPieces(socket: WebSocket, count: number): void {
  for (let index = 0; index < count; index++) socket.send('x', { fin: index === count - 1 });
}
