import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { retentionMsOf } from '../core/blocks/retention.js';
import { BlockTable } from './block-table.js';
import { LATE_AFTER_MS } from './hot-window.js';
import { MonitorRetention } from './monitor-retention.js';
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
    private readonly monitors: MonitorRetention,
    @Inject(HUB_CONFIG) private readonly config: Pick<HubConfig, 'retention'>,
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

  /** Lets go what is older than its tier's retention. */
  async dropExpired(now: number): Promise<void> {
    const { retention } = this.config;
    await this.partitions.dropExpired(now - retentionMsOf(retention, 0));
    await this.blocks.dropExpired(now, retention);
    await this.monitors.deleteExpired(now, retention);
  }

  private async dropSealed(): Promise<void> {
    const before = Date.now() - LATE_AFTER_MS;
    if (await this.barrier.close(before)) await this.partitions.dropSealed(before);
  }
}
