import { arch, cpus, hostname, release } from 'node:os';
import si from 'systeminformation';
import type { HostInventory } from '../../core/model/report.js';
import { dropAbsent } from '../inventory.js';

const DEADLINE_MS = 5_000;

/**
 * What this machine is, on any operating system, by `systeminformation`. It starts processes, so it is
 * asked once, at start. What is not known after 5 s is taken from Node or left out. Never rejects.
 */
export async function readPortableInventory(agentVersion?: string): Promise<HostInventory> {
  const [os, cpu] = await Promise.all([answerOrNothing(si.osInfo()), answerOrNothing(si.cpu())]);
  return dropAbsent({
    hostname: os?.hostname || hostname(),
    os: joinWords(os?.distro, os?.release),
    kernel: os?.kernel || release(),
    arch: arch(),
    cpuModel: joinWords(cpu?.manufacturer, cpu?.brand) ?? cpus()[0]?.model,
    cores: cpu?.cores || cpus().length || undefined,
    agentVersion,
  });
}

function joinWords(...words: (string | undefined)[]): string | undefined {
  const text = words
    .filter((word) => word && word.toLowerCase() !== 'unknown')
    .join(' ')
    .trim();
  return text === '' ? undefined : text;
}

async function answerOrNothing<T>(question: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), DEADLINE_MS);
  });
  try {
    return await Promise.race([question, deadline]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
