import { CORES, DISKS, INTERFACES, SERIES_PER_REPORT } from './series.js';

const INTERVAL_SECONDS = 10;
const JIFFIES_PER_CORE = INTERVAL_SECONDS * 100;
const PAGE_BYTES = 4096;
const TICKS_PER_DAY = 86_400 / INTERVAL_SECONDS;
const GIB = 1024 ** 3;

/**
 * A machine that looks like a real one to whoever compresses its reports: percentages come from whole
 * jiffies and have two decimals, memory moves in pages, loads decay as the kernel's do, counters are whole
 * and come in bursts, disks grow slowly, errors stay at zero. The same index always lives the same life.
 */
export class SimulatedMachine {
  private tick = 0;
  private readonly seed: { state: number };
  private readonly baseLevel: number;
  private level: number;
  private burstTicks = 0;
  private burstLevel = 0;
  private readonly loads = [0, 0, 0];
  private readonly memoryTotalBytes: number;
  private memoryUsedPages: number;
  private readonly swapTotalBytes: number;
  private swapUsedBytes = 0;
  private readonly disks: { readonly totalBytes: number; usedBytes: number }[];
  private readonly interfaces = INTERFACES.map(() => new Array<number>(8).fill(0));
  private processes: number;
  private connections: number;

  constructor(index: number) {
    this.seed = { state: (index + 1) * 0x9e3779b1 };
    const kind = this.random();
    // Most machines idle, some work, a few are busy.
    this.baseLevel = kind < 0.6 ? 0.01 + kind * 0.06 : kind < 0.9 ? kind * 0.3 : kind * 0.6;
    this.level = this.baseLevel;
    this.memoryTotalBytes = [2, 4, 8, 16][index % 4]! * GIB - this.whole(40_000) * PAGE_BYTES;
    this.memoryUsedPages = Math.round((this.memoryTotalBytes / PAGE_BYTES) * (0.2 + this.random() * 0.4));
    this.swapTotalBytes = index % 3 === 0 ? 2 * GIB - PAGE_BYTES : 0;
    this.disks = DISKS.map((_, disk) => {
      const totalBytes = [42_004_086_784, 210_304_475_136, 1_020_702_720][disk]!;
      return { totalBytes, usedBytes: this.pages(totalBytes * (0.2 + this.random() * 0.4)) };
    });
    this.processes = 90 + this.whole(120);
    this.connections = 5 + this.whole(60);
  }

  /** The values of the next report, in the order of `SERIES`. */
  next(): Float64Array {
    const values: number[] = [];
    this.moveLevel();
    this.addCpu(values);
    this.addMemory(values);
    this.addDisks(values);
    this.addInterfaces(values);
    if (this.random() < 0.15) this.processes = Math.max(60, this.processes + this.whole(5) - 2);
    if (this.random() < 0.5) this.connections = Math.max(1, this.connections + this.whole(7) - 3);
    values.push(this.processes, this.connections, Math.round((38 + this.level * 30 + this.noise()) * 10) / 10);
    this.tick++;
    if (values.length !== SERIES_PER_REPORT) throw new Error(`a report of ${values.length} values`);
    return Float64Array.from(values);
  }

  private moveLevel(): void {
    if (this.burstTicks > 0) this.burstTicks--;
    else if (this.random() < 0.004) {
      this.burstTicks = 3 + this.whole(27);
      this.burstLevel = 0.2 + this.random() * 0.5;
    }
    const daily = 1 + 0.4 * Math.sin((2 * Math.PI * this.tick) / TICKS_PER_DAY);
    const target = this.baseLevel * daily + (this.burstTicks > 0 ? this.burstLevel : 0);
    this.level += (target - this.level) * 0.3 + this.noise() * this.baseLevel * 0.2;
    this.level = Math.min(0.98, Math.max(0.002, this.level));
  }

