import { Injectable } from '@nestjs/common';
import { encodeRawBlock } from '../core/blocks/raw-block-encoder.js';
import { openRawBlock, type RawBlock } from '../core/blocks/raw-block.js';
import type { CustomDefinition } from '../core/model/layout.js';
import { Layout } from '../core/model/layout.js';
import type { StoredReport } from '../core/model/stored-report.js';
import { RAW_TIER, type StoredBlock } from './block-table.js';
import { LayoutRegistry } from './layout-registry.js';

/** A layout that is only needed while a block is open. */
const UNWRITTEN = -1;

/** Turns reports into blocks and back, with the layouts that the bytes do not name. */
@Injectable()
export class BlockContent {
  constructor(private readonly layouts: LayoutRegistry) {}

  /** @param reports at least one, in time order, each instant once */
  async encode(
    reports: readonly StoredReport[],
  ): Promise<{ layoutId: number; rowCount: number; bytes: Uint8Array }> {
    const seriesKeys = new Set<string>();
    const definitions: Record<string, CustomDefinition> = Object.create(null) as Record<
      string,
      CustomDefinition
    >;
    for (const layout of new Set(reports.map((report) => report.layout))) {
      for (const key of layout.seriesKeys) seriesKeys.add(key);
      Object.assign(definitions, layout.definitions);
    }
    const hasCustom = Object.keys(definitions).length > 0;
    const shape = await this.layouts.resolve([...seriesKeys].sort(), hasCustom ? definitions : null);
    const { layout } = shape!;
    return {
      layoutId: layout.id,
      rowCount: reports.length,
      bytes: encodeRawBlock(reports, layout.seriesKeys),
    };
  }

  /** Opens blocks of one monitor; columns are decoded when they are read. */
  async open(
    monitorId: string,
    blocks: readonly StoredBlock[],
  ): Promise<{ block: RawBlock; layout: Layout }[]> {
    const layouts = await this.layouts.load(blocks.map((block) => block.layoutId));
    return blocks.map(({ layoutId, start, bytes }) => {
      const layout = layouts.get(layoutId)!;
      const context = { monitorId, tier: RAW_TIER, start };
      return { block: openRawBlock(bytes, context, layout.seriesKeys), layout };
    });
  }

  /** The reports of a block as they were sealed. */
  toReports({ block, layout }: { block: RawBlock; layout: Layout }): StoredReport[] {
    return block.toReports((keys) =>
      keys.length === layout.seriesKeys.length ? layout : new Layout(UNWRITTEN, keys, layout.definitions),
    );
  }
}
