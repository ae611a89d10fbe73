import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { BlockTable } from './block-table.js';

const LOOK_EVERY_MS = 3_600_000;

/** Lets blocks go when their tier's time is over. */
@Injectable()
export class RetentionJob {
  private readonly logger = new Logger(RetentionJob.name);

  constructor(private readonly blocks: BlockTable) {}

  @Interval(LOOK_EVERY_MS)
  async run(): Promise<void> {
    try {
      await this.blocks.dropExpired(Date.now());
    } catch (error) {
      this.logger.error(`old blocks stay for another hour: ${(error as Error).message}`);
    }
  }
}
