import type { HostInventory } from '../core/model/report.js';
import type { MachineFiles } from './machine-files.js';

/**
 * What this Linux machine is, from files alone: /proc, /sys, /etc/os-release. Fields that they do not
 * tell are absent (a processor's name on many ARM boards).
 */
export function readInventory(files: MachineFiles, agentVersion?: string): HostInventory {
  const inventory: HostInventory = {
    hostname: firstText(
      // In a container the kernel's name is the container's; the machine's is in its own file.
      () => (files.rootfs === '' ? '' : files.readRoot('/etc/hostname')),
      () => files.readProc('sys/kernel/hostname'),
    ),
    os: firstText(
      () => parsePrettyName(files.readRoot('/etc/os-release')),
      () => parsePrettyName(files.readRoot('/usr/lib/os-release')),
    ),
    kernel: firstText(() => files.readProc('sys/kernel/osrelease')),
    arch: process.arch,
    cpuModel: firstText(
      () => parseCpuModel(files.readProc('cpuinfo')),
      () => files.readSys('firmware/devicetree/base/model').replaceAll('\0', ''),
    ),
    cores: countCores(files),
    agentVersion,
  };
  return dropAbsent(inventory);
}

/** PRETTY_NAME of os-release(5), unquoted; empty when there is none. */
export function parsePrettyName(text: string): string {
  const value = /^PRETTY_NAME=(.*)$/m.exec(text)?.[1]?.trim() ?? '';
  return value.replace(/^(["'])(.*)\1$/, '$2').replace(/\\(["'$`\\])/g, '$1');
}

/** The processor's name in /proc/cpuinfo: `model name`, or `Model` of the boards that have it. */
export function parseCpuModel(text: string): string {
  const name = /^model name\s*:\s*(.+)$/m.exec(text) ?? /^Model\s*:\s*(.+)$/m.exec(text);
  return name?.[1]?.replace(/\s+/g, ' ') ?? '';
}

/** A copy without the fields that are undefined, so that two inventories merge by spreading. */
export function dropAbsent(inventory: HostInventory): HostInventory {
  return Object.fromEntries(Object.entries(inventory).filter(([, value]) => value !== undefined));
}

function countCores(files: MachineFiles): number | undefined {
  try {
    return files.readProc('stat').match(/^cpu\d+ /gm)?.length;
  } catch {
    return undefined;
  }
}

function firstText(...readers: (() => string)[]): string | undefined {
  for (const read of readers) {
    try {
      const text = read().trim();
      if (text !== '') return text;
    } catch {
      // The next reader may know; a missing file is no failure of an inventory.
    }
  }
  return undefined;
}
