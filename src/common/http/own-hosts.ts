import { isIP } from 'node:net';
import type { DoorConfig } from './door-config.js';

/** Splits a Host header into name and port, lower case; undefined when it is none. */
function splitHost(header: string): { name: string; port: string } | undefined {
  const match = /^(\[[0-9a-f:.%]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/.exec(header.toLowerCase());
  return match ? { name: match[1]!, port: match[2] ?? '' } : undefined;
}

/**
 * Makes the check of the Host header. IP literals pass because a page of another site can never have
 * one as its name: it is names whose address an attacker can change that make DNS rebinding.
 */
export function createHostCheck(
  config: Pick<DoorConfig, 'publicOrigin' | 'allowedHosts'>,
): (header: string | undefined) => boolean {
  const allowed = new Set(['localhost', ...config.allowedHosts.map((host) => host.toLowerCase())]);
  if (config.publicOrigin !== undefined) allowed.add(new URL(config.publicOrigin).hostname);
  const verdicts = new Map<string, boolean>();
  return (header) => {
    if (header === undefined) return false;
    const known = verdicts.get(header);
    if (known !== undefined) return known;
    const isAllowed = isOwnHost(header, allowed);
    // Only good names are remembered, few of them: a stranger cannot fill the map.
    if (isAllowed && verdicts.size < 100) verdicts.set(header, true);
    return isAllowed;
  };
}

function isOwnHost(header: string, allowed: ReadonlySet<string>): boolean {
  const host = splitHost(header);
  if (!host) return false;
  const bare = host.name.startsWith('[') ? host.name.slice(1, -1) : host.name;
  return isIP(bare) !== 0 || allowed.has(host.name) || allowed.has(`${host.name}:${host.port}`);
}
