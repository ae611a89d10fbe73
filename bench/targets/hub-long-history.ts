import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Client } from 'pg';
import type * as RollUp from '../../src/core/blocks/roll-up.js';
import type { Rollup } from '../../src/core/blocks/rollup.js';
import type * as RollupBlockEncoder from '../../src/core/blocks/rollup-block-encoder.js';
import type * as Tiers from '../../src/core/blocks/tiers.js';
import { SimulatedMachine } from '../data/simulated-machine.js';
import { SERIES } from '../data/series.js';
import { HUB_DIST } from './hub-dist.js';

/** Three reports make a bucket of the finest tier that is written: so many buckets as ever, of fewer reports. */
const INTERVAL_MS = 300_000;

interface Encoder {
  readonly describeReports: typeof RollUp.describeReports;
  readonly rollUp: typeof RollUp.rollUp;
  readonly encodeRollupBlock: typeof RollupBlockEncoder.encodeRollupBlock;
  readonly TIERS: typeof Tiers.TIERS;
}

interface Sealed {
  readonly layout_id: number;
  readonly series_keys: readonly string[];
  /** When the first block of tier 2 that the hub has made itself begins. */
  readonly first_start: string;
}

/**
 * A past that no door would take any more: blocks of the 15-minute and the 4-hour tier, by the built hub's own
 * encoder, written beside those that it has sealed itself. Months take seconds so.
 */
export async function writeLongHistory(
  client: Client,
  monitorId: string,
  machine: number,
  days: number,
): Promise<void> {
  const encoder = await loadEncoder();
  const [, , middle, coarse] = encoder.TIERS;
  const { rows } = await client.query<Sealed>(
    `select layout_id, series_keys, start as first_start from block join layout on layout.id = layout_id
     where monitor_id = $1 and tier = 2 order by start limit 1`,
    [monitorId],
  );
  const sealed = rows[0];
  if (!sealed) throw new Error('the hub has not sealed the 15-minute tier yet: load more days');
  const until = Math.floor(Number(sealed.first_start) / middle.blockMs) * middle.blockMs;
  const first = Math.floor((until - days * 86_400_000) / coarse.blockMs) * coarse.blockMs;
  const source = new SimulatedMachine(machine);
  let waiting: Rollup[] = [];
  for (let start = first; start < until; start += middle.blockMs) {
    const rollup = makeBlock(encoder, source, sealed.series_keys, start);
    await writeBlock(client, monitorId, sealed.layout_id, middle, start, rollup, encoder);
    waiting.push(rollup);
    const next = start + middle.blockMs;
    if (next % coarse.blockMs !== 0) continue;
    const wide = encoder.rollUp(waiting, coarse.bucketMs);
    await writeBlock(client, monitorId, sealed.layout_id, coarse, next - coarse.blockMs, wide, encoder);
    waiting = [];
    await client.query('update seal_mark set tier3_until = $2 where monitor_id = $1', [monitorId, next]);
  }
}

function makeBlock(
  { describeReports, rollUp, TIERS }: Encoder,
  source: SimulatedMachine,
  seriesKeys: readonly string[],
  start: number,
): Rollup {
  const ats = Float64Array.from(
    { length: TIERS[2].blockMs / INTERVAL_MS },
    (_, index) => start + index * INTERVAL_MS,
  );
  const rows = Array.from(ats, () => source.next());
  const position = new Map(SERIES.map(({ hubKey }, index) => [hubKey, index]));
  const columns = {
    ats,
    seriesKeys,
    readColumn: (column: number) =>
      Float64Array.from(rows, (row) => row[position.get(seriesKeys[column]!)!]!),
    bootIdAt: () => null,
    intervalMsAt: () => INTERVAL_MS,
  };
  const isCounter = (key: string): boolean => key.startsWith('network.');
  const described = describeReports(columns, (key) => (isCounter(key) ? 'counter' : 'gauge'));
  return rollUp([described], TIERS[2].bucketMs);
}

async function writeBlock(
  client: Client,
  monitorId: string,
  layoutId: number,
  tier: Tiers.Tier,
  start: number,
  rollup: Rollup,
  { encodeRollupBlock }: Encoder,
): Promise<void> {
  const partition = Math.floor(start / tier.partitionMs) * tier.partitionMs;
  await client.query(
    `create table if not exists block_${tier.tier}_${partition} partition of block
     for values from (${tier.tier}, ${partition}) to (${tier.tier}, ${partition + tier.partitionMs})`,
  );
  await client.query(
    `insert into block (monitor_id, tier, start, until, layout_id, row_count, bytes) values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      ...[monitorId, tier.tier, start, start + tier.blockMs, layoutId, rollup.starts.length],
      Buffer.from(encodeRollupBlock(rollup)),
    ],
  );
}

async function loadEncoder(): Promise<Encoder> {
  const load = (file: string): Promise<object> =>
    import(pathToFileURL(path.join(HUB_DIST, 'src', 'core', 'blocks', file)).href) as Promise<object>;
  const modules = await Promise.all(['roll-up.js', 'rollup-block-encoder.js', 'tiers.js'].map(load));
  return Object.assign({}, ...modules) as Encoder;
}
