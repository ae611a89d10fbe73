import { MachineHistory, COMMON_MACHINE } from '../../../test/fixtures/blocks/machine-history.js';
import { makeOddReports, unionOfKeys } from '../../../test/fixtures/blocks/odd-history.js';
import { SeededRandom } from '../../../test/fixtures/blocks/seeded-random.js';
import { CorruptBlockError } from '../errors.js';
import { crc32 } from '../codec/crc32.js';
import { Layout } from '../model/layout.js';
import type { StoredReport } from '../model/stored-report.js';
import { encodeRawBlock } from './raw-block-encoder.js';
import { openRawBlock, type RawBlock } from './raw-block.js';

const CONTEXT = { monitorId: '00000000-0000-0000-0000-000000000001', tier: 0, start: 1_795_305_600_000 };

function makeReport(at: number, layout: Layout, values: readonly number[]): StoredReport {
  return { at, bootId: 'boot', intervalMs: 10_000, layout, values: Float64Array.from(values) };
}

function reopen(reports: readonly StoredReport[], keys = unionOfKeys(reports)): RawBlock {
  return openRawBlock(encodeRawBlock(reports, keys), CONTEXT, keys);
}

/** The reports as text that tells every bit of them, −0 from 0 and one layout's keys from another's. */
function tell(reports: readonly StoredReport[]): string[] {
  return reports.map(({ at, bootId, intervalMs, layout, values }) =>
    JSON.stringify([at, bootId, intervalMs, layout.seriesKeys, new Uint8Array(values.slice().buffer).join()]),
  );
}

function expectRoundTrip(reports: readonly StoredReport[]): void {
  const again = reopen(reports).toReports((keys) => new Layout(0, keys));
  expect(tell(again)).toEqual(tell(reports));
}

describe('raw block', () => {
  it('gives back reports whose series, boots and intervals change', () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new SeededRandom(seed);
      expectRoundTrip(makeOddReports(random, 1 + random.below(200)));
    }
  });

  it('gives back an hour of a machine in less than 0.68 bytes a sample', () => {
    const reports = new MachineHistory(COMMON_MACHINE, 1).reports(1_795_305_600_000, 10_000, 360);
    expectRoundTrip(reports);
    const { seriesKeys } = reports[0]!.layout;
    expect(encodeRawBlock(reports, seriesKeys).length / (360 * seriesKeys.length)).toBeLessThan(0.68);
  });

  it('gives back one report, one series, no series, and two thousand', () => {
    const one = new Layout(1, ['a']);
    expectRoundTrip([makeReport(5, one, [-0])]);
    expectRoundTrip([makeReport(5, new Layout(1, []), [])]);
    expectRoundTrip([makeReport(5, one, [1]), makeReport(6, new Layout(2, []), []), makeReport(7, one, [3])]);
    const many = new Layout(
      3,
      Array.from({ length: 2_000 }, (_, index) => `m${1_000_000 + index}`),
    );
    const random = new SeededRandom(8);
    expectRoundTrip(
      [0, 10_000, 20_001].map((at) =>
        makeReport(
          at,
          many,
          many.seriesKeys.map(() => random.below(1_000) / 8),
        ),
      ),
    );
  });

  it('has a column for a key that none of the reports has', () => {
    const block = reopen([makeReport(5, new Layout(1, ['b']), [7])], ['a', 'b', 'c']);
    expect([0, 1, 2].map((column) => block.readColumn(column)[0])).toEqual([NaN, 7, NaN]);
  });

  it('reads one column with NaN where a report does not have it', () => {
    const [both, only] = [new Layout(1, ['a', 'b']), new Layout(2, ['b'])];
    const block = reopen([
      makeReport(5, both, [1, 2]),
      makeReport(6, only, [3]),
      makeReport(7, both, [4, 5]),
    ]);
    expect([...block.readColumn(0)]).toEqual([1, NaN, 4]);
    expect([...block.readColumn(1)]).toEqual([2, 3, 5]);
    expect([...block.ats]).toEqual([5, 6, 7]);
  });

  it('knows the instants that are sealed in it, and no others', () => {
    const reports = new MachineHistory(COMMON_MACHINE, 2).reports(1_795_305_600_000, 10_000, 50);
    const block = reopen(reports);
    for (const { at } of reports) {
      expect(block.hasReportAt(at)).toBe(true);
      expect(block.hasReportAt(at + 1)).toBe(reports.some((report) => report.at === at + 1));
    }
    expect(block.hasReportAt(0)).toBe(false);
    expect(block.hasReportAt(Infinity)).toBe(false);
  });

  it('keeps derived values although a report tells other ones', () => {
    const reports = new MachineHistory(COMMON_MACHINE, 3).reports(1_795_305_600_000, 10_000, 300);
    const { seriesKeys } = reports[0]!.layout;
    for (const key of [
      'memory.availableBytes',
      'memory.usagePercent',
      'cpu.userPercent',
      'storage.freeBytes{mount="/"}',
    ]) {
      const column = seriesKeys.indexOf(key);
      reports.forEach(({ values }, row) => {
        if (row % 50 === 7) values[column] = values[column]! + 0.37;
      });
    }
    expectRoundTrip(reports);
  });

  it('says the same of the same reports', () => {
    const [a, b] = [0, 1].map(() => makeOddReports(new SeededRandom(4), 100));
    expect(encodeRawBlock(a!, unionOfKeys(a!))).toEqual(encodeRawBlock(b!, unionOfKeys(b!)));
  });

  it('refuses no reports', () => {
    expect(() => encodeRawBlock([], [])).toThrow(RangeError);
  });
});

describe('raw block that was damaged', () => {
  const reports = makeOddReports(new SeededRandom(12), 25);
  const keys = unionOfKeys(reports);
  const bytes = encodeRawBlock(reports, keys);

  function readAll(damaged: Uint8Array, seriesKeys = keys): void {
    const block = openRawBlock(damaged, CONTEXT, seriesKeys);
    block.toReports((present) => new Layout(0, present));
  }

  it('names itself, whichever bit is flipped', () => {
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const damaged = bytes.slice();
        damaged[at]! ^= flip;
        expect(() => readAll(damaged)).toThrow(CorruptBlockError);
      }
    }
  });

  it('names itself, wherever it is cut', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readAll(bytes.subarray(0, length))).toThrow(CorruptBlockError);
    }
  });

  it('names monitor, tier, start and offset', () => {
    expect(() => readAll(bytes.subarray(0, 9))).toThrow(
      expect.objectContaining({ ...CONTEXT, offset: expect.any(Number) as number }),
    );
  });

  it('is not read with the keys of another', () => {
    expect(() => readAll(bytes, [...keys, 'z'])).toThrow(CorruptBlockError);
  });

  it('ends in an error of ours even if someone made the checksum fit', () => {
    const random = new SeededRandom(77);
    for (let round = 0; round < 1_500; round++) {
      const damaged = bytes.slice();
      for (let change = random.below(3); change >= 0; change--) {
        damaged[2 + random.below(bytes.length - 6)] = random.below(256);
      }
      new DataView(damaged.buffer).setUint32(damaged.length - 4, crc32(damaged, damaged.length - 4), true);
      try {
        readAll(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptBlockError);
      }
    }
  });
});
