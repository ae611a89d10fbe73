import { readFileSync } from 'node:fs';

/**
 * Connections to a server on this machine (IPv4) that a process still holds at the server's side.
 * @param from only those that came from one of these ports
 */
export function countConnections(port: number, from?: ReadonlySet<number>): number {
  const LISTENING = '0A';
  const lines = readFileSync('/proc/self/net/tcp', 'utf8').split('\n').slice(1);
  return lines.filter((line) => {
    const [, local = '', remote = '', state, , , , , , inode] = line.trim().split(/\s+/);
    const [at, peer] = [local, remote].map((address) => Number.parseInt(address.split(':')[1] ?? '', 16));
    // Without an inode it is the kernel's alone.
    return at === port && state !== LISTENING && inode !== '0' && (!from || from.has(peer!));
  }).length;
}
