import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface ProcessTimes {
  readonly parent: number;
  readonly ownTicks: number;
  /** Of children that have ended and were waited for. */
  readonly endedTicks: number;
}

/** CPU time, in seconds, that these processes and all their descendants have taken so far, the ended ones too. */
export function readCpuSeconds(roots: readonly number[]): number {
  const times = readAllTimes();
  let ticks = 0;
  for (const [pid, time] of times) {
    if (isWithin(pid, roots, times)) ticks += time.ownTicks + time.endedTicks;
  }
  return ticks / TICKS_PER_SECOND;
}

/** This process and all below it. */
export function listDescendants(root: number): number[] {
  const times = readAllTimes();
  return [...times.keys()].filter((pid) => isWithin(pid, [root], times));
}

function isWithin(pid: number, roots: readonly number[], times: Map<number, ProcessTimes>): boolean {
  for (let at = pid; at > 1; at = times.get(at)?.parent ?? 0) if (roots.includes(at)) return true;
  return false;
}

function readAllTimes(): Map<number, ProcessTimes> {
  const times = new Map<number, ProcessTimes>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8');
      // The command's name stands in brackets and may hold anything.
      const fields = text
        .slice(text.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      times.set(Number(name), {
        parent: fields[1]!,
        ownTicks: fields[11]! + fields[12]!,
        endedTicks: fields[13]! + fields[14]!,
      });
    } catch {
      // It ended between the listing and this look.
    }
  }
  return times;
}
