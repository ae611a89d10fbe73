import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import {
  createTestAuthority,
  type CertificatePair,
  type TestAuthority,
} from '../../test/support/certificates.js';
import { computePin } from '../common/tls/tls-identity.js';
import { HubConnection, type HubConnectionOptions } from './hub-connection.js';

const WRONG_PIN = `sha256//${'A'.repeat(43)}=`;

describe('the agent on TLS', () => {
  let authority: TestAuthority;
  let pair: CertificatePair;
  let server: Server;
  let port: number;
  /** What anybody got to see of the key. */
  const seen: unknown[] = [];
  const sockets = new Set<Socket>();
  let handshakes = 0;

  beforeAll(async () => {
    authority = await createTestAuthority();
    pair = await authority.issue(['127.0.0.1']);
    server = createServer(pair, (request, response) => {
      seen.push(request.headers['x-api-key']);
      request.resume();
      response.end('{"accepted":0,"duplicates":0}');
    });
    server.on('secureConnection', () => handshakes++);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  beforeEach(() => void (seen.length = 0));

  async function post(options: Partial<HubConnectionOptions>, times = 1): Promise<string | number> {
    const url = new URL(`https://127.0.0.1:${port}/`);
    const connection = new HubConnection({ url, key: 'wk_secret', userAgent: 'test', ...options });
    try {
      let status = 0;
      for (let count = 0; count < times; count++) ({ status } = await connection.post('{"reports":[]}'));
      return status;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    } finally {
      connection.close();
    }
  }

  it('refuses a certificate of an authority that it does not know, before it says its key', async () => {
    expect(await post({})).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED|UNABLE_TO_GET_ISSUER/);
    expect(seen).toEqual([]);
  });

  it('takes the authority that it was given', async () => {
    expect(await post({ ca: authority.cert })).toBe(200);
    const other = await createTestAuthority('Another');
    expect(await post({ ca: other.cert })).not.toBe(200);
    expect(seen).toEqual(['wk_secret']);
  });

  it('takes the pinned key without any authority, and keeps the connection', async () => {
    handshakes = 0;
    expect(await post({ pins: [WRONG_PIN, computePin(pair.cert)] }, 3)).toBe(200);
    expect([seen.length, handshakes]).toEqual([3, 1]);
  });

  it('refuses another key before it says its own', async () => {
    expect(await post({ pins: [WRONG_PIN] })).toBe('WRONG_PIN');
    expect(await post({ pins: [WRONG_PIN], ca: authority.cert })).toBe('WRONG_PIN');
    expect(seen).toEqual([]);
  });

  it('wants both where it has a pin and an authority', async () => {
    const other = await createTestAuthority('Another');
    expect(await post({ pins: [computePin(pair.cert)], ca: authority.cert })).toBe(200);
    expect(await post({ pins: [computePin(pair.cert)], ca: other.cert })).not.toBe(200);
    expect(seen).toHaveLength(1);
  });

  it('checks the pin through a proxy too, which sees none of it', async () => {
    const proxy = createHttpServer();
    proxy.on('connect', (_request, client: Socket) => {
      const upstream = connect(port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const address = new URL(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    expect(await post({ pins: [computePin(pair.cert)], proxy: address })).toBe(200);
    expect(await post({ pins: [WRONG_PIN], proxy: address })).toBe('WRONG_PIN');
    proxy.closeAllConnections();
    proxy.close();
  });
});
