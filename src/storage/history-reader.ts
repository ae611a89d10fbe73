import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { type ChartPiece, countPieceBytes } from '../core/blocks/chart-piece.js';
import { openRawBlock, type RawBlock } from '../core/blocks/raw-block.js';
import { openRollupBlock } from '../core/blocks/rollup-block.js';
import { RollupPieceMaker } from '../core/blocks/rollup-piece.js';
import { type PieceSpan, RunPieceMaker } from '../core/blocks/run-piece.js';
import { orderRuns, type SampleRun } from '../core/blocks/sample-run.js';
import { type Tier, TIERS } from '../core/blocks/tiers.js';
import type { Layout } from '../core/model/layout.js';
import type { SeriesFilter } from '../core/model/present-report.js';
import { QUERY_POOL } from '../database/database-pools.js';
import { ByteCache } from './byte-cache.js';
import { type BlockRef, type HistoryRows, readBlockBytes, readHistoryRows } from './history-query.js';
import { HotChunks } from './hot-chunks.js';
import { toHotRuns } from './hot-run.js';
import { LayoutRegistry } from './layout-registry.js';

/** A page of raw reports holds at most this much time: 21,600 reports where one comes each second. */
const PAGE_MS = 6 * 3_600_000;
/**
 * For pieces, and as much each for raw blocks and for hot reports. A monitor's week on 500 points takes about half a
 * MiB, its last hour, at a report each 10 s, half a MiB more.
 */
const CACHE_BYTES = 12 * 2 ** 20;
/** As many reports as may lie within the time that a first rate looks back. */
const LOOK_BACK_REPORTS = 10;
/** Its key and objects. */
const PIECE_OVERHEAD_BYTES = 1_000;

export interface HistoryRequest {
  readonly monitorId: string;
  /** Epoch milliseconds, with the time before the range that its first rate needs. */
  readonly fromAt: number;
  /** Included. */
  readonly toAt: number;
  readonly isWanted: SeriesFilter;
}

export interface PieceRequest extends HistoryRequest {
  readonly tier: Tier;
  /** A multiple of the tier's buckets. */
  readonly stepMs: number;
  /** Whether `min` and `max` are asked for: they cost decoding. */
  readonly hasExtremes: boolean;
}

/** A piece, and which of its series are wanted: it may hold others. */
export interface HistoryPiece {
  readonly piece: ChartPiece;
  readonly seriesKeys: readonly string[];
  readonly layout: Layout;
}

/** Positions of the wanted series in a layout, and their keys. */
interface Wanted {
  readonly indexes: readonly number[];
  readonly keys: readonly string[];
}

type WantedOf = (layout: Layout) => Wanted;

/** A block or a stretch of it, with what is wanted of it. */
interface PieceTask {
  readonly ref: BlockRef;
  readonly span: PieceSpan;
  readonly layout: Layout;
  readonly wanted: Wanted;
}

interface History {
  readonly blocks: readonly BlockRef[];
  readonly hotRuns: readonly SampleRun[];
  readonly layouts: ReadonlyMap<number, Layout>;
}

/**
 * Reads a monitor's history for charts: from the coarsest tier that is fine enough, and what that tier
 * does not hold yet from the finer ones, down to the reports that are in no block.
 *
 * A block seldom changes and is asked for again with each look at the same page, so what charts made of it
 * is remembered by its version; whether it still has that version is asked of the database each time.
 */
