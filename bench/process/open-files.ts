import { readFileSync } from 'node:fs';

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
