import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PendingRanges } from './pending-ranges.js';
import { Spool, type SpoolOptions } from './spool.js';
import { SpoolInUseError } from './spool-lock.js';

const DAY_MS = 86_400_000;
const root = mkdtempSync(join(tmpdir(), 'spool-'));
let folder: string;
let lines: string[];
let opened: Spool[];
let made = 0;

beforeEach(() => {
  folder = join(root, String(made++));
  [lines, opened] = [[], []];
});
afterEach(async () => {
  for (const spool of opened) await spool.close();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function open(change: Partial<SpoolOptions> = {}): Promise<Spool> {
  const spool = await Spool.open({
    path: folder,
    maxBytes: 128 * 1024 * 1024,
    maxAgeMs: 7 * DAY_MS,
    log: (level, message, fields) => lines.push(`${level} ${message} ${JSON.stringify(fields)}`),
    now: Date.now,
    ...change,
  });
  opened.push(spool);
  return spool;
}

/** As a kill does it: nothing is written any more, and the lock stays behind as that of a dead process. */
function forget(spool: Spool): void {
  opened = opened.filter((one) => one !== spool);
  const lock = join(folder, 'lock');
  const holder = readlinkSync(lock).replace(/^\d+/, '4000000');
  rmSync(lock);
  symlinkSync(holder, lock);
}

const reportOf = (number: number, bytes = 100): string =>
  JSON.stringify({ at: number, text: `${number} `.padEnd(bytes, 'x') });

async function fill(spool: Spool, from: number, to: number, bytes?: number): Promise<void> {
  for (let number = from; number <= to; number++) await spool.add(reportOf(number, bytes), Date.now());
}

async function drain(spool: Spool): Promise<number[]> {
  const numbers: number[] = [];
  for (;;) {
    const batch = await spool.readOldest(100, 500_000);
    if (batch.length === 0) return numbers;
    numbers.push(...batch.map(({ json }) => (JSON.parse(json) as { at: number }).at));
    await spool.acknowledge(batch);
  }
}

const count = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
const listSegments = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.segment'));
const sizeOnDisk = (): number =>
  readdirSync(folder)
    .filter((name) => name !== 'lock')
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

describe('Spool', () => {
  it('has every report that was added after a kill, in order, and none that was acknowledged', async () => {
    const spool = await open();
    await fill(spool, 1, 300);
    const first = await spool.readOldest(120, 1_000_000);
    await spool.acknowledge(first);
    forget(spool);

    const again = await open();
    expect(again.size).toBe(180);
    await fill(again, 301, 310);
    expect(await drain(again)).toEqual(count(121, 310));
    forget(again);
    expect((await open()).size).toBe(0);
  });

  it('sends everything again when it forgot what was acknowledged: the hub knows it already', async () => {
    const spool = await open();
    await fill(spool, 1, 20);
    await spool.acknowledge(await spool.readOldest(15, 1_000_000));
    forget(spool);
    writeFileSync(join(folder, 'state'), 'rubbish');
    expect(await drain(await open())).toEqual(count(1, 20));
  });

  it('gives the newest at once, and the rest in order behind them', async () => {
    const spool = await open();
    await fill(spool, 1, 50);
    const newest = spool.readNewest(0, 3);
    expect(newest.map(({ sequence }) => sequence)).toEqual([48, 49, 50]);
    await spool.acknowledge(newest);
    expect(spool.readNewest(50, 3)).toEqual([]);
    forget(spool);
    expect(await drain(await open())).toEqual(count(1, 47));
  });

  it('gives the room back when it is drained', async () => {
    const spool = await open();
    await fill(spool, 1, 3_000, 1_000);
    expect(sizeOnDisk()).toBeGreaterThan(3_000_000);
    expect(await drain(spool)).toEqual(count(1, 3_000));
    expect(sizeOnDisk()).toBeLessThanOrEqual(64 * 1024);
    for (let round = 1; round <= 300; round++) {
      await fill(spool, round, round, 1_000);
      await drain(spool);
    }
    expect(sizeOnDisk()).toBeLessThanOrEqual(64 * 1024);
  });

  it('drops the oldest beyond its size, and counts and tells them', async () => {
    const spool = await open({ maxBytes: 100_000 });
    await fill(spool, 1, 500, 1_000);
    expect(sizeOnDisk()).toBeLessThan(120_000);
    const { dropped } = spool.losses;
    expect(dropped).toBeGreaterThan(350);
    expect(lines.filter((line) => line.includes('given up'))).toHaveLength(1);
    forget(spool);
    const again = await open({ maxBytes: 100_000 });
    expect(again.losses.dropped).toBe(dropped);
    expect(await drain(again)).toEqual(count(dropped + 1, 500));
  });

  it('drops what is too old for the hub', async () => {
    let now = Date.now();
    const spool = await open({ now: () => now, maxBytes: 80_000 });
    for (let number = 1; number <= 30; number++) await spool.add(reportOf(number, 1_000), now);
    now += 8 * DAY_MS;
    for (let number = 31; number <= 60; number++) await spool.add(reportOf(number, 1_000), now);
    const numbers = await drain(spool);
    expect(numbers.slice(-30)).toEqual(count(31, 60));
    expect(numbers.length).toBeLessThan(45);
  });

  it('is read by its owner only', async () => {
    const spool = await open();
    await fill(spool, 1, 3);
    await spool.setAside(await spool.readOldest(1, 1_000), 400, ['malformed_json']);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder).filter((one) => one !== 'lock')) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    }
  });

  it('keeps the newest hundred of what the hub refused', async () => {
    const spool = await open();
    await fill(spool, 1, 130);
    for (let one = 0; one < 130; one++) {
      await spool.setAside(await spool.readOldest(1, 1_000), 422, ['out_of_range']);
    }
    const kept = readFileSync(join(folder, 'set-aside.jsonl'), 'utf8').trim().split('\n');
    expect(kept).toHaveLength(100);
    expect(JSON.parse(kept.at(-1)!)).toMatchObject({ status: 422, codes: ['out_of_range'] });
    expect(spool.losses.setAside).toBe(130);
  });

  it('belongs to one agent at a time', async () => {
    await open();
    await expect(open()).rejects.toThrow(SpoolInUseError);
  });
});