@Injectable()
export class HistoryReader {
  private readonly pieces = new ByteCache<ChartPiece>(CACHE_BYTES);
  private readonly rawBlocks = new ByteCache<RawBlock>(CACHE_BYTES);
  private readonly hotChunks = new HotChunks(CACHE_BYTES);

  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly layouts: LayoutRegistry,
  ) {}

  /** Heap bytes of what is remembered of blocks. */
  get cachedBytes(): number {
    return this.pieces.size + this.rawBlocks.size + this.hotChunks.size;
  }

  /**
   * The reports themselves, in time order, none twice; the first and the last run may reach beyond the range.
   * @returns undefined where they are surely more than `maxReports`
   */
  async readRuns(request: HistoryRequest, maxReports: number): Promise<SampleRun[] | undefined> {
    return this.readWantedRuns(request, rememberWanted(request.isWanted), maxReports);
  }

  /**
   * Gives pieces in time order; two share at most the slot at their border, and they may reach beyond the
   * range. However long the range is, it is never held as a whole in raw reports.
   */
  async readPieces(request: PieceRequest, take: (piece: HistoryPiece) => void): Promise<void> {
    const wantedOf = rememberWanted(request.isWanted);
    if (request.tier.tier === 0) return this.readRawPages(request, wantedOf, take);
    const { stepMs, hasExtremes } = request;
    const known = new Map<string, ChartPiece>();
    const history = await this.load(request, request.tier, (loaded) => {
      const missing = new Set<BlockRef>();
      for (const task of listTasks(loaded, stepMs, wantedOf)) {
        const piece = isMixed(task.ref, loaded.hotRuns) ? undefined : this.recall(task, hasExtremes);
        if (piece) known.set(pieceKey(task), piece);
        else missing.add(task.ref);
      }
      return missing;
    });
    if (!history) return;
    const newest: HistoryPiece[] = [];
    const mixed: SampleRun[] = [...history.hotRuns];
    for (const task of listTasks(history, stepMs, wantedOf)) {
      const { ref, layout, wanted } = task;
      // Late reports that wait to be merged belong between the reports of their block.
      if (isMixed(ref, history.hotRuns)) mixed.push(toRun(openRaw(ref, layout), layout));
      else {
        const piece = known.get(pieceKey(task)) ?? this.makePiece(task, hasExtremes);
        const part = { piece, seriesKeys: wanted.keys, layout };
        if (ref.tier > 0) take(part);
        else newest.push(part);
      }
    }
    const span = { stepMs, fromAt: endOfTiersAbove(0, history.blocks), untilAt: Infinity };
    for (const run of orderRuns(mixed))
      newest.push(makeRunPart(run, span, wantedOf(run.layout), hasExtremes));
    takeInOrder(newest, take);
  }

  private async readRawPages(
    { fromAt, toAt, ...request }: PieceRequest,
    wantedOf: WantedOf,
    take: (piece: HistoryPiece) => void,
  ): Promise<void> {
    for (let pageAt = fromAt; pageAt <= toAt; pageAt += PAGE_MS) {
      const untilAt = Math.min(pageAt + PAGE_MS, toAt + 1);
      const page = { ...request, fromAt: pageAt, toAt: untilAt - 1 };
      const span = { stepMs: request.stepMs, fromAt: pageAt, untilAt };
      for (const run of (await this.readWantedRuns(page, wantedOf, Infinity)) ?? []) {
        takeInOrder([makeRunPart(run, span, wantedOf(run.layout), request.hasExtremes)], take);
      }
    }
  }

  private async readWantedRuns(
    request: HistoryRequest,
    wantedOf: WantedOf,
    maxReports: number,
  ): Promise<SampleRun[] | undefined> {
    const known = new Map<string, RawBlock>();
    const history = await this.load(request, TIERS[0], (loaded) => {
      if (countWithin(loaded, request) > maxReports) return undefined;
      const missing = new Set<BlockRef>();
      for (const ref of loaded.blocks) {
        const block = this.rawBlocks.get(keyOf(ref));
        if (block) known.set(keyOf(ref), block);
        else missing.add(ref);
      }
      return missing;
    });
    if (!history) return undefined;
    const { blocks, hotRuns, layouts } = history;
    const sealed = blocks.map((ref) => {
      const layout = layouts.get(ref.layoutId)!;
      const block = known.get(keyOf(ref)) ?? openRaw(ref, layout);
      for (const index of wantedOf(layout).indexes) block.readColumn(index);
      this.rawBlocks.set(keyOf(ref), block, ref.size + block.decodedBytes);
      return toRun(block, layout);
    });
    return orderRuns([...sealed, ...hotRuns]);
  }

  /** @param findMissing which blocks' content is needed; undefined = the answer is not wanted any more */
  private async load(
    { monitorId, fromAt, toAt }: HistoryRequest,
    tier: Tier,
    findMissing: (history: History) => ReadonlySet<BlockRef> | undefined,
  ): Promise<History | undefined> {
    const known = this.hotChunks.list(monitorId);
    const question = { monitorId, fromAt, toAt, tier, known };
    const read = async (hasBytes: boolean): Promise<History> => {
      const rows = await readHistoryRows(this.pool, { ...question, hasBytes });
      this.hotChunks.note(monitorId, known, rows.chunks);
      return this.describe(rows);
    };
    const history = await read(false);
    const missing = findMissing(history);
    if (!missing) return undefined;
    if (missing.size === 0) return history;
    const contents = await readBlockBytes(this.pool, monitorId, [...missing]);
    if ([...missing].every(({ version }) => contents.has(version))) {
      const blocks = history.blocks.map((ref) => ({ ...ref, bytes: contents.get(ref.version) ?? null }));
      return { ...history, blocks };
    }
    // A seal or a merge came between the two statements: one that takes everything along cannot be cut.
    return read(true);
  }

  private async describe({ blocks, chunks, late }: HistoryRows): Promise<History> {
    const groups = [...chunks, ...late];
    const layouts = await this.layouts.load([...blocks, ...groups].map(({ layoutId }) => layoutId));
    return { blocks, hotRuns: toHotRuns(groups, layouts), layouts };
  }

  /** A piece that was made before and holds all that is wanted. */
  private recall(task: PieceTask, hasExtremes: boolean): ChartPiece | undefined {
    const piece = this.pieces.get(pieceKey(task));
    return piece && task.wanted.keys.every((key) => hasSeries(piece, key, hasExtremes)) ? piece : undefined;
  }

  private makePiece(task: PieceTask, hasExtremes: boolean): ChartPiece {
    const { ref, span, layout, wanted } = task;
    const maker =
      ref.tier === 0
        ? new RunPieceMaker(toRun(openRaw(ref, layout), layout), span)
        : new RollupPieceMaker(openRollupBlock(ref.bytes!, ref, layout.seriesKeys), span);
    // What other charts have made of it stays.
    const series = new Map(this.pieces.get(pieceKey(task))?.series);
    const piece = { slots: maker.slots, series };
    wanted.keys.forEach((key, position) => {
      if (!hasSeries(piece, key, hasExtremes))
        series.set(key, maker.make(wanted.indexes[position]!, hasExtremes));
    });
    this.pieces.set(pieceKey(task), piece, PIECE_OVERHEAD_BYTES + countPieceBytes(piece));
    return piece;
  }
}

