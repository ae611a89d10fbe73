import { Agent as HttpAgent, request } from 'node:http';
import { TunnelHttpAgent } from './proxy-tunnel.js';

export interface HubTransportOptions {
  /** Certificates of authorities to trust instead of those that come with Node, in PEM. */
  ca?: string;
  /** The hub's key must be one of these: `sha256//…`. They stand in for the authorities where no `ca` is given. */
  pins?: readonly string[];
  /** An HTTP proxy to reach the hub through. */
  proxy?: URL;
}

/** How requests get to the hub. */
export interface HubTransport {
  readonly request: typeof request;
  readonly agent: HttpAgent;
}

const ONE_CONNECTION = { keepAlive: true, maxSockets: 1 };

/** One connection for all requests, by http or https as the address says. */
export async function openHubTransport(
  { protocol }: URL,
  options: HubTransportOptions,
): Promise<HubTransport> {
  if (protocol === 'https:') {
    const { openSecureTransport } = await import('./secure-agent.js');
    return openSecureTransport(ONE_CONNECTION, options);
  }
  const { proxy } = options;
  return {
    request,
    agent: proxy ? new TunnelHttpAgent(proxy, ONE_CONNECTION) : new HttpAgent(ONE_CONNECTION),
  };
}
