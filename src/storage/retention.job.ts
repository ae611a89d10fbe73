import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { TIERS } from '../core/blocks/tiers.js';
import { BlockTable } from './block-table.js';
import { LATE_AFTER_MS } from './hot-window.js';
import { Partitions } from './partitions.js';
import { RetentionClock } from './retention-clock.js';
import { WriteBarrier } from './write-barrier.js';

const LOOK_EVERY_MS = 15 * 60_000;

/** Lets samples go: hot partitions when all of them is in blocks, and everything when its time is over. */
@Injectable()
export class RetentionJob {
  private readonly logger = new Logger(RetentionJob.name);
  private isRunning = false;

  constructor(
    private readonly partitions: Partitions,
    private readonly blocks: BlockTable,
    private readonly barrier: WriteBarrier,
    private readonly clock: RetentionClock,
  ) {}

  @Interval(LOOK_EVERY_MS)
  async run(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      await this.dropSealed();
      if (await this.clock.isTrusted()) await this.dropExpired(Date.now());
    } catch (error) {
      this.logger.error(`old samples stay for a while longer: ${(error as Error).message}`);
    } finally {
      this.isRunning = false;
    }
  }

  /** Drops what is older than its tier's retention. */
  async dropExpired(now: number): Promise<void> {
    await this.partitions.dropExpired(now - TIERS[0].retentionMs);
    await this.blocks.dropExpired(now);
  }

  private async dropSealed(): Promise<void> {
    const before = Date.now() - LATE_AFTER_MS;
    if (await this.barrier.close(before)) await this.partitions.dropSealed(before);
  }
}
