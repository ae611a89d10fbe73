import { makeOddReports } from '../../test/fixtures/blocks/odd-history.js';
import { SeededRandom } from '../../test/fixtures/blocks/seeded-random.js';
import { describeReports, rollUp } from '../core/blocks/roll-up.js';
import type { Rollup } from '../core/blocks/rollup.js';
import { runsOfReports } from '../core/blocks/sample-run.js';
import type { StoredReport } from '../core/model/stored-report.js';
import { chartColumns } from './chart-columns.js';
import type { Column } from './column.js';
import { SeriesBuilder } from './series-builder.js';
import { bucketGrid } from './time-grid.js';

const MINUTE = 60_000;
const STEP = 5 * MINUTE;

const describeAll = (reports: readonly StoredReport[]): Rollup[] =>
  runsOfReports(reports).map((run) =>
    describeReports({ ...run, seriesKeys: run.layout.seriesKeys }, (key) => run.layout.kindOf(key)),
  );

/** The numbers of a column, without the noise of the order in which they were added. */
const numbersOf = (column: Column): (number | null)[][] =>
  [column.mean(), column.min, column.max, column.coverage(STEP)].map((values) =>
    Array.from(values, (value) => (Number.isNaN(value) ? null : Number(value.toPrecision(12)))),
  );

describe('the columns of a chart', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'are those of the samples, whatever tiers they come from (%d)',
    (seed) => {
      const random = new SeededRandom(seed);
      const reports = makeOddReports(random, 400);
      // A metric's samples count for the interval at which they came; a bucket knows only the last one's.
      const steady = reports.map((report) => ({ ...report, intervalMs: 10_000 }));
      const [from, to] = [steady[0]!.at, steady.at(-1)!.at];
      const grid = bucketGrid(from, to, STEP);
      const builder = new SeriesBuilder(
        'a',
        () => true,
        grid,
        () => undefined,
      );
      for (const report of steady) builder.add(report);

      // The older part in minutes, cut where a seal would; the newer part as samples.
      const seam = Math.floor((from + (to - from) * random.next()) / STEP) * STEP;
      const sealed = steady.filter(({ at }) => at < seam);
      const parts = [
        ...(sealed.length > 0 ? [rollUp(describeAll(sealed), MINUTE)] : []),
        ...describeAll(steady.filter(({ at }) => at >= seam)),
      ];
      const { seriesKeys, columns } = chartColumns(parts, STEP, grid.timestamps[0]!, grid.timestamps.length);

      const expected = new Map(
        builder.finish().map(({ seriesKey, column }) => [seriesKey, numbersOf(column)]),
      );
      const found = new Map(seriesKeys.map((key, index) => [key, columns[index]!]));
      for (const [key, numbers] of expected)
        expect([key, numbersOf(found.get(key)!)]).toEqual([key, numbers]);
      for (const [key, column] of found) expect(column.isEmpty).toBe(!expected.has(key));
    },
  );
});
