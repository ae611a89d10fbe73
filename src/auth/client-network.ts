import { isIPv6 } from 'node:net';

/**
 * What counts as one visitor: an IPv4 address, or the /64 of an IPv6 one, since whoever has one address
 * of a /64 has them all. An IPv4 address written as IPv6 is that IPv4 address.
 */
export function toClientNetwork(ip: string): string {
  const plain = ip.split('%', 1)[0] ?? ip;
  if (!isIPv6(plain)) return plain;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain);
  if (mapped?.[1] !== undefined) return mapped[1];
  const [head = '', tail] = plain.split('::') as [string, string?];
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    // A dotted end stands for two groups.
    const width = after.length + (tail.includes('.') ? 1 : 0);
    while (groups.length + width < 8) groups.push('0');
    groups.push(...after);
  }
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
