import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { BLOCKED_NETWORKS } from './blocked-networks.js';

/** Networks of both families. Kept apart: one BlockList for both takes `::ffff:0:0/96` for all of IPv4. */
class NetworkList {
  private readonly v4 = new BlockList();
  private readonly v6 = new BlockList();

  /** @param networks addresses and CIDRs, checked before. */
  constructor(networks: Iterable<string>) {
    for (const network of networks) {
      const [address = '', bits] = network.split('/');
      const isV6 = isIP(address) === 6;
      const length = bits === undefined ? (isV6 ? 128 : 32) : Number(bits);
      if (isV6) this.v6.addSubnet(address, length, 'ipv6');
      else this.v4.addSubnet(address, length, 'ipv4');
    }
  }

  /** @param address a plain IP address. */
  has(address: string): boolean {
    return isIP(address) === 6 ? this.v6.check(address, 'ipv6') : this.v4.check(address, 'ipv4');
  }
}

/** Decides by an IP address alone whether it may be connected to; never by a name. */
export class AddressGuard {
  private readonly blocked = new NetworkList(BLOCKED_NETWORKS);
  private readonly allowed: NetworkList;

  /** @param allowedCidrs what may be reached although it is blocked by default. */
  constructor(allowedCidrs: Iterable<string>) {
    this.allowed = new NetworkList(allowedCidrs);
  }

  isAllowed(address: string): boolean {
    // One with a zone (`fe80::1%eth0`) is never public, and the zone would choose our interface.
    if (isIP(address) === 0 || address.includes('%')) return false;
    return this.allowed.has(address) || !this.blocked.has(address);
  }
}

const LOOPBACK = new NetworkList(['0.0.0.0/8', '127.0.0.0/8', '::/127']);

/** Whether a connection to `address` ends on the machine that the hub runs on. */
export function isThisMachine(address: string): boolean {
  const plain = unmapIPv4(address);
  if (LOOPBACK.has(plain)) return true;
  return Object.values(networkInterfaces()).some((list) =>
    list?.some((own) => isSameAddress(own.address, plain)),
  );
}

/** Whether both are one address, whatever their spelling; an IPv4 address mapped into IPv6 is that IPv4 address. */
export function isSameAddress(left: string, right: string): boolean {
  return unmapIPv4(left) === unmapIPv4(right);
}

/** The IPv4 address that an IPv6 one carries as `::ffff:a.b.c.d`, else the address in its canonical spelling. */
function unmapIPv4(address: string): string {
  if (isIP(address) !== 6 || address.includes('%')) return address;
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const match = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (!match) return canonical;
  const [high, low] = [parseInt(match[1]!, 16), parseInt(match[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
