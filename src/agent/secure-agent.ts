import { Agent as HttpsAgent, request } from 'node:https';
import { connect as connectTls } from 'node:tls';
import type { HubTransport, HubTransportOptions } from './hub-transport.js';
import { PinnedHttpsAgent } from './pinned-agent.js';
import { type Done, openTunnel, type Target } from './proxy-tunnel.js';

/** The way to a hub by https. This file is loaded only where it is gone: TLS takes some MiB. */
export function openSecureTransport(
  options: { keepAlive: boolean; maxSockets: number },
  { ca, pins, proxy }: HubTransportOptions,
): HubTransport {
  const secure = { ...options, ...(ca !== undefined && { ca }) };
  if (pins) return { request, agent: new PinnedHttpsAgent(pins, secure, proxy) };
  return { request, agent: proxy ? new TunnelHttpsAgent(proxy, secure) : new HttpsAgent(secure) };
}

/** Node's agent for https, through a proxy: TLS goes from here to the hub, the proxy sees none of it. */
class TunnelHttpsAgent extends HttpsAgent {
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
