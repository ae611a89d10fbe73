import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DataSource } from 'typeorm';
import { EventBus } from '../events/event-bus.js';

/** Half of the second within which a lost right is felt everywhere. */
const LOOK_EVERY_MS = 500;

/** Sees that rights, sessions or shares were changed, by whichever process, and says so. One row is read for that. */
@Injectable()
export class AccessWatch {
  private readonly logger = new Logger(AccessWatch.name);
  private known: string | undefined;
  private isRunning = false;
  private hasFailed = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly events: EventBus,
  ) {}

  @Interval(LOOK_EVERY_MS)
  async look(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      const [row] = await this.dataSource.query<{ changed_by: string }[]>(
        'select changed_by from access_epoch',
      );
      const isChanged = this.known !== undefined && row?.changed_by !== this.known;
      this.known = row?.changed_by ?? '';
      this.hasFailed = false;
      if (isChanged) this.events.announce('access.changed', {});
    } catch (error) {
      if (!this.hasFailed) this.logger.warn(`changes of rights cannot be seen: ${(error as Error).message}`);
      this.hasFailed = true;
    } finally {
      this.isRunning = false;
    }
  }
}
