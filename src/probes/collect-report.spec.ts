import { channel } from 'node:diagnostics_channel';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { MACHINES_FOLDER, openMachine } from '../../test/fixtures/machines/open-machine.js';
import { RESOURCES, type Resource } from '../core/model/metric-catalog.js';
import { createReportCollector } from './collect-report.js';
import { openReportCollector } from './open-report-collector.js';
import type { Probe } from './probe.js';

const MACHINES = ['small-vm', 'storage-box', 'old-kernel', 'container', 'half-blind'];
const all = (): readonly Resource[] => RESOURCES;

describe('a report of a fixture machine', () => {
  // UPDATE_GOLDEN=1 writes the files anew; read the difference before committing it.
  it.each(MACHINES)('%s is what the golden file says', async (name) => {
    const machine = openMachine(name);
    const collector = createReportCollector({
      resources: all,
      files: machine.files,
      probes: machine.probes,
      intervalSeconds: () => 1,
      clock: () => 1_795_353_691_461,
    });
    collector.prime();
    machine.passTime();
    const { report, problems } = await collector.collect();
    machine.remove();
    if (report.host) report.host.arch = 'any';
    const text = JSON.stringify({ report, problems }, null, 2).replaceAll(machine.folder, '');
    const golden = join(MACHINES_FOLDER, `${name}.golden.json`);
    if (process.env.UPDATE_GOLDEN) writeFileSync(golden, `${text}\n`);
    expect(`${text}\n`).toBe(readFileSync(golden, 'utf8'));
  });
});

describe('createReportCollector', () => {
  it('leaves percentages out of a report without a baseline', async () => {
    const machine = openMachine('small-vm');
    const { report } = await createReportCollector({
      resources: all,
      files: machine.files,
      probes: machine.probes,
    }).collect();
    machine.remove();
    expect(report.cpu).toEqual({ cores: 2, load1: 0.21, load5: 0.18, load15: 0.11 });
  });

  it('names a probe that fails and reports the others', async () => {
    const broken: Probe<'memory'> = {
      resource: 'memory',
      read: () => {
        throw new Error('meminfo is on fire');
      },
    };
    const machine = openMachine('small-vm');
    const probes = machine.probes.map((probe) => (probe.resource === 'memory' ? broken : probe));
    const collector = createReportCollector({ resources: all, files: machine.files, probes });
    const { report, problems } = await collector.collect();
    machine.remove();
    expect(problems).toEqual([{ resource: 'memory', message: 'meminfo is on fire' }]);
    expect(report).not.toHaveProperty('memory');
    expect(report.storage).toHaveLength(2);
    expect(report.network).toHaveLength(1);
  });

  it('follows a change of resources, and begins CPU anew after a pause', async () => {
    const machine = openMachine('small-vm');
    let resources: Resource[] = ['cpu', 'memory'];
    const collector = createReportCollector({
      resources: () => resources,
      files: machine.files,
      probes: machine.probes,
    });
    collector.prime();
    resources = ['network'];
    expect(Object.keys((await collector.collect()).report)).not.toContain('cpu');
    resources = ['cpu'];
    machine.passTime();
    const { report } = await collector.collect();
    machine.remove();
    expect(report.cpu).toHaveProperty('load1');
    expect(report.cpu).not.toHaveProperty('usagePercent');
    expect(report).not.toHaveProperty('network');
  });

  it('sends the inventory first, after a change, and once an hour', async () => {
    const machine = openMachine('small-vm');
    let now = 1_795_353_691_461;
    const { files, probes } = machine;
    const collector = createReportCollector({ resources: () => [], files, probes, clock: () => now });
    const takeHost = async () => (await collector.collect()).report.host;
    expect(await takeHost()).toMatchObject({ hostname: 'web-01', os: 'Debian GNU/Linux 12 (bookworm)' });
    now += 1_000;
    expect(await takeHost()).toBeUndefined();
    machine.write('etc/hostname', 'web-02\n');
    now += 60_000;
    expect(await takeHost()).toMatchObject({ hostname: 'web-02' });
    now += 60_000;
    expect(await takeHost()).toBeUndefined();
    now += 3_600_000;
    expect(await takeHost()).toMatchObject({ hostname: 'web-02' });
    machine.remove();
  });

  it('gives two readers windows of their own', async () => {
    const machine = openMachine('small-vm');
    const open = () => createReportCollector({ resources: all, files: machine.files });
    const [fast, slow] = [open(), open()];
    slow.prime();
    fast.prime();
    machine.passTime();
    await fast.collect();
    const { report } = await slow.collect();
    fast.close();
    slow.close();
    machine.remove();
    expect(report.cpu?.usagePercent).toBe(23);
  });
});

describe('this machine', () => {
  if (process.platform !== 'linux') {
    it.skip('is not Linux: there is no /proc to read', () => {});
    return;
  }

  it('gives plausible values and starts no process', async () => {
    let started = 0;
    const count = () => void started++;
    channel('child_process').subscribe(count);
    const collector = await openReportCollector({ resources: all, intervalSeconds: () => 1 });
    collector.prime();
    await pass(300);
    const { report, problems } = await collector.collect();
    for (let i = 0; i < 20; i++) await collector.collect();
    collector.close();
    channel('child_process').unsubscribe(count);

    expect(problems).toEqual([]);
    const { cpu, memory, storage, network, host } = report;
    for (const percent of [cpu!.usagePercent!, cpu!.stealPercent!, ...cpu!.perCorePercent!]) {
      expect(percent).toBeGreaterThanOrEqual(0);
      expect(percent).toBeLessThanOrEqual(100);
    }
    expect(cpu!.perCorePercent!.length).toBe(cpu!.cores);
    expect(memory!.usedBytes! + memory!.availableBytes!).toBe(memory!.totalBytes);
    const root = storage!.find(({ mount }) => mount === '/')!;
    expect(root.usedBytes! + root.freeBytes!).toBeLessThanOrEqual(root.totalBytes!);
    expect(new Set(network?.map((one) => one.interface)).has('lo')).toBe(false);
    expect(report.bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(host?.hostname).toBeTruthy();
    expect(started).toBe(0);
  });

  it('has no way to start a process outside the portable probes', () => {
    const folder = join(MACHINES_FOLDER, '../../../src/probes');
    const sources = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'));
    expect(sources.length).toBeGreaterThan(8);
    for (const file of sources) {
      const text = readFileSync(join(folder, file), 'utf8');
      expect(text).not.toMatch(/child_process|from 'systeminformation'|node:vm|\beval\b/);
    }
  });
});
