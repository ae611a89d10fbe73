import { readFileSync } from 'node:fs';

const LISTENING = '0A';

/** Connections to a server on this machine (IPv4) that its process holds. */
export function countConnections(port: number): number {
  return readHeld().filter(({ local }) => local === port).length;
}

/** Those of them whose client has let go. */
export function countAbandoned(port: number): number {
  const held = readHeld();
  const clients = new Set(held.filter(({ remote }) => remote === port).map(({ local }) => local));
  return held.filter(({ local, remote }) => local === port && !clients.has(remote)).length;
}

/** Ports of both ends of all that some process holds: without an inode it is the kernel's alone. */
function readHeld(): { local: number; remote: number }[] {
  const lines = readFileSync('/proc/self/net/tcp', 'utf8').trim().split('\n').slice(1);
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state !== LISTENING && inode !== '0')
    .map(([, local, remote]) => ({ local: readPort(local!), remote: readPort(remote!) }));
}

const readPort = (address: string): number => Number.parseInt(address.split(':')[1]!, 16);
