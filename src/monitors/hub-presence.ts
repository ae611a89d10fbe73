import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Pool, QueryConfig } from 'pg';
import { QUERY_POOL } from '../database/database-pools.js';
import { StorageSpace } from '../storage/storage-space.js';
import type { HubAbsence } from './monitor-health.js';

const TICK_MS = 1_000;
/** Written this often; what a kill leaves unwritten is a shorter absence than the real one by at most this. */
const HEARTBEAT_EVERY_MS = 10_000;
const HEARTBEAT_WITHIN_MS = 5_000;
/** A tick that comes this late means that the process itself was not there: suspended, starved, clock set. */
const STALL_MS = 5_000;
/** Older ones no longer matter: whoever has been silent over so many is down. */
const MAX_ABSENCES = 50;

/** Knows when the hub was away, over restarts, stalls and a database that did not answer. */
@Injectable()
export class HubPresence implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(HubPresence.name);
  private known: HubAbsence[] = [];
  private lastTickAt = Date.now();
  private lastAttemptAt = 0;
  /** Since when reports are refused for want of room. */
  private refusingSince: number | undefined;
  /** When the database last took a heartbeat. */
  private lastWrittenAt = Date.now();

  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly space: StorageSpace,
  ) {}

  /** The absences that are known, in time order. Whoever asks after a stall learns of it, whichever timer came first. */
  get absences(): readonly HubAbsence[] {
    this.noteTime(Date.now());
    return this.known;
  }

  async onModuleInit(): Promise<void> {
    const { rows } = await this.pool.query<{ at: string }>('select at from hub_heartbeat');
    this.lastTickAt = Date.now();
    if (rows[0]) this.noteAbsence(Number(rows[0].at), this.lastTickAt);
    await this.writeHeartbeat(this.lastTickAt);
  }

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    const now = Date.now();
    this.noteTime(now);
    if (Math.abs(now - this.lastAttemptAt) < HEARTBEAT_EVERY_MS) return;
    try {
      await this.writeHeartbeat(now);
    } catch {
      // A database that is away refuses reports too: for the watched machines the hub is not there.
      this.noteAbsence(this.lastWrittenAt, Date.now());
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.writeHeartbeat(Date.now()).catch(() => undefined);
  }

  private noteTime(now: number): void {
    if (now - this.lastTickAt > STALL_MS) {
      this.logger.warn(`the hub stood still for ${Math.round((now - this.lastTickAt) / 1000)} s`);
      this.noteAbsence(this.lastTickAt, now);
    }
    // A hub that refuses every report for want of room is not there for those who send them.
    if (!this.space.isFull) this.refusingSince = undefined;
    else this.noteAbsence((this.refusingSince ??= this.lastTickAt), now);
    this.lastTickAt = now;
  }

  /** What touches the absence before it is the same one, going on. */
  private noteAbsence(fromAt: number, toAt: number): void {
    const last = this.known.at(-1);
    if (last && fromAt <= last.toAt) {
      const merged = { fromAt: Math.min(fromAt, last.fromAt), toAt: Math.max(toAt, last.toAt) };
      this.known = [...this.known.slice(0, -1), merged];
    } else if (fromAt < toAt) {
      this.known = [...this.known.slice(1 - MAX_ABSENCES), { fromAt, toAt }];
    }
  }

  private async writeHeartbeat(at: number): Promise<void> {
    this.lastAttemptAt = at;
    const heartbeat: QueryConfig & { query_timeout: number } = {
      text: 'insert into hub_heartbeat (at) values ($1) on conflict (singleton) do update set at = excluded.at',
      values: [at],
      query_timeout: HEARTBEAT_WITHIN_MS,
    };
    await this.pool.query(heartbeat);
    this.lastWrittenAt = at;
  }
}
