import { statfs } from 'node:fs/promises';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Pool } from 'pg';
import { DomainError } from '../core/errors.js';
import { DATABASE_FOLDER, QUERY_POOL } from '../database/database-pools.js';

const MB = 1_000_000;
const LOOK_EVERY_MS = 1_000;

/** Below this much free space no report is taken: what is left keeps Postgres, the page and the settings alive. */
const FLOOR_SHARE = 0.05;
const MIN_FLOOR_BYTES = 100 * MB;
const MAX_FLOOR_BYTES = 1_000 * MB;
/** Reports are taken again only above this much more, so that the verdict does not flutter. */
const RESUME_SHARE = 1.1;
/** Sealing frees far more than it needs, so it goes on for longer; below this part of the floor it waits too. */
const MAINTENANCE_SHARE = 0.5;

/** After Postgres itself said that its disk is full, the next reports ask it again only then. */
const ASK_AGAIN_MS = 5_000;
const RETRY_SECONDS = 10;

/** Free bytes below which a volume of this size counts as full. */
export function floorOf(totalBytes: number): number {
  return Math.min(Math.max(totalBytes * FLOOR_SHARE, MIN_FLOOR_BYTES), MAX_FLOOR_BYTES);
}

/** What is left of the volume that the embedded Postgres writes to, in bytes. */
export interface VolumeSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Reports are taken while at least this much is free; more than before once they are refused. */
  readonly floorBytes: number;
}

/**
 * Knows whether there is room for more reports. A Postgres that cannot write its log (WAL) ends with a panic,
 * so the hub stops taking reports before: senders keep them, and everything else goes on.
 *
 * The volume of an external Postgres cannot be seen from here: there its own refusals count.
 */
@Injectable()
export class StorageSpace implements OnModuleInit {
  private readonly logger = new Logger(StorageSpace.name);
  private known: VolumeSpace | undefined;
  private isBelowFloor = false;
  private isLooking = false;
  private isBlind = false;
  /** On the monotonic clock. */
  private refusedUntil = -Infinity;

  constructor(
    /** Null where Postgres is external. */
    @Inject(DATABASE_FOLDER) private readonly folder: string | null,
    @Inject(QUERY_POOL) private readonly pool: Pool,
  ) {}

  /** Undefined for an external Postgres. */
  get volume(): VolumeSpace | undefined {
    return this.known;
  }

  /** Whether reports are refused now. */
  get isFull(): boolean {
    return this.isBelowFloor || performance.now() < this.refusedUntil;
  }

  /** Whether upkeep that writes (sealing, merging) has the room it needs. */
  get hasRoomForUpkeep(): boolean {
    const { known } = this;
    if (performance.now() < this.refusedUntil) return false;
    return !known || known.freeBytes >= floorOf(known.totalBytes) * MAINTENANCE_SHARE;
  }

  onModuleInit(): Promise<void> {
    return this.look();
  }

  /** The refusal that reports get now, or undefined. */
  refuse(): DomainError | undefined {
    if (!this.isFull) return undefined;
    const message = 'The disk of the database is nearly full. Keep the reports and send them again.';
    return new DomainError('storage_full', message, undefined, RETRY_SECONDS);
  }

  /** Postgres has refused to write for want of space. */
  noteRefusal(): void {
    if (!this.isFull)
      this.logger.error('the disk of the database is full: no reports are taken until it has room');
    this.refusedUntil = performance.now() + ASK_AGAIN_MS;
  }

  /** Looks at the volume; cheap, and never two at once: a network volume may be slow to answer. */
  @Interval(LOOK_EVERY_MS)
  async look(): Promise<void> {
    if (this.folder === null || this.isLooking) return;
    this.isLooking = true;
    try {
      const { bavail, blocks, bsize } = await statfs(this.folder);
      this.judge(bavail * bsize, blocks * bsize);
      this.isBlind = false;
    } catch (error) {
      if (!this.isBlind) this.logger.error(`the free space cannot be seen: ${(error as Error).message}`);
      this.isBlind = true;
    } finally {
      this.isLooking = false;
    }
  }

  private judge(freeBytes: number, totalBytes: number): void {
    const floor = floorOf(totalBytes);
    const wasBelow = this.isBelowFloor;
    this.isBelowFloor = freeBytes < (wasBelow ? floor * RESUME_SHARE : floor);
    const floorBytes = this.isBelowFloor ? floor * RESUME_SHARE : floor;
    this.known = { freeBytes, totalBytes, floorBytes };
    if (this.isBelowFloor === wasBelow) return;
    const left = `${Math.floor(freeBytes / MB)} MB of ${Math.floor(totalBytes / MB)} MB are free`;
    if (this.isBelowFloor) {
      const wanted = Math.ceil(floorBytes / MB);
      this.logger.error(
        `the disk of the database is nearly full, ${left}: no reports are taken until ${wanted} MB are free`,
      );
      this.makeRoom();
    } else this.logger.log(`there is room for reports again: ${left}`);
  }

  /** A checkpoint lets go of log (WAL) that is needed no longer, which may be a lot on a small volume. */
  private makeRoom(): void {
    // It may take longer than the pool waits for it, and goes on all the same.
    this.pool.query('checkpoint').catch(() => undefined);
  }
}