  private addCpu(values: number[]): void {
    let [total, user, system, iowait, steal] = [0, 0, 0, 0, 0];
    const perCore: number[] = [];
    for (let core = 0; core < CORES; core++) {
      const jiffies = JIFFIES_PER_CORE - 1 + this.whole(3);
      const busy = Math.min(1, Math.max(0, this.level * (0.7 + 0.6 * this.random()))) * jiffies;
      const coreUser = Math.round(busy * (0.5 + 0.3 * this.random()));
      const coreSystem = Math.max(0, Math.floor(busy) - coreUser);
      const idle = jiffies - coreUser - coreSystem;
      const coreSteal = idle > 0 && this.random() < 0.01 ? 1 : 0;
      const coreIowait = Math.min(idle - coreSteal, this.random() < 0.3 ? this.whole(12) : 0);
      perCore.push(toPercent(coreUser + coreSystem + coreSteal, jiffies));
      total += jiffies;
      user += coreUser;
      system += coreSystem;
      steal += coreSteal;
      iowait += coreIowait;
    }
    for (let second = 0; second < INTERVAL_SECONDS; second += 5) {
      const running = Math.floor(this.level * CORES + this.random());
      [60, 300, 900].forEach((span, index) => {
        const decay = Math.exp(-5 / span);
        this.loads[index] = this.loads[index]! * decay + running * (1 - decay);
      });
    }
    values.push(toPercent(user + system + steal, total), CORES);
    values.push(...this.loads.map((load) => Math.round(load * 100) / 100));
    values.push(...[user, system, iowait, steal].map((part) => toPercent(part, total)), ...perCore);
  }

  private addMemory(values: number[]): void {
    const totalPages = this.memoryTotalBytes / PAGE_BYTES;
    const wanted = totalPages * (0.3 + this.level * 0.4);
    this.memoryUsedPages += Math.round((wanted - this.memoryUsedPages) * 0.002 + this.noise() * 150);
    this.memoryUsedPages = Math.min(totalPages, Math.max(10_000, this.memoryUsedPages));
    const usedBytes = this.memoryUsedPages * PAGE_BYTES;
    if (this.swapTotalBytes > 0 && this.random() < 0.005) {
      this.swapUsedBytes = Math.min(this.swapTotalBytes, this.swapUsedBytes + this.whole(64) * PAGE_BYTES);
    }
    values.push(this.memoryTotalBytes, this.memoryTotalBytes - usedBytes, usedBytes);
    values.push(toPercent(usedBytes, this.memoryTotalBytes), this.swapTotalBytes, this.swapUsedBytes);
  }

  private addDisks(values: number[]): void {
    this.disks.forEach((disk, index) => {
      if (index === 0 && this.random() < 0.4) disk.usedBytes += PAGE_BYTES * (1 + this.whole(24));
      if (index === 1 && this.random() < 0.1 + this.level) disk.usedBytes += PAGE_BYTES * this.whole(2_000);
      // Log rotation, or somebody who tidies up.
      if (disk.usedBytes > disk.totalBytes * 0.85) disk.usedBytes = this.pages(disk.totalBytes * 0.4);
      const reservedBytes = this.pages(disk.totalBytes * 0.05);
      const freeBytes = disk.totalBytes - reservedBytes - disk.usedBytes;
      values.push(disk.totalBytes, disk.usedBytes, freeBytes);
      values.push(toPercent(disk.usedBytes, disk.usedBytes + freeBytes));
    });
  }

  private addInterfaces(values: number[]): void {
    this.interfaces.forEach((counters, index) => {
      const scale = index === 0 ? 4_000_000 : 200_000;
      const burst = this.random() < 0.03 ? 20 * this.random() : 1;
      const packetsIn = 20 + Math.round((this.level * scale * burst * (0.5 + this.random())) / 700);
      const packetsOut = 15 + Math.round(packetsIn * (0.6 + 0.3 * this.random()));
      counters[0]! += packetsOut * (180 + this.whole(300));
      counters[1]! += packetsIn * (400 + this.whole(700));
      counters[2]! += packetsOut;
      counters[3]! += packetsIn;
      if (this.random() < 0.01) counters[6]! += 1 + this.whole(3);
      values.push(...counters);
    });
  }

  private pages(bytes: number): number {
    return Math.round(bytes / PAGE_BYTES) * PAGE_BYTES;
  }

  private whole(below: number): number {
    return Math.floor(this.random() * below);
  }

  /** Roughly normal, standard deviation 0.5. */
  private noise(): number {
    return this.random() + this.random() + this.random() - 1.5;
  }

  /** Mulberry32. */
  private random(): number {
    this.seed.state = (this.seed.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.seed.state ^ (this.seed.state >>> 15), 1 | this.seed.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

function toPercent(part: number, whole: number): number {
  return Math.round((part / whole) * 10_000) / 100;
}
