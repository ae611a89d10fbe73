import { setTimeout as pass } from 'node:timers/promises';
import { RESOURCES } from '../../core/model/metric-catalog.js';
import { createReportCollector } from '../collect-report.js';
import { readPortableInventory } from './portable-inventory.js';
import {
  createPortableProbes,
  describeFileSystems,
  describeInterfaces,
  describeShares,
} from './portable-probes.js';

const ticks = (user: number, sys: number, idle: number) => ({ user, nice: 0, sys, idle, irq: 0 });

describe('portable probes', () => {
  it('read this machine through systeminformation', async () => {
    const collector = createReportCollector({ resources: () => RESOURCES, probes: createPortableProbes() });
    collector.prime();
    await pass(300);
    const { report, problems } = await collector.collect();
    expect(problems).toEqual([]);
    expect(report.cpu?.usagePercent).toBeGreaterThanOrEqual(0);
    expect(report.cpu?.usagePercent).toBeLessThanOrEqual(100);
    expect(report.memory!.usedBytes! + report.memory!.availableBytes!).toBe(report.memory!.totalBytes);
    expect(report.storage!.length).toBeGreaterThan(0);
    expect(report.network?.some((one) => one.interface === 'lo')).toBe(false);
  }, 20_000);

  it('give an inventory', async () => {
    const inventory = await readPortableInventory('1.2.3');
    expect(inventory).toMatchObject({ arch: process.arch, agentVersion: '1.2.3' });
    expect(inventory.hostname).toBeTruthy();
    expect(inventory.cores).toBeGreaterThan(0);
  }, 20_000);

  it('leave out what such a system cannot tell', () => {
    expect(describeShares([ticks(0, 0, 0)], [ticks(10, 20, 70)])).toEqual({
      usagePercent: 30,
      userPercent: 10,
      systemPercent: 20,
      perCorePercent: [30],
    });
    expect(describeShares([ticks(5, 5, 5)], [ticks(5, 5, 5)])).toEqual({});
    const stats = { iface: 'en0', rx_bytes: 5, tx_bytes: null } as never;
    const [reading] = describeInterfaces([stats], []);
    expect(JSON.parse(JSON.stringify(reading))).toEqual({ interface: 'en0', bytesReceived: 5 });
    const empty = {
      mount: '/dev',
      fs: 'devfs',
      type: 'devfs',
      size: 0,
      used: 0,
      available: 0,
      use: 0,
      rw: true,
    };
    expect(describeFileSystems([empty])).toEqual([]);
  });
});
