import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import { QUERY_POOL } from '../database/database-pools.js';
import { EventBus } from '../events/event-bus.js';
import { BlockTable } from './block-table.js';
import { GroupCommit } from './group-commit.js';
import { PARTITION_SPAN_MS } from './hot-window.js';
import { MaintenanceLock } from './maintenance-lock.js';
import { Partitions } from './partitions.js';

/** Deletes a monitor's samples with the monitor. */
@Injectable()
export class SampleEraser {
  private readonly logger = new Logger(SampleEraser.name);

  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly groupCommit: GroupCommit,
    private readonly partitions: Partitions,
    private readonly blocks: BlockTable,
    private readonly lock: MaintenanceLock,
    events: EventBus,
  ) {
    events.on('monitor.deleted', ({ monitorId }) => {
      this.erase(monitorId).catch((error: Error) =>
        this.logger.error(
          `samples of the deleted monitor ${monitorId} stay until retention: ${error.message}`,
        ),
      );
    });
  }

  /** What was on its way when the monitor was deleted is stored or refused first, then all of it goes. */
  async erase(monitorId: string): Promise<void> {
    await this.groupCommit.drain();
    // A partition at a time, so that no statement takes long.
    for (const start of await this.partitions.list()) {
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
}
