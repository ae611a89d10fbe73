import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createTestAuthority, type TestAuthority } from '../../test/support/certificates.js';
import { HubConnection, type HubConnectionOptions } from './hub-connection.js';

const answer: RequestListener = (request, response) => {
  request.resume();
  response.end('{"accepted":0,"duplicates":0}');
};

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

describe('the way through an HTTP proxy', () => {
  let authority: TestAuthority;
  let secure: Server;
  let plain: Server;
  let proxy: Server;
  let proxyUrl: string;
  let status: number;
  /** What the proxy was asked for: where to, and who asks. */
  const asked: (string | undefined)[][] = [];
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    authority = await createTestAuthority();
    secure = createHttpsServer(await authority.issue(['127.0.0.1']), answer);
    plain = createHttpServer(answer);
    proxy = createHttpServer();
    proxy.on('connect', (request, client: Socket) => {
      asked.push([request.url, request.headers['proxy-authorization']]);
      client.on('error', () => undefined);
      if (status !== 200) return void client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      const [host, port] = request.url!.split(':');
      const upstream = connect(Number(port), host, () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
      upstream.on('error', () => client.destroy());
      for (const socket of [client, upstream]) sockets.add(socket);
      client.pipe(upstream).pipe(client);
    });
    await Promise.all([listen(secure), listen(plain)]);
    proxyUrl = `http://127.0.0.1:${await listen(proxy)}`;
  });
  beforeEach(() => {
    asked.length = 0;
    status = 200;
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of [secure, plain, proxy]) server.close();
  });

  async function post(server: Server, options: Partial<HubConnectionOptions>): Promise<(string | number)[]> {
    const { port } = server.address() as AddressInfo;
    const url = new URL(`${server === secure ? 'https' : 'http'}://127.0.0.1:${port}/`);
    const all = { url, key: 'wk_secret', userAgent: 'test', proxy: new URL(proxyUrl), ...options };
    const connection = new HubConnection(all);
    const results: (string | number)[] = [];
    for (let count = 0; count < 2; count++) {
      const result = connection.post('{"reports":[]}').then(
        (response) => response.status,
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      );
      results.push(await result);
    }
    connection.close();
    return results;
  }

  it('carries TLS to the hub, which is still checked, over one connection', async () => {
    expect(await post(secure, { ca: authority.cert })).toEqual([200, 200]);
    expect(asked).toHaveLength(1);
    expect(asked[0]![0]).toBe(`127.0.0.1:${(secure.address() as AddressInfo).port}`);
    const [first] = await post(secure, {});
    expect(first).toMatch(/UNABLE_TO|SELF_SIGNED/);
  });

  it('carries plain http too, and says who asks when it was told', async () => {
    const named = new URL(proxyUrl);
    named.username = 'agent';
    named.password = 'p%40ss';
    expect(await post(plain, { proxy: named })).toEqual([200, 200]);
    expect(asked[0]![1]).toBe(`Basic ${Buffer.from('agent:p@ss').toString('base64')}`);
  });

  it.each([403, 407, 502])('says that the proxy refused with a %d', async (refusal) => {
    status = refusal;
    expect((await post(secure, {}))[0]).toBe(`the proxy refused the connection (status ${refusal})`);
  });

  it('says when no proxy is there', async () => {
    expect(await post(secure, { proxy: new URL('http://127.0.0.1:1') })).toEqual([
      'ECONNREFUSED',
      'ECONNREFUSED',
    ]);
  });
});