function hasSeries(piece: ChartPiece, key: string, hasExtremes: boolean): boolean {
  const series = piece.series.get(key);
  return series !== undefined && (!hasExtremes || series.min !== null);
}

/** Each layout is looked through once a request. */
function rememberWanted(isWanted: SeriesFilter): WantedOf {
  const known = new Map<Layout, Wanted>();
  return (layout) => {
    let wanted = known.get(layout);
    if (!wanted) {
      const indexes = [...layout.seriesKeys.keys()].filter((index) => isWanted(layout.seriesKeys[index]!));
      wanted = { indexes, keys: indexes.map((index) => layout.seriesKeys[index]!) };
      known.set(layout, wanted);
    }
    return wanted;
  };
}

/** The blocks in time order, coarser tiers first; where these end, the finer ones are cut. */
function listTasks({ blocks, layouts }: History, stepMs: number, wantedOf: WantedOf): PieceTask[] {
  const tasks: PieceTask[] = [];
  for (const { tier } of TIERS.toReversed()) {
    const fromAt = endOfTiersAbove(tier, blocks);
    for (const ref of blocks) {
      if (ref.tier !== tier || ref.until <= fromAt) continue;
      const layout = layouts.get(ref.layoutId)!;
      const span = { stepMs, fromAt: Math.max(fromAt, ref.start), untilAt: Infinity };
      tasks.push({ ref, span, layout, wanted: wantedOf(layout) });
    }
  }
  return tasks;
}

/** Reports that lie within the range for sure: those of blocks at its ends may lie without. */
function countWithin({ blocks, hotRuns }: History, { fromAt, toAt }: HistoryRequest): number {
  const whole = blocks.filter(({ start, until }) => start >= fromAt && until <= toAt);
  const sealed = whole.reduce((sum, { reportCount }) => sum + reportCount, 0);
  const isWithin = (at: number): boolean => at >= fromAt && at <= toAt;
  // A first rate's report before the range is counted too.
  return hotRuns.reduce((sum, { ats }) => sum + ats.filter(isWithin).length, sealed) - LOOK_BACK_REPORTS;
}

function endOfTiersAbove(tier: number, blocks: readonly BlockRef[]): number {
  return blocks.reduce((end, ref) => (ref.tier > tier ? Math.max(end, ref.until) : end), -Infinity);
}

/** Whether some of the hot reports fall into a raw block's time. */
function isMixed({ tier, start, until }: BlockRef, hotRuns: readonly SampleRun[]): boolean {
  return tier === 0 && hotRuns.some(({ ats }) => ats[0]! < until && ats.at(-1)! >= start);
}

function openRaw(ref: BlockRef, layout: Layout): RawBlock {
  return openRawBlock(ref.bytes!, ref, layout.seriesKeys);
}

function toRun(block: RawBlock, layout: Layout): SampleRun {
  return {
    layout,
    ats: block.ats,
    bootIdAt: (index) => block.bootIdAt(index),
    intervalMsAt: (index) => block.intervalMsAt(index),
    readColumn: (series) => block.readColumn(series),
  };
}

function makeRunPart(run: SampleRun, span: PieceSpan, wanted: Wanted, hasExtremes: boolean): HistoryPiece {
  const maker = new RunPieceMaker(run, span);
  const series = new Map(
    wanted.keys.map((key, position) => [key, maker.make(wanted.indexes[position]!, hasExtremes)]),
  );
  return { piece: { slots: maker.slots, series }, seriesKeys: wanted.keys, layout: run.layout };
}

function takeInOrder(parts: readonly HistoryPiece[], take: (piece: HistoryPiece) => void): void {
  const beginOf = ({ piece }: HistoryPiece): number => piece.slots.firstAt[0]!;
  const filled = parts.filter(({ piece }) => piece.slots.starts.length > 0);
  for (const part of filled.toSorted((a, b) => beginOf(a) - beginOf(b))) take(part);
}

const keyOf = ({ monitorId, tier, start, version }: BlockRef): string =>
  `${monitorId} ${tier} ${start} ${version}`;
const pieceKey = ({ ref, span }: PieceTask): string => `${keyOf(ref)} ${span.stepMs} ${span.fromAt}`;
