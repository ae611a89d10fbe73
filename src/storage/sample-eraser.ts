import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Pool } from 'pg';
import { QUERY_POOL } from '../database/database-pools.js';
import { EventBus } from '../events/event-bus.js';
import { BlockTable } from './block-table.js';
import { GroupCommit } from './group-commit.js';
import { PARTITION_SPAN_MS } from './hot-window.js';
import { MaintenanceLock } from './maintenance-lock.js';
import { Partitions } from './partitions.js';

/** Walks from one monitor of a table's key to the next: a step each, however many samples they have. */
const findOrphansIn = (table: 'report' | 'late_report'): string => `
  with recursive sampled as (
    (select monitor_id from ${table} order by monitor_id limit 1)
    union all
    select (select monitor_id from ${table} where monitor_id > sampled.monitor_id order by monitor_id limit 1)
    from sampled where sampled.monitor_id is not null
  )
  select monitor_id from sampled
  where monitor_id is not null and not exists (select from monitor where id = monitor_id)`;

/** Deletes a monitor's samples with the monitor. */
@Injectable()
export class SampleEraser implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(SampleEraser.name);
  private readonly running = new Set<Promise<void>>();
  private isClosing = false;

  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly groupCommit: GroupCommit,
    private readonly partitions: Partitions,
    private readonly blocks: BlockTable,
    private readonly lock: MaintenanceLock,
    events: EventBus,
  ) {
    events.on('monitor.deleted', ({ monitorId }) => this.run(() => this.erase(monitorId)));
  }

  /** What a stop or a kill cut short is finished at the next start, beside everything else. */
  onApplicationBootstrap(): void {
    this.run(() => this.eraseOrphans());
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosing = true;
    await Promise.all(this.running);
  }

  /** What was on its way when the monitor was deleted is stored or refused first, then all of it goes. */
  async erase(monitorId: string): Promise<void> {
    await this.groupCommit.drain();
    // A partition at a time, so that no statement takes long.
    for (const start of await this.partitions.list()) {
      if (this.isClosing) return;
      await this.pool.query('delete from report where monitor_id = $1 and at >= $2 and at < $3', [
        monitorId,
        start,
        start + PARTITION_SPAN_MS,
      ]);
    }
    await this.lock.run(async () => {
      await this.pool.query('delete from late_report where monitor_id = $1', [monitorId]);
      await this.blocks.erase(monitorId);
    });
  }

  private async eraseOrphans(): Promise<void> {
    const orphans = new Set<string>();
    for (const table of ['report', 'late_report'] as const) {
      const { rows } = await this.pool.query<{ monitor_id: string }>(findOrphansIn(table));
      for (const row of rows) orphans.add(row.monitor_id);
    }
    for (const monitorId of orphans) if (!this.isClosing) await this.erase(monitorId);
  }

  private run(work: () => Promise<void>): void {
    const running = work()
      .catch((error: Error) =>
        this.logger.error(`samples of a deleted monitor stay until the next start: ${error.message}`),
      )
      .finally(() => this.running.delete(running));
    this.running.add(running);
  }
}
