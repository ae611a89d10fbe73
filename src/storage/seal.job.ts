import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { LATE_AFTER_MS } from './hot-window.js';
import { Sealer } from './sealer.js';
import { StorageSpace } from './storage-space.js';
import { WriteBarrier } from './write-barrier.js';

const SEAL_EVERY_MS = 60_000;
/** A fresh report that is on its way when its window could be sealed has this long to arrive. */
const SETTLE_MS = 2 * 60_000;
const MERGE_EVERY_MS = 10_000;
/** Late reports are merged when no more come for this long. */
const MERGE_QUIET_MS = 60_000;

/** Has the sealer seal and merge, from time to time and while there is room for it. */
@Injectable()
export class SealJob {
  private readonly logger = new Logger(SealJob.name);
  private isSealing = false;
  private isMerging = false;

  constructor(
    private readonly sealer: Sealer,
    private readonly barrier: WriteBarrier,
    private readonly space: StorageSpace,
  ) {}

  @Interval(SEAL_EVERY_MS)
  async seal(): Promise<void> {
    if (this.isSealing || !this.space.hasRoomForUpkeep) return;
    this.isSealing = true;
    try {
      const limitAt = Date.now() - LATE_AFTER_MS - SETTLE_MS;
      if (await this.barrier.close(limitAt)) await this.sealer.sealUntil(limitAt);
    } catch (error) {
      this.logger.error(`sealing stopped, and goes on in a minute: ${(error as Error).message}`);
    } finally {
      this.isSealing = false;
    }
  }

  @Interval(MERGE_EVERY_MS)
  async merge(): Promise<void> {
    if (this.isMerging || !this.space.hasRoomForUpkeep) return;
    this.isMerging = true;
    try {
      await this.sealer.mergeLate(Date.now() - MERGE_QUIET_MS);
    } catch (error) {
      this.logger.error(`merging late reports stopped, and goes on soon: ${(error as Error).message}`);
    } finally {
      this.isMerging = false;
    }
  }
}
