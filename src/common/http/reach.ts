import { networkInterfaces } from 'node:os';
import type { HubConfig } from '../../config/hub-config.js';

type ReachConfig = Pick<HubConfig, 'host' | 'publicOrigin' | 'basePath' | 'tls' | 'tlsPin' | 'isHttpAllowed'>;

/** As users reach the hub, without a slash at the end; `port` is the one that it listens on. */
export function buildPublicAddress(config: ReachConfig, port: number): string {
  if (config.publicOrigin) return config.publicOrigin + config.basePath;
  return buildOwnAddress(config, listensEverywhere(config) ? 'localhost' : config.host, port);
}

/** What the log of the start says about who can reach the hub and what to set to change that; a line each. */
export function describeReach(config: ReachConfig, port: number): { warnings: string[]; hints: string[] } {
  const warnings: string[] = [];
  const hints: string[] = [];
  if (config.isHttpAllowed && config.tls === undefined) {
    warnings.push('WATCHKEEPER_ALLOW_HTTP is set: passwords, keys and samples travel unencrypted');
  }
  if (config.tls === 'auto') {
    hints.push(
      `the certificate is the hub's own: browsers ask once whether to trust it, agents check it by --pin ${config.tlsPin}`,
    );
  }
  if (config.publicOrigin === undefined) {
    const others = listensEverywhere(config) ? findLanAddress() : undefined;
    if (others) {
      const address = buildOwnAddress(config, others, port);
      hints.push(
        `other machines open ${address}/; to use a name set PUBLIC_URL to the address with that name`,
      );
    } else if (isLoopback(config.host)) {
      hints.push(
        'only this machine reaches the hub; for others set HOST=0.0.0.0 and WATCHKEEPER_TLS=auto, ' +
          'or put a proxy with https in front and set PUBLIC_URL to its address',
      );
    }
  }
  return { warnings, hints };
}

function buildOwnAddress({ tls, basePath }: ReachConfig, host: string, port: number): string {
  const scheme = tls === undefined ? 'http' : 'https';
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${basePath}`;
}

function listensEverywhere({ host }: ReachConfig): boolean {
  return host === '0.0.0.0' || host === '::';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function findLanAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
}
