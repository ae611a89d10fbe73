import { setTimeout as sleep } from 'node:timers/promises';
import { postReport, type HubClient } from '../support/hub-client.js';

const STEP_MS = 10_000;
const GIB = 2 ** 30;

interface Machine {
  readonly name: string;
  readonly tags: string[];
  readonly os: string;
  readonly cores: number;
  readonly memoryGib: number;
  /** Percent: its usual CPU, and how far it swings. */
  readonly cpu: [usual: number, swing: number];
  readonly memoryPercent: number;
  readonly disks: Record<string, [totalGib: number, percent: number]>;
  /** Bytes a second. */
  readonly traffic: [received: number, sent: number];
}

const MACHINES: readonly Machine[] = [
  {
    name: 'web-01',
    tags: ['prod', 'web'],
    os: 'Debian 12',
    cores: 8,
    memoryGib: 16,
    cpu: [34, 22],
    memoryPercent: 52,
    disks: { '/': [80, 46], '/var/log': [40, 63], '/srv/cache': [200, 28] },
    traffic: [2.4e6, 9.5e6],
  },
  {
    name: 'db-01',
    tags: ['prod', 'postgres'],
    os: 'Debian 12',
    cores: 16,
    memoryGib: 64,
    cpu: [21, 12],
    memoryPercent: 78,
    disks: { '/': [60, 31], '/var/lib/postgresql': [900, 84] },
    traffic: [5.1e6, 7.2e6],
  },
  {
    name: 'mail',
    tags: ['prod'],
    os: 'Alpine 3.22',
    cores: 2,
    memoryGib: 4,
    cpu: [9, 8],
    memoryPercent: 38,
    disks: { '/': [40, 57] },
    traffic: [9e4, 1.4e5],
  },
  {
    name: 'build-02',
    tags: ['ci'],
    os: 'Ubuntu 24.04',
    cores: 32,
    memoryGib: 128,
    cpu: [71, 27],
    memoryPercent: 64,
    disks: { '/': [120, 52], '/var/cache': [500, 71] },
    traffic: [1.8e7, 3.2e6],
  },
  {
    name: 'backup',
    tags: ['storage'],
    os: 'Debian 12',
    cores: 4,
    memoryGib: 8,
    cpu: [6, 4],
    memoryPercent: 24,
    disks: { '/': [30, 41], '/backup': [7300, 69] },
    traffic: [8e6, 2e5],
  },
];

/** Whole number to a number from -1 to 1, without a pattern that the eye finds. */
function scatter(seed: number, place: number): number {
  const value = Math.sin(place * 127.1 + seed * 311.7) * 43758.5453;
  return 2 * (value - Math.floor(value)) - 1;
}

/** Smooth between points that lie `lengthMs` apart. */
function drift(seed: number, atMs: number, lengthMs: number): number {
  const place = Math.floor(atMs / lengthMs);
  const share = atMs / lengthMs - place;
  const eased = share * share * (3 - 2 * share);
  return scatter(seed, place) * (1 - eased) + scatter(seed, place + 1) * eased;
}

/** From -1 to 1, as load goes: slow tides, short bursts, a little noise; the same whenever it is asked. */
function wave(seed: number, atMs: number): number {
  const slow = drift(seed, atMs, 900_000);
  const burst = drift(seed + 50, atMs, 150_000);
  return slow * 0.5 + burst * 0.35 + drift(seed + 90, atMs, 20_000) * 0.15;
}

const round = (value: number): number => Math.round(value * 100) / 100;
const clamp = (value: number): number => Math.min(99.5, Math.max(0.4, value));

function makeReports(
  machine: Machine,
  seed: number,
  startedAt: number,
  fromMs: number,
  toMs: number,
): object[] {
  const reports = [];
  let received = 4e9;
  let sent = 9e9;
  for (let at = startedAt; at <= toMs; at += STEP_MS) {
    const cpu = round(clamp(machine.cpu[0] + machine.cpu[1] * wave(seed, at)));
    const memory = round(clamp(machine.memoryPercent + 5 * wave(seed + 9, at / 3)));
    received += Math.round((machine.traffic[0] * (1.1 + wave(seed + 3, at)) * STEP_MS) / 1000);
    sent += Math.round((machine.traffic[1] * (1.1 + wave(seed + 5, at)) * STEP_MS) / 1000);
    if (at < fromMs) continue;
    const totalBytes = machine.memoryGib * GIB;
    reports.push({
      at,
      bootId: 'b1',
      intervalSeconds: STEP_MS / 1000,
      host: { hostname: machine.name, os: machine.os, kernel: '6.12.48', cores: machine.cores },
      cpu: {
        usagePercent: cpu,
        userPercent: round(cpu * 0.68),
        systemPercent: round(cpu * 0.24),
        iowaitPercent: round(cpu * 0.08),
        cores: machine.cores,
        load1: round((cpu / 100) * machine.cores * 1.1),
      },
      memory: { totalBytes, usedBytes: Math.round((totalBytes * memory) / 100), usagePercent: memory },
      storage: Object.entries(machine.disks).map(([mount, [totalGib, percent]]) => {
        const usagePercent = round(percent + (at - startedAt) / 3.6e6);
        const usedBytes = Math.round((totalGib * GIB * usagePercent) / 100);
        return {
          mount,
          totalBytes: totalGib * GIB,
          usedBytes,
          freeBytes: totalGib * GIB - usedBytes,
          usagePercent,
        };
      }),
      network: [{ interface: 'eth0', bytesReceived: received, bytesSent: sent }],
    });
  }
  return reports;
}

/** A few machines that have reported for the last hour, and go on; the last of them is stopped. */
export class Fleet {
  private isStopped = false;
  private reporting: Promise<void> = Promise.resolve();

  private constructor(
    private readonly user: HubClient,
    /** By name. */
    readonly ids: ReadonlyMap<string, string>,
    private readonly keys: ReadonlyMap<string, string>,
    private readonly startedAt: number,
  ) {}

  static async add(user: HubClient): Promise<Fleet> {
    const ids = new Map<string, string>();
    const keys = new Map<string, string>();
    for (const { name, tags } of MACHINES) {
      const { id, key } = await user.createMonitor({ name, tags, intervalSeconds: STEP_MS / 1000 });
      ids.set(name, id);
      keys.set(name, key);
    }
    const fleet = new Fleet(user, ids, keys, Date.now() - 3_600_000);
    await fleet.report(fleet.startedAt);
    await user.call('POST', `/api/monitoring/${ids.get('backup')}/stop`);
    fleet.reporting = fleet.keepReporting();
    return fleet;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.reporting;
  }

  private async keepReporting(): Promise<void> {
    let lastAt = Date.now();
    while (!this.isStopped) {
      await sleep(200);
      if (Date.now() - lastAt < STEP_MS) continue;
      lastAt = Date.now();
      await this.report(lastAt - STEP_MS);
    }
  }

  /** Everything since then; what the hub has already is a duplicate there. */
  private async report(fromMs: number): Promise<void> {
    const first = this.startedAt + Math.floor((fromMs - this.startedAt) / STEP_MS) * STEP_MS;
    for (const [seed, machine] of MACHINES.entries()) {
      const reports = makeReports(machine, seed, this.startedAt, first, Date.now());
      const answer = await postReport(this.user.hub, this.keys.get(machine.name)!, { reports });
      if (answer.status !== 200 && answer.body.code !== 'monitor_stopped') throw new Error(answer.text);
    }
  }
}
