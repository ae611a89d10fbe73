import type { SampleRun } from '../core/blocks/sample-run.js';
import type { Layout } from '../core/model/layout.js';
import type { HotGroup } from './history-query.js';

/** Hot reports as columns; an instant that stood there twice (a clock was set back while it was resent) counts once. */
export function toHotRun({ ats, values, bootId, intervalMs }: HotGroup, layout: Layout): SampleRun {
  const width = layout.seriesKeys.length;
  const rows = listDistinct(ats);
  return {
    layout,
    ats: rows ? Float64Array.from(rows, (row) => ats[row]!) : ats,
    bootIdAt: () => bootId,
    intervalMsAt: () => intervalMs,
    readColumn: (series) => {
      const column = new Float64Array(rows?.length ?? ats.length);
      for (let index = 0; index < column.length; index++) {
        column[index] = values[(rows ? rows[index]! : index) * width + series]!;
      }
      return column;
    },
  };
}

/** The rows whose instant is not that of the row before; undefined where that is each. */
function listDistinct(ats: Float64Array): Uint32Array | undefined {
  const rows: number[] = [];
  for (let row = 0; row < ats.length; row++) if (row === 0 || ats[row] !== ats[row - 1]) rows.push(row);
  return rows.length === ats.length ? undefined : Uint32Array.from(rows);
}
