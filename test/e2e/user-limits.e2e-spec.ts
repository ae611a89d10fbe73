import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { stopTestPostgres } from '../support/test-database.js';
import { type DoorsHub, type SignedInUser, startDoorsHub } from './doors-hub.js';

afterAll(stopTestPostgres);

/** So slow that nothing comes back while the test runs. */
const RATE = 12;
const COST_A_MINUTE = 5_000;

describe('what one user may ask', () => {
  let hub: DoorsHub;

  beforeAll(async () => {
    hub = await startDoorsHub({ userRate: RATE });
  }, 60_000);
  afterAll(() => hub.close());

  const ask = (user: SignedInUser, query: string): Promise<Response> =>
    fetch(`${hub.url}/graphql`, {
      method: 'POST',
      body: JSON.stringify({ query }),
      headers: { 'content-type': 'application/json', cookie: user.cookie },
    });

  /** A socket, or the refusal. */
  const open = (cookie: string): Promise<WebSocket | { status: number; retryAfter: number }> =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${hub.port}/graphql`, 'graphql-transport-ws', {
        headers: { cookie },
        origin: hub.url,
      });
      socket.on('error', () => undefined);
      socket.once('open', () => resolve(socket));
      socket.once('unexpected-response', (_request, answer) => {
        resolve({ status: answer.statusCode ?? 0, retryAfter: Number(answer.headers['retry-after']) });
        answer.resume();
      });
    });

  const askBySocket = async (
    socket: WebSocket,
    query: string,
  ): Promise<{ type: string; payload: object[] }> => {
    const answers: string[] = [];
    socket.on('message', (data) => answers.push(String(data)));
    socket.send('{"type":"connection_init"}');
    while (answers.length < 1) await sleep(5);
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
    while (answers.length < 2) await sleep(5);
    socket.terminate();
    return JSON.parse(answers[1]!) as { type: string; payload: object[] };
  };

  it('is so many operations a minute, over HTTP and WebSocket together, and others theirs', async () => {
    const user = await hub.signIn('busy@example.com');
    const other = await hub.signIn('calm@example.com');
    const socket = (await open(user.cookie)) as WebSocket;
    for (let count = 1; count <= RATE - 1; count++) {
      // What is not even valid counts as well: reading it is work.
      const answer = await ask(user, count % 2 ? '{ whoAmI }' : '{ nonsense');
      expect(answer.status).toBe(count % 2 ? 200 : 400);
    }
    expect((await askBySocket(socket, '{ whoAmI }')).type).toBe('next');
    const refused = await ask(user, '{ whoAmI }');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'too_many_requests' });
    const again = (await open(user.cookie)) as WebSocket;
    expect(await askBySocket(again, '{ whoAmI }')).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'too_many_requests', retryAfterSeconds: expect.any(Number) } }],
    });
    expect((await ask(other, '{ whoAmI }')).status).toBe(200);
  });

  it('is so much cost an operation and a minute, the same over both', async () => {
    const user = await hub.signIn('dear@example.com');
    const costing = (count: number): string => `{ page(first: ${count}) { level } }`;
    const overLimit = { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } };
    const tooDear = await ask(user, costing(5_001));
    expect([tooDear.status, await tooDear.json()]).toMatchObject([400, { errors: [overLimit] }]);
    const socket = (await open(user.cookie)) as WebSocket;
    expect(await askBySocket(socket, costing(5_001))).toMatchObject({ type: 'error', payload: [overLimit] });
    expect((await ask(user, costing(COST_A_MINUTE - 100))).status).toBe(200);
    const another = (await open(user.cookie)) as WebSocket;
    expect((await askBySocket(another, costing(100))).type).toBe('next');
    const refused = await ask(user, costing(2_000));
    expect([refused.status, await refused.json()]).toMatchObject([
      429,
      { errors: [{ extensions: { code: 'too_many_requests' } }] },
    ]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('is 30 sockets in a row', async () => {
    const user = await hub.signIn('restless@example.com');
    for (let count = 1; count <= 30; count++) {
      const socket = await open(user.cookie);
      expect(socket).toBeInstanceOf(WebSocket);
      const closed = new Promise((resolve) => (socket as WebSocket).once('close', resolve));
      (socket as WebSocket).terminate();
      await closed;
      await sleep(5);
    }
    expect(await open(user.cookie)).toEqual({ status: 429, retryAfter: expect.any(Number) });
  });

  it('leaves strangers 60 tries to open a socket, from each network', async () => {
    for (let count = 1; count <= 60; count++) {
      expect(await open('session=nobody')).toMatchObject({ status: 401 });
    }
    expect(await open('session=nobody')).toEqual({ status: 429, retryAfter: expect.any(Number) });
  });
});
