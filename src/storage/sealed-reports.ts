import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { TIERS } from '../core/blocks/tiers.js';
import { QUERY_POOL } from '../database/database-pools.js';
import { BlockContent } from './block-content.js';
import { BlockTable } from './block-table.js';
import { LATE_AFTER_MS } from './hot-window.js';
import type { PendingReport } from './pending-report.js';

/** Knows what is sealed: where the late way begins, and which late reports are in a block already. */
@Injectable()
export class SealedReports implements OnModuleInit {
  private lateFrom = 0;

  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly blocks: BlockTable,
    private readonly content: BlockContent,
  ) {}

  async onModuleInit(): Promise<void> {
    // A clock that was set back must not let a report into a hot partition that is sealed.
    const { rows } = await this.pool.query<{ until: string | null }>(
      'select max(raw_until) as until from seal_mark',
    );
    this.lateFrom = Number(rows[0]?.until ?? 0);
  }

  /** Reports from before this instant take the late way in from now on, also when the clock is set back. */
  takeAsLate(before: number): void {
    this.lateFrom = Math.max(this.lateFrom, before);
  }

  /** Reports older than this take the late way in. Never moves backwards. */
  lateBefore(now: number): number {
    this.lateFrom = Math.max(this.lateFrom, now - LATE_AFTER_MS);
    return this.lateFrom;
  }

  /** Those of these reports that a block holds, told by monitor and instant alone. */
  async find(rows: readonly PendingReport[]): Promise<ReadonlySet<PendingReport>> {
    const byMonitor = Map.groupBy(rows, (row) => row.monitorId);
    const sealed = new Set<PendingReport>();
    for (const [monitorId, late] of byMonitor) {
      const instants = late.map((row) => row.report.at);
      const covering = await this.blocks.readCovering(
        monitorId,
        TIERS[0],
        Math.min(...instants),
        Math.max(...instants),
      );
      if (covering.length === 0) continue;
      const opened = await this.content.openRaw(monitorId, covering);
      for (const row of late) {
        if (opened.some(({ content }) => content.hasReportAt(row.report.at))) sealed.add(row);
      }
    }
    return sealed;
  }
}
