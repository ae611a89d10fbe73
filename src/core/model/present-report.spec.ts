import { Layout } from './layout.js';
import { makeSeriesFilter, presentReport } from './present-report.js';
import type { StoredReport } from './stored-report.js';

const EVERYTHING = makeSeriesFilter(undefined);
const wide = new Layout(
  1,
  ['cpu.usagePercent', 'jobs.done', 'jobs.waiting', 'network.bytesSent{interface="eth0"}'],
  {
    'jobs.done': { kind: 'counter', unit: 'jobs' },
    'jobs.waiting': { kind: 'gauge', unit: null },
  },
);
const narrow = new Layout(2, ['network.bytesSent{interface="eth0"}']);

const report = (
  at: number,
  layout: Layout,
  values: number[],
  changes: Partial<StoredReport> = {},
): StoredReport => ({
  ...{ at, bootId: 'a', intervalMs: 1_000, layout, values: Float64Array.from(values) },
  ...changes,
});

describe('a layout', () => {
  it('knows kind and unit of built-in and custom series', () => {
    expect([...wide.isCounter]).toEqual([0, 1, 0, 1]);
    expect(wide.seriesKeys.map((key) => wide.unitOf(key))).toEqual(['percent', 'jobs', null, 'bytes']);
    expect(wide.kindOf('never.heard{of="it"}')).toBe('gauge');
    expect(wide.indexOf('jobs.waiting')).toBe(2);
    expect(wide.indexOf('jobs')).toBe(-1);
  });
});

describe('presentReport', () => {
  it('shows gauges as they are and counters as rates', () => {
    const { metrics, values } = presentReport(
      report(2_000, wide, [12.5, 30, 7, 5_000]),
      report(0, wide, [1, 10, 1, 1_000]),
      EVERYTHING,
    );
    expect(metrics).toEqual(wide.seriesKeys);
    expect([...values]).toEqual([12.5, 10, 7, 2_000]);
  });

  it('finds a counter again where the report before had another shape', () => {
    const before = report(1_000, narrow, [1_000]);
    expect([...presentReport(report(2_000, wide, [1, 2, 3, 1_500]), before, EVERYTHING).values]).toEqual([
      1,
      NaN,
      3,
      500,
    ]);
  });

  it('knows no rate without a report before, after a reboot or over a gap', () => {
    const now = report(10_000, narrow, [1_500]);
    for (const before of [
      null,
      report(9_000, narrow, [1_000], { bootId: 'b' }),
      report(7_499, narrow, [1_000]),
    ]) {
      expect([...presentReport(now, before, EVERYTHING).values]).toEqual([NaN]);
    }
    // An interval that was just made shorter leaves no gap behind.
    expect([
      ...presentReport(now, report(5_000, narrow, [1_000], { intervalMs: 5_000 }), EVERYTHING).values,
    ]).toEqual([100]);
  });

  it('gives what is asked for: exact keys in any spelling, and names for all their series', () => {
    const keys = ['a{x="1",y="é"}', 'a{x="2"}', 'b'];
    const layout = new Layout(3, keys);
    const ask = (...metrics: string[]) =>
      presentReport(report(0, layout, [1, 2, 3]), null, makeSeriesFilter(metrics)).metrics;
    expect(ask('a')).toEqual(keys.slice(0, 2));
    expect(ask('a{x="2"}', 'b')).toEqual(keys.slice(1));
    expect(ask('a{y="e\u0301",x="1"}')).toEqual([keys[0]]);
    expect(ask('a{', 'a{x="3"}', 'c')).toEqual([]);
    expect(ask()).toEqual([]);
  });
});
