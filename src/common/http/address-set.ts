import { BlockList, isIP, isIPv4 } from 'node:net';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * A set of IP addresses and CIDRs. An IPv4 address written as IPv6 is that IPv4 address; the families are kept apart,
 * as one BlockList for both takes `::/0` for all of IPv4 too.
 */
export class AddressSet {
  private readonly v4 = new BlockList();
  private readonly v6 = new BlockList();
  private readonly isEmpty: boolean;

  /** Each `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`; throws a RangeError for what is none. */
  constructor(entries: readonly string[]) {
    this.isEmpty = entries.length === 0;
    for (const entry of entries) {
      if (!isAddressOrCidr(entry)) throw new RangeError('not an IP address or CIDR');
      const [address = '', bits] = entry.split('/');
      if (isIPv4(address)) this.v4.addSubnet(address, Number(bits ?? 32), 'ipv4');
      else this.v6.addSubnet(address, Number(bits ?? 128), 'ipv6');
    }
  }

  has(address: string): boolean {
    if (this.isEmpty) return false;
    const plain = MAPPED.exec(address)?.[1] ?? address.split('%', 1)[0] ?? '';
    const version = isIP(plain);
    if (version === 0) return false;
    return version === 4 ? this.v4.check(plain, 'ipv4') : this.v6.check(plain, 'ipv6');
  }
}

/** `192.0.2.1`, `192.0.2.0/24`, `2001:db8::1`, `2001:db8::/32`. */
export function isAddressOrCidr(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes('%')) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}
