import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';

/** What the figures depend on and a reader cannot see. */
export function describeMachine(): Record<string, string> {
  const memory = readFileSync('/proc/meminfo', 'utf8');
  const cachedKib = Number(/^Cached:\s+(\d+)/m.exec(memory)?.[1] ?? 0);
  return {
    CPU: `${os.cpus()[0]?.model.trim()}, ${os.cpus().length} cores`,
    memory: `${(os.totalmem() / 1024 ** 3).toFixed(1)} GiB`,
    system: `${readOsName()}, Linux ${os.release()}`,
    Node: process.versions.node,
    'load average': os
      .loadavg()
      .map((load) => load.toFixed(2))
      .join(' '),
    'page cache': `warm (${Math.round(cachedKib / 1024)} MiB cached at the start): nothing is dropped between load and query`,
    commit: readCommit(),
  };
}

function readOsName(): string {
  return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
}

function readCommit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
