import { readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { Logger } from '@nestjs/common';

/** Ten thousand agents, and as many others. */
const MOST_CONNECTIONS = 20_000;
/** Files that the hub needs besides: its database, what it sends on, the page, its keys. */
const OWN_FILES = 200;
const WARN_EVERY_MS = 60_000;

/** How many connections may be open at once, by how many files this process may have open. */
export function findConnectionLimit(): number {
  try {
    return limitByFiles(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    // No Linux.
    return MOST_CONNECTIONS;
  }
}

/** @param limits as in `/proc/self/limits` */
export function limitByFiles(limits: string): number {
  const files = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  // With very few files, half of them.
  return Math.min(MOST_CONNECTIONS, Math.max(Math.floor(files / 2), files - OWN_FILES));
}

/**
 * Closes connections beyond `most` as they come. Without this strangers could use up all files of the process by
 * connections alone, and then the hub could not open those that it needs itself.
 */
export function limitConnections(server: Server, most: number): void {
  const logger = new Logger('http');
  let warnedAt = -Infinity;
  server.maxConnections = most;
  server.on('drop', () => {
    const now = performance.now();
    if (now - warnedAt < WARN_EVERY_MS) return;
    warnedAt = now;
    logger.warn(
      `${most} connections are open: more are refused. If they are your own agents, let the hub open more files (ulimit -n).`,
    );
  });
}
