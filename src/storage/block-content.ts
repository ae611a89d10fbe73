import { Injectable } from '@nestjs/common';
import { encodeRawBlock } from '../core/blocks/raw-block-encoder.js';
import { openRawBlock, type RawBlock } from '../core/blocks/raw-block.js';
import { encodeRollupBlock } from '../core/blocks/rollup-block-encoder.js';
import { openRollupBlock, type RollupBlock } from '../core/blocks/rollup-block.js';
import type { Rollup } from '../core/blocks/rollup.js';
import type { CustomDefinition } from '../core/model/layout.js';
import { Layout } from '../core/model/layout.js';
import type { StoredReport } from '../core/model/stored-report.js';
import type { BlockBytes, StoredBlock } from './block-table.js';
import { LayoutRegistry } from './layout-registry.js';

/** A layout that is only needed while a block is open. */
const UNWRITTEN = -1;

type Definitions = Record<string, CustomDefinition>;

/** A block that is open, with the layout that its bytes do not name. */
export interface OpenBlock<Content> {
  readonly content: Content;
  readonly layout: Layout;
}

/** Turns reports and rollups into blocks and back. */
@Injectable()
export class BlockContent {
  constructor(private readonly layouts: LayoutRegistry) {}

  /** @param reports at least one, in time order, each instant once */
  async encodeReports(reports: readonly StoredReport[]): Promise<BlockBytes> {
    const layouts = new Set(reports.map((report) => report.layout));
    const seriesKeys = new Set([...layouts].flatMap((layout) => layout.seriesKeys));
    const layout = await this.writeDown([...seriesKeys], layouts);
    return {
      layoutId: layout.id,
      rowCount: reports.length,
      sampleCount: reports.reduce((sum, report) => sum + report.values.length, 0),
      bytes: encodeRawBlock(reports, layout.seriesKeys),
    };
  }

  /** @param layouts those of the blocks that the rollup was made from */
  async encodeRollup(rollup: Rollup, layouts: Iterable<Layout>): Promise<BlockBytes> {
    const layout = await this.writeDown(rollup.seriesKeys, layouts);
    return {
      layoutId: layout.id,
      rowCount: rollup.starts.length,
      sampleCount: rollup.starts.length * rollup.seriesKeys.length,
      bytes: encodeRollupBlock(rollup),
    };
  }

  /** Opens raw blocks of one monitor; columns are decoded when they are read. */
  openRaw(monitorId: string, blocks: readonly StoredBlock[]): Promise<OpenBlock<RawBlock>[]> {
    return this.open(monitorId, blocks, openRawBlock);
  }

  openRollups(monitorId: string, blocks: readonly StoredBlock[]): Promise<OpenBlock<RollupBlock>[]> {
    return this.open(monitorId, blocks, openRollupBlock);
  }

  /** The reports of a block as they were sealed. */
  toReports({ content, layout }: OpenBlock<RawBlock>): StoredReport[] {
    return content.toReports((keys) =>
      keys.length === layout.seriesKeys.length ? layout : new Layout(UNWRITTEN, keys, layout.definitions),
    );
  }

  private async open<Content>(
    monitorId: string,
    blocks: readonly StoredBlock[],
    openBlock: (
      bytes: Uint8Array,
      context: { monitorId: string; tier: number; start: number },
      seriesKeys: readonly string[],
    ) => Content,
  ): Promise<OpenBlock<Content>[]> {
    const layouts = await this.layouts.load(blocks.map((block) => block.layoutId));
    return blocks.map(({ layoutId, tier, start, bytes }) => {
      const layout = layouts.get(layoutId)!;
      return { content: openBlock(bytes, { monitorId, tier, start }, layout.seriesKeys), layout };
    });
  }

  private async writeDown(seriesKeys: readonly string[], layouts: Iterable<Layout>): Promise<Layout> {
    const definitions: Definitions = Object.create(null) as Definitions;
    for (const layout of layouts) Object.assign(definitions, layout.definitions);
    const hasCustom = Object.keys(definitions).length > 0;
    const shape = await this.layouts.resolve(seriesKeys, hasCustom ? definitions : null);
    return shape!.layout;
  }
}
