import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Sockets that a process has open: connections of all kinds, those to its database too. */
export function countSockets(pid: number): number {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).filter((name) => {
    try {
      return readlinkSync(`${directory}/${name}`).startsWith('socket:');
    } catch {
      // Closed between the listing and this look.
      return false;
    }
  }).length;
}

/** Throws, and says what to do, where a process may not open so many files at once. Node.js raises its own limit to the hard one. */
export function assertFilesAllowed(needed: number): void {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const [, soft, hard] = /^Max open files +(\S+) +(\S+)/m.exec(limits) ?? [];
  const allowed = Math.max(...[soft, hard].map((text) => (text === 'unlimited' ? Infinity : Number(text))));
  if (allowed >= needed) return;
  throw new Error(
    `${needed} files have to be open at once, and the limit is ${allowed}: run \`ulimit -Hn ${needed}\` as root first`,
  );
}
