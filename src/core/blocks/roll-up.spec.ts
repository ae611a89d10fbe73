import { MachineHistory, SMALL_MACHINE } from '../../../test/fixtures/blocks/machine-history.js';
import { makeOddReports, unionOfKeys } from '../../../test/fixtures/blocks/odd-history.js';
import { SeededRandom } from '../../../test/fixtures/blocks/seeded-random.js';
import { CorruptBlockError } from '../errors.js';
import { Layout } from '../model/layout.js';
import type { StoredReport } from '../model/stored-report.js';
import { encodeRawBlock } from './raw-block-encoder.js';
import { openRawBlock } from './raw-block.js';
import { describeReports, rollUp } from './roll-up.js';
import { encodeRollupBlock } from './rollup-block-encoder.js';
import { openRollupBlock } from './rollup-block.js';
import { sliceRollup, statsOf, type CounterStats, type GaugeStats, type Rollup } from './rollup.js';

const CONTEXT = { monitorId: '00000000-0000-0000-0000-000000000001', tier: 1, start: 0 };
const MINUTE_MS = 60_000;

function describeAll(reports: readonly StoredReport[]): Rollup {
  const keys = unionOfKeys(reports);
  const block = openRawBlock(encodeRawBlock(reports, keys), CONTEXT, keys);
  const layout = new Layout(0, keys);
  return describeReports(block, (key) => layout.kindOf(key));
}

/** Cuts a history into runs of any length, as seals of different times would. */
function cut(reports: readonly StoredReport[], random: SeededRandom): StoredReport[][] {
  const parts: StoredReport[][] = [];
  for (let start = 0; start < reports.length;) {
    const end = start + 1 + random.below(40);
    parts.push(reports.slice(start, end));
    start = end;
  }
  return parts;
}

function gauge(rollup: Rollup, key: string): GaugeStats {
  return rollup.series[rollup.seriesKeys.indexOf(key)]!.stats as GaugeStats;
}

function counter(rollup: Rollup, key: string): CounterStats {
  return rollup.series[rollup.seriesKeys.indexOf(key)]!.stats as CounterStats;
}

/** Reports of one gauge and one counter. */
function makeReports(
  rows: readonly [at: number, load: number, sent: number, bootId?: string][],
): StoredReport[] {
  const layout = new Layout(1, ['cpu.load1', 'network.bytesSent{interface="eth0"}']);
  return rows.map(([at, load, sent, bootId = 'a']) => ({
    at,
    bootId,
    intervalMs: 10_000,
    layout,
    values: Float64Array.of(load, sent),
  }));
}

