import type { BeforeApplicationShutdown } from '@nestjs/common';
import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { EventBus } from '../events/event-bus.js';

const WRITE_EVERY_MS = 2_000;

interface Losses {
  droppedValues: number;
  conflicts: number;
}

/**
 * Counts what a monitor sent and the hub did not keep, for its page to say so: values of series beyond the
 * limit, and reports for instants that another report has. Counted in memory, written behind the report path.
 */
@Injectable()
export class MonitorLosses implements BeforeApplicationShutdown {
  private readonly logger = new Logger(MonitorLosses.name);
  private counted = new Map<string, Losses>();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly events: EventBus,
  ) {
    events.on('report.conflicted', ({ monitorId, count }) => this.add(monitorId, 0, count));
    events.on('monitor.deleted', ({ monitorId }) => this.counted.delete(monitorId));
  }

  /** Notes values that were left out because their series were new and too many. */
  noteDropped(monitorId: string, values: number): void {
    this.add(monitorId, values, 0);
  }

  @Interval(WRITE_EVERY_MS)
  async write(): Promise<void> {
    if (this.counted.size === 0) return;
    const counted = this.counted;
    this.counted = new Map();
    const losses = [...counted.values()];
    try {
      await this.dataSource.query(
        `update monitor set
           dropped_value_count = dropped_value_count + dropped,
           dropped_value_at = case when dropped > 0 then now() else dropped_value_at end,
           conflict_count = conflict_count + conflicts,
           conflict_at = case when conflicts > 0 then now() else conflict_at end
         from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as lost (monitor_id, dropped, conflicts)
         where monitor.id = monitor_id`,
        [
          [...counted.keys()],
          losses.map(({ droppedValues }) => droppedValues),
          losses.map(({ conflicts }) => conflicts),
        ],
      );
    } catch (error) {
      for (const [monitorId, { droppedValues, conflicts }] of counted)
        this.add(monitorId, droppedValues, conflicts);
      this.logger.warn(
        `losses of monitors were not written, and are in a moment: ${(error as Error).message}`,
      );
      return;
    }
    for (const monitorId of counted.keys()) this.events.announce('monitor.statusChanged', { monitorId });
  }

  // Before the database is closed, which is done in the last step.
  beforeApplicationShutdown(): Promise<void> {
    return this.write();
  }

  private add(monitorId: string, droppedValues: number, conflicts: number): void {
    const known = this.counted.get(monitorId) ?? { droppedValues: 0, conflicts: 0 };
    known.droppedValues += droppedValues;
    known.conflicts += conflicts;
    this.counted.set(monitorId, known);
  }
}
