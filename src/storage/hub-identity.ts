import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Pool } from 'pg';
import { QUERY_POOL } from '../database/database-pools.js';

/** The name of this installation among hubs: made with its database, the same for whichever hub is active on it. */
@Injectable()
export class HubIdentity implements OnModuleInit {
  private known = '';

  constructor(@Inject(QUERY_POOL) private readonly pool: Pool) {}

  /** A uuid. */
  get id(): string {
    return this.known;
  }

  async onModuleInit(): Promise<void> {
    const { rows } = await this.pool.query<{ id: string }>('select id from hub_identity');
    this.known = rows[0]!.id;
  }
}