describe('roll up', () => {
  it('keeps min, max, sum, count and last of a gauge', () => {
    const rollup = rollUp(
      [describeAll(makeReports([[0, 0.1, 0], [10_000, 0.2, 0], [20_000, 0.05, 0], [60_000, 9, 0]]))],
      MINUTE_MS,
    ); // prettier-ignore
    expect([...rollup.starts]).toEqual([0, 60_000]);
    const stats = gauge(rollup, 'cpu.load1');
    expect([...stats.sum]).toEqual([0.35, 9]);
    expect([...stats.count]).toEqual([3, 1]);
    expect([...stats.min]).toEqual([0.05, 9]);
    expect([...stats.max]).toEqual([0.2, 9]);
    expect([...stats.last]).toEqual([0.05, 9]);
    expect([...stats.lastAt]).toEqual([20_000, 60_000]);
  });

  it('keeps what a counter grew within a bucket, and its extreme rates', () => {
    const rollup = rollUp(
      [describeAll(makeReports([[0, 1, 100], [10_000, 1, 300], [20_000, 1, 350], [30_000, 1, 10, 'b'], [40_000, 1, 20, 'b']]))],
      MINUTE_MS,
    ); // prettier-ignore
    const stats = counter(rollup, 'network.bytesSent{interface="eth0"}');
    // 200 and 50 before the reboot, 10 after it; what lies across it is not known.
    expect(stats.increase[0]).toBe(260);
    expect(stats.coveredMs[0]).toBe(30_000);
    expect([stats.first[0], stats.last[0], stats.firstAt[0], stats.lastAt[0]]).toEqual([100, 20, 0, 40_000]);
    expect([stats.minIncrease[0], stats.minElapsedMs[0]]).toEqual([10, 10_000]);
    expect([stats.maxIncrease[0], stats.maxElapsedMs[0]]).toEqual([200, 10_000]);
    expect(rollup.origins.map(({ bootId }) => bootId)).toEqual(['a', 'b']);
  });

  it('is the same from rollups as from the samples, however they were cut', () => {
    for (let seed = 0; seed < 25; seed++) {
      const random = new SeededRandom(seed);
      const reports = makeOddReports(random, 50 + random.below(500));
      const whole = describeAll(reports);
      const parts = cut(reports, random).map(describeAll);
      const minutes = rollUp(parts, MINUTE_MS);
      expect(rollUp([whole], MINUTE_MS)).toEqual(minutes);
      const quarters = rollUp([minutes], 15 * MINUTE_MS);
      expect(rollUp([whole], 15 * MINUTE_MS)).toEqual(quarters);
      const minutesOfParts = parts.map((part) => rollUp([part], MINUTE_MS));
      expect(rollUp(minutesOfParts, 240 * MINUTE_MS)).toEqual(rollUp([quarters], 240 * MINUTE_MS));
    }
  });

  it('is the same when late reports came and only their window was made anew', () => {
    for (let seed = 0; seed < 12; seed++) {
      const random = new SeededRandom(seed);
      const all = makeOddReports(random, 400);
      const windowMs = 10 * MINUTE_MS;
      const late = new Set(all.filter(() => random.next() < 0.05).concat(all[0]!));
      const keys = unionOfKeys(all);
      const sealed = rollUp([describeAll(all.filter((report) => !late.has(report)))], MINUTE_MS);
      let repaired = sealed;
      for (const start of new Set([...late].map(({ at }) => at - (at % windowMs)))) {
        const within = all.filter(({ at }) => at >= start && at < start + windowMs);
        const parts = [
          sliceRollup(repaired, 0, start),
          rollUp([describeAll(within)], MINUTE_MS),
          sliceRollup(repaired, start + windowMs, Infinity),
        ];
        repaired = rollUp(parts, MINUTE_MS);
      }
      expect(repaired.seriesKeys).toEqual(keys);
      expect(repaired).toEqual(rollUp([describeAll(all)], MINUTE_MS));
    }
  });
});

describe('rollup block', () => {
  it('gives back every statistic', () => {
    for (let seed = 0; seed < 25; seed++) {
      const random = new SeededRandom(seed);
      const rollup = rollUp([describeAll(makeOddReports(random, 1 + random.below(400)))], MINUTE_MS);
      const block = openRollupBlock(encodeRollupBlock(rollup), CONTEXT, rollup.seriesKeys);
      expect(block.toRollup()).toEqual(rollup);
    }
  });

  it('spends nothing on what the reports say already', () => {
    const reports = new MachineHistory(SMALL_MACHINE, 1).reports(1_795_305_600_000, 10_000, 2_160);
    const rollup = rollUp([describeAll(reports)], MINUTE_MS);
    const bytes = encodeRollupBlock(rollup);
    expect(bytes.length / (rollup.starts.length * rollup.seriesKeys.length)).toBeLessThan(5);
    const silent = rollup.seriesKeys.filter((key) => key.startsWith('network.errors')).length;
    expect(silent).toBeGreaterThan(0);
    expect(openRollupBlock(bytes, CONTEXT, rollup.seriesKeys).toRollup()).toEqual(rollup);
  });

  it('is never read wrongly when damaged or cut', () => {
    const rollup = rollUp([describeAll(makeOddReports(new SeededRandom(6), 30))], MINUTE_MS);
    const bytes = encodeRollupBlock(rollup);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1 << (at % 8);
      expect(() => openRollupBlock(damaged, CONTEXT, rollup.seriesKeys)).toThrow(CorruptBlockError);
      expect(() => openRollupBlock(bytes.subarray(0, at), CONTEXT, rollup.seriesKeys)).toThrow(
        CorruptBlockError,
      );
    }
  });

  it('is not taken for a raw block', () => {
    const reports = makeOddReports(new SeededRandom(6), 30);
    const keys = unionOfKeys(reports);
    expect(() => openRollupBlock(encodeRawBlock(reports, keys), CONTEXT, keys)).toThrow(CorruptBlockError);
  });

  it('has no statistic of the other kind', () => {
    const rollup = rollUp([describeAll(makeReports([[0, 1, 5]]))], MINUTE_MS);
    const block = openRollupBlock(encodeRollupBlock(rollup), CONTEXT, rollup.seriesKeys);
    expect(statsOf(block.kindOf(0))).not.toContain('increase');
    expect(() => block.readStat(0, 'increase')).toThrow(RangeError);
  });
});
