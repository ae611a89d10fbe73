import type { HostInventory } from '../core/model/report.js';
import {
  createReportCollector,
  type ReportCollector,
  type ReportCollectorOptions,
} from './collect-report.js';
import { readInventory } from './inventory.js';
import { MachineFiles } from './machine-files.js';

/**
 * The collector for whatever operating system this is. On Linux it reads files only; elsewhere, and for
 * what the files of a Linux machine do not tell about it, `systeminformation` is loaded.
 * The agent's bundle for Linux calls `createReportCollector` instead and does without that library.
 */
export async function openReportCollector(options: ReportCollectorOptions): Promise<ReportCollector> {
  if (process.platform === 'linux') return openLinuxCollector(options);
  const [{ createPortableProbes }, { readPortableInventory }] = await Promise.all([
    import('./portable/portable-probes.js'),
    import('./portable/portable-inventory.js'),
  ]);
  const inventory = await readPortableInventory(options.agentVersion);
  return createReportCollector({
    ...options,
    probes: createPortableProbes(options),
    readInventory: () => inventory,
  });
}

function openLinuxCollector(options: ReportCollectorOptions): ReportCollector {
  const files = options.files ?? new MachineFiles();
  let extra: HostInventory = {};
  const read = (): HostInventory => ({ ...extra, ...readInventory(files, options.agentVersion) });
  // An ARM processor's name is in no file; a foreign root is not what systeminformation would read.
  if (files.rootfs === '' && read().cpuModel === undefined) {
    void import('./portable/portable-inventory.js')
      .then(({ readPortableInventory }) => readPortableInventory())
      .then(({ cpuModel }) => (extra = cpuModel === undefined ? {} : { cpuModel }))
      // An inventory without the processor's name is no reason to fail.
      .catch(() => undefined);
  }
  return createReportCollector({ ...options, files, readInventory: read });
}