describe('a spool on a disk that fails', () => {
  it('sends every frame before and after damage, wherever it is', async () => {
    const spool = await open();
    await fill(spool, 1, 12, 200);
    forget(spool);
    const [name] = listSegments();
    const source = folder;
    const whole = readFileSync(join(source, name!));
    const frameBytes = whole.length / 12;
    for (let at = 0; at < whole.length; at += 64) {
      for (const kind of ['flipped', 'cut', 'zeroed'] as const) {
        folder = join(root, String(made++));
        mkdirSync(folder);
        copyFileSync(join(source, 'state'), join(folder, 'state'));
        const bytes = Buffer.from(whole.subarray(0, kind === 'cut' ? at : whole.length));
        if (kind === 'flipped') bytes[at]! ^= 1 << ((at / 64) % 8);
        if (kind === 'zeroed') bytes.fill(0, at, Math.min(at + 32, bytes.length));
        writeFileSync(join(folder, name!), bytes);
        const again = await open();
        await fill(again, 13, 13);
        const hit = Math.floor(at / frameBytes) + 1;
        const last =
          kind === 'zeroed' ? Math.floor(Math.min(at + 31, whole.length - 1) / frameBytes) + 1 : hit;
        const isLost = (number: number): boolean =>
          number <= 12 && (kind === 'cut' ? number >= hit : number >= hit && number <= last);
        expect(await drain(again)).toEqual(count(1, 13).filter((number) => !isLost(number)));
        await again.close();
        opened.pop();
        rmSync(folder, { recursive: true });
      }
    }
  }, 60_000);

  it('puts a damaged segment aside, keeps few of them and goes on', async () => {
    for (let round = 0; round < 6; round++) {
      const spool = await open();
      await fill(spool, round * 10, round * 10 + 9);
      forget(spool);
      const path = join(folder, listSegments().at(-1)!);
      const bytes = readFileSync(path);
      bytes[200]! ^= 1;
      writeFileSync(path, bytes);
    }
    const spool = await open();
    expect((await drain(spool)).length).toBe(54);
    expect(lines.join()).toContain('the spool is damaged');
    expect(readdirSync(folder).filter((name) => name.endsWith('.damaged'))).toHaveLength(3);
  });

  it('notices damage that comes while it runs', async () => {
    const spool = await open();
    await fill(spool, 1, 600, 1_000);
    const path = join(folder, listSegments()[0]!);
    const bytes = readFileSync(path);
    bytes[5_000]! ^= 1;
    writeFileSync(path, bytes);
    const numbers = await drain(spool);
    expect(numbers).toHaveLength(599);
    expect(spool.losses.dropped).toBe(1);
    expect(lines.join()).toContain('unreadable');
  });

  it('goes on in memory where the folder cannot be made, says so, and recovers', async () => {
    mkdirSync(root, { recursive: true });
    writeFileSync(folder, 'a file in the way');
    const spool = await open();
    await fill(spool, 1, 5);
    expect(spool.trouble).toBe('EEXIST');
    expect(lines.filter((line) => line.includes('memory only'))).toHaveLength(1);
    rmSync(folder);
    Object.assign(spool, { retryAt: -Infinity });
    await fill(spool, 6, 7);
    expect(spool.trouble).toBeUndefined();
    expect(lines.at(-1)).toContain('can be written again');
    forget(spool);
    expect(await drain(await open())).toEqual(count(1, 7));
  });

  it('keeps a folder that others share as it is', async () => {
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    await open();
    expect(statSync(folder).mode & 0o777).toBe(0o755);
  });
});

describe('PendingRanges', () => {
  it('agrees with a set, whatever is added and removed', () => {
    const ranges = new PendingRanges();
    const set = new Set<number>();
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let next = 1; next < 3_000; next += 1 + (random(9) === 0 ? 2 : 0)) {
      ranges.add(next);
      set.add(next);
      if (random(3) > 0) continue;
      const from = 1 + random(next);
      const to = from + random(5);
      let removed = 0;
      for (let one = from; one <= to; one++) removed += Number(set.delete(one));
      expect(ranges.remove(from, to)).toBe(removed);
    }
    expect(ranges.size).toBe(set.size);
    expect(ranges.first).toBe(Math.min(...set));
    for (let one = 0; one < 3_000; one++) expect(ranges.has(one)).toBe(set.has(one));
    expect(ranges.count(500, 900)).toBe([...set].filter((one) => one >= 500 && one <= 900).length);
    const saved = ranges.list(20);
    expect(saved).toHaveLength(20);
    const restored = new PendingRanges(saved);
    for (const one of set) expect(restored.has(one)).toBe(true);
  });
});
