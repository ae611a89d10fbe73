import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Pool } from 'pg';
import { QUERY_POOL } from '../database/database-pools.js';
import type { HubAbsence } from './monitor-health.js';

const TICK_MS = 1_000;
/** Written this often; what a kill leaves unwritten is a shorter absence than the real one by at most this. */
const HEARTBEAT_EVERY_MS = 10_000;
/** A tick that comes this late means that the process itself was not there: suspended, starved, clock set. */
const STALL_MS = 5_000;

/** Knows when the hub was last away, over restarts and stalls. */
@Injectable()
export class HubPresence implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(HubPresence.name);
  private absence: HubAbsence | null = null;
  private lastTickAt = Date.now();
  private lastHeartbeatAt = 0;

  constructor(@Inject(QUERY_POOL) private readonly pool: Pool) {}

  /** The last absence, or null when there was none that is known. */
  get lastAbsence(): HubAbsence | null {
    return this.absence;
  }

  async onModuleInit(): Promise<void> {
    const { rows } = await this.pool.query<{ at: string }>('select at from hub_heartbeat');
    this.lastTickAt = Date.now();
    if (rows[0]) this.absence = { fromAt: Number(rows[0].at), toAt: this.lastTickAt };
    await this.writeHeartbeat(this.lastTickAt);
  }

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    const now = Date.now();
    if (now - this.lastTickAt > STALL_MS) {
      this.logger.warn(`the hub stood still for ${Math.round((now - this.lastTickAt) / 1000)} s`);
      this.absence = { fromAt: this.lastTickAt, toAt: now };
    }
    this.lastTickAt = now;
    if (now - this.lastHeartbeatAt < HEARTBEAT_EVERY_MS) return;
    try {
      await this.writeHeartbeat(now);
    } catch {
      // A database that is away refuses reports too: for the watched machines the hub is not there.
      this.absence = { fromAt: this.lastHeartbeatAt, toAt: Date.now() };
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.writeHeartbeat(Date.now()).catch(() => undefined);
  }

  private async writeHeartbeat(at: number): Promise<void> {
    this.lastHeartbeatAt = at;
    await this.pool.query(
      'insert into hub_heartbeat (at) values ($1) on conflict (singleton) do update set at = excluded.at',
      [at],
    );
  }
}
