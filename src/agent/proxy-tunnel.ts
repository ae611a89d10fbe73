import { Agent as HttpAgent, request } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

const TIMEOUT_MS = 20_000;

type Done = (error: Error | null, socket: Duplex) => void;

interface Target extends ConnectionOptions {
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

/** Node's agent for https, through a proxy: TLS goes from here to the hub, the proxy sees none of it. */
export class TunnelHttpsAgent extends HttpsAgent {
  constructor(
    private readonly proxy: URL,
    options: ConstructorParameters<typeof HttpsAgent>[0],
  ) {
    super(options);
  }

  override createConnection(target: Target, done: Done): undefined {
    openTunnel(this.proxy, target, (error, tunnel) => {
      if (error) return done(error, undefined as never);
      const socket = connectTls({ ...target, socket: tunnel }, () => {
        socket.removeListener('error', fail);
        done(null, socket);
      });
      const fail = (reason: Error): void => done(reason, undefined as never);
      socket.once('error', fail);
    });
    return undefined;
  }
}
