import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSeriesKey } from '../series/series-key.ts';
import { SeriesWindow } from '../series/series-window.ts';
import {
  buildCustomChart,
  groupSeries,
  searchSeries,
  toChartUnit,
  type CustomSeries,
} from './custom-charts.ts';

const seriesOf = (
  name: string,
  labels: Record<string, string> = {},
  more: Partial<CustomSeries> = {},
): CustomSeries => ({ key: formatSeriesKey(name, labels), name, labels, kind: 'GAUGE', unit: null, ...more });

const MAIL = seriesOf('queue.depth', { queue: 'mail', shard: '1' });
const PRINT = seriesOf('queue.depth', { queue: 'print', shard: '1' });

function windowOf(values: Record<string, number>): SeriesWindow {
  const window = new SeriesWindow(1000);
  window.addReport(1000, Object.keys(values), Object.values(values));
  return window;
}

test('a metric is a chart, its labels are lines named by what differs', () => {
  const groups = groupSeries([PRINT, MAIL, seriesOf('app.users')], new Map());
  assert.deepEqual(
    groups.map(({ title, count }) => [title, count]),
    [
      ['app.users', 1],
      ['queue.depth', 2],
    ],
  );
  const chart = buildCustomChart(groups[1]!, windowOf({ [MAIL.key]: 1, [PRINT.key]: 2 }));
  assert.deepEqual(
    chart.lines.map(({ label }) => label),
    ['queue=mail', 'queue=print'],
  );
});

test('series that share a value under different labels have lines of their own', () => {
  const all = [seriesOf('a', { x: 'one' }), seriesOf('a', { y: 'one' }), seriesOf('a')];
  const chart = buildCustomChart(
    groupSeries(all, new Map())[0]!,
    windowOf(Object.fromEntries(all.map(({ key }) => [key, 1]))),
  );
  assert.equal(new Set(chart.lines.map(({ label }) => label)).size, 3);
});

test('of many labels the highest are drawn, and how many there are is known', () => {
  const all = Array.from({ length: 800 }, (_, id) => seriesOf('job.seconds', { id: `j${id}` }));
  const latest = new Map(all.map(({ key }, rank) => [key, rank]));
  const [group] = groupSeries(all, latest);
  assert.equal(group!.count, 800);
  assert.deepEqual(
    group!.series.map(({ labels }) => labels['id']),
    ['j795', 'j796', 'j797', 'j798', 'j799'],
  );
});

test('statistics of one thing are one chart; those with labels are not', () => {
  const timer = ['count', 'max', 'mean', 'p50', 'p90', 'p99'].map((name) =>
    seriesOf(`api.latency.${name}`, {}, { unit: name === 'count' ? null : 'ms' }),
  );
  const titles = (all: CustomSeries[]) => groupSeries(all, new Map()).map(({ title }) => title);
  assert.deepEqual(titles(timer), ['api.latency', 'api.latency.count']);
  const byRoute = ['/a', '/b'].flatMap((route) =>
    ['p50', 'p99'].map((name) => seriesOf(`web.${name}`, { route })),
  );
  assert.deepEqual(titles(byRoute), ['web.p50', 'web.p99']);
});

test('the search looks for every word in names and labels', () => {
  const all = [MAIL, PRINT, seriesOf('app.users')];
  assert.deepEqual(searchSeries(all, ' MAIL depth '), [MAIL]);
  assert.deepEqual(searchSeries(all, 'depth users'), []);
  assert.deepEqual(searchSeries(all, ''), all);
});

test('units that the page knows have their axis, others are spelled as they came', () => {
  assert.equal(toChartUnit('Bytes', false), 'bytes');
  assert.equal(toChartUnit('bytes', true), 'bytesPerSecond');
  assert.equal(toChartUnit('%', false), 'percent');
  assert.equal(toChartUnit('jobs', false), 'number:jobs');
  assert.equal(toChartUnit('jobs', true), 'number:jobs/s');
  assert.equal(toChartUnit(null, true), 'number:/s');
  assert.equal(toChartUnit('constructor', false), 'number:constructor');
  // Bits are no bytes.
  assert.equal(toChartUnit('b', false), 'number:b');
});

test('a label may be called as what every object has', () => {
  const all = [seriesOf('a.b', { constructor: 'x' }), seriesOf('a.b', { toString: 'y' })];
  const [group] = groupSeries(all, new Map());
  const window = windowOf(Object.fromEntries(all.map(({ key }) => [key, 1])));
  assert.deepEqual(
    buildCustomChart(group!, window).lines.map(({ label }) => label),
    ['constructor=x', 'toString=y'],
  );
});
