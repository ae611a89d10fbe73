import { Agent as HttpAgent, request } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';

const TIMEOUT_MS = 20_000;

export type Done = (error: Error | null, socket: Duplex) => void;

export interface Target extends ConnectionOptions {
  host?: string;
  port?: number;
}

/** Opens a connection to `host:port` through an HTTP proxy: the proxy carries bytes and reads none of TLS. */
export function openTunnel(proxy: URL, { host, port }: Target, done: Done): void {
  const fail = (error: Error): void => done(error, undefined as never);
  const authority = `${host?.includes(':') ? `[${host}]` : host}:${port}`;
  const headers: Record<string, string> = { Host: authority };
  if (proxy.username) {
    const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    headers['Proxy-Authorization'] = `Basic ${Buffer.from(user).toString('base64')}`;
  }
  const asked = request({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port || 80,
    method: 'CONNECT',
    path: authority,
    headers,
    agent: false,
    timeout: TIMEOUT_MS,
  });
  asked.on('timeout', () => asked.destroy(new Error('the proxy did not answer in time')));
  asked.on('error', fail);
  asked.on('connect', (answer, socket) => {
    asked.removeListener('error', fail);
    if (answer.statusCode === 200) return done(null, socket);
    socket.destroy();
    fail(new Error(`the proxy refused the connection (status ${answer.statusCode})`));
  });
  asked.end();
}

/** Node's agent for http, through a proxy. */
export class TunnelHttpAgent extends HttpAgent {
  constructor(
    private readonly proxy: URL,
    options: ConstructorParameters<typeof HttpAgent>[0],
  ) {
    super(options);
  }

  override createConnection(target: Target, done: Done): undefined {
    openTunnel(this.proxy, target, done);
    return undefined;
  }
}
