import type { ByteReader } from '../codec/byte-reader.js';
import type { ByteWriter } from '../codec/byte-writer.js';

/** Reports in a row of one boot and one interval. */
interface ReportRun {
  readonly end: number;
  readonly bootId: string | null;
  readonly intervalMs: number;
}

/** What rows have in common with their neighbours. */
export interface RowOrigin {
  readonly bootId: string | null;
  readonly intervalMs: number;
}

/** Boot and interval of each row, as runs; each boot's id is written once. */
export function writeRuns(writer: ByteWriter, rows: readonly RowOrigin[]): void {
  const runs = collectRuns(rows);
  const bootIds = [...new Set(runs.map(({ bootId }) => bootId))].filter((bootId) => bootId !== null);
  writer.writeVarint(bootIds.length);
  for (const bootId of bootIds) writer.writeText(bootId);
  writer.writeVarint(runs.length);
  let start = 0;
  for (const { end, bootId, intervalMs } of runs) {
    writer.writeVarint(end - start);
    // −1 + 1: no boot id is 0.
    writer.writeVarint(bootId === null ? 0 : bootIds.indexOf(bootId) + 1);
    writer.writeVarint(intervalMs);
    start = end;
  }
}

function collectRuns(rows: readonly RowOrigin[]): ReportRun[] {
  const runs: ReportRun[] = [];
  rows.forEach(({ bootId, intervalMs }, index) => {
    const last = runs.at(-1);
    if (last && last.bootId === bootId && last.intervalMs === intervalMs) {
      runs[runs.length - 1] = { end: index + 1, bootId, intervalMs };
    } else runs.push({ end: index + 1, bootId, intervalMs });
  });
  return runs;
}

export class ReportRuns {
  private readonly runs: ReportRun[] = [];

  constructor(reader: ByteReader, rows: number) {
    const bootIds = Array.from({ length: reader.readCount(rows, 'boots') }, () => reader.readText());
    const count = reader.readCount(rows, 'runs');
    let end = 0;
    for (let run = 0; run < count; run++) {
      end += reader.readVarint();
      const boot = reader.readCount(bootIds.length, 'as a boot');
      this.runs.push({
        end,
        bootId: boot === 0 ? null : bootIds[boot - 1]!,
        intervalMs: reader.readVarint(),
      });
    }
    if (end !== rows) reader.fail(`runs of ${end} rows, ${rows} are there`);
  }

  of(row: number): RowOrigin {
    const { runs } = this;
    let [low, high] = [0, runs.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (runs[middle]!.end <= row) low = middle + 1;
      else high = middle;
    }
    const { bootId, intervalMs } = runs[low]!;
    return { bootId, intervalMs };
  }
}
