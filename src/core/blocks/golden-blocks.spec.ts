import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Layout } from '../model/layout.js';
import type { StoredReport } from '../model/stored-report.js';
import { encodeRawBlock } from './raw-block-encoder.js';
import { openRawBlock } from './raw-block.js';
import { describeReports, rollUp } from './roll-up.js';
import { encodeRollupBlock } from './rollup-block-encoder.js';
import { openRollupBlock } from './rollup-block.js';

/**
 * Blocks that a hub once wrote stay readable for ever, and a block is written as docs/block-format.md says.
 * After a deliberate change of how blocks are written: `UPDATE_GOLDEN=1` writes the files of the newest version;
 * those of older versions stay.
 */
const FOLDER = path.join(
  path.dirname(fileURLToPath(import.meta.url)),
  '../../../test/fixtures/blocks/golden',
);
const CONTEXT = { monitorId: '00000000-0000-0000-0000-000000000001', tier: 0, start: 1_795_305_600_000 };

interface GoldenReport {
  at: number;
  bootId: string | null;
  intervalMs: number;
  values: Record<string, number>;
}

const reports: StoredReport[] = (
  JSON.parse(readFileSync(path.join(FOLDER, 'reports.json'), 'utf8')) as GoldenReport[]
).map(({ values, ...rest }) => {
  const seriesKeys = Object.keys(values).sort();
  const layout = new Layout(1, seriesKeys);
  return { ...rest, layout, values: Float64Array.from(seriesKeys, (key) => values[key]!) };
});
const keys = [...new Set(reports.flatMap(({ layout }) => layout.seriesKeys))].sort();
const raw = encodeRawBlock(reports, keys);
const layout = new Layout(1, keys);
const rollup = rollUp(
  [describeReports(openRawBlock(raw, CONTEXT, keys), (key) => layout.kindOf(key))],
  60_000,
);
const rolled = encodeRollupBlock(rollup);

/** Hexadecimal, 32 bytes a line, so that a difference can be read. */
function toLines(bytes: Uint8Array): string {
  return `${Buffer.from(bytes)
    .toString('hex')
    .replace(/.{64}(?=.)/g, '$&\n')}\n`;
}

function readGolden(name: string, bytes: Uint8Array): Uint8Array {
  const file = path.join(FOLDER, name);
  if (process.env['UPDATE_GOLDEN']) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, toLines(bytes));
  }
  return Uint8Array.from(Buffer.from(readFileSync(file, 'utf8').replace(/\n/g, ''), 'hex'));
}

describe('golden blocks, version 1', () => {
  it('writes a raw block as it always did', () => {
    expect(toLines(raw)).toBe(toLines(readGolden('raw-v1.hex', raw)));
  });

  it('reads a raw block of then', () => {
    const again = openRawBlock(readGolden('raw-v1.hex', raw), CONTEXT, keys).toReports(
      (own) => new Layout(1, own),
    );
    expect(again).toEqual(reports);
  });

  it('writes a rollup block as it always did', () => {
    expect(toLines(rolled)).toBe(toLines(readGolden('rollup-v1.hex', rolled)));
  });

  it('reads a rollup block of then', () => {
    expect(openRollupBlock(readGolden('rollup-v1.hex', rolled), CONTEXT, keys).toRollup()).toEqual(rollup);
  });
});
